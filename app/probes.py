"""What an operator's machines ask: are you alive, are you ready, how are you doing.

Alive needs nothing but the process. Ready needs PostgreSQL at this code's schema; a lost Redis
or Valkey only degrades. Numbers carry no id of anybody. The pages for people
(``/docs``, ``/problems``) are in `app.documentation`.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import psycopg
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import documentation, migrations
from app.cache import Cache
from app.database import Database
from app.problems import DomainError, document

log = structlog.get_logger()

READY_WITHIN_S = 2
"""How long PostgreSQL may take to answer a probe."""

UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# Made once per process, with the module: a second application in it counts into the same ones.
_REQUESTS = Counter("puhui_requests", "Requests answered.", ["route", "method", "status"])
_SECONDS = Histogram("puhui_request_seconds", "From request to last byte.", ["route", "method"])
_RECORDS = Counter("puhui_records", "Providers' records, by what became of them.", ["outcome"])

router = APIRouter(tags=["operations"])


class NotReady(DomainError):
    """This process cannot serve: PostgreSQL does not answer, or its schema is too old."""

    status = 503
    title = "Not ready"
    title_zh = "服务尚未就绪"


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = Field(examples=["alive"])


class Ready(BaseModel):
    """The process can serve."""

    status: Literal["ready"] = Field(examples=["ready"])
    degraded: list[Literal["cache"]] = Field(
        description="What is missing without harm: slower, never wrong.", examples=[["cache"]]
    )


def count_records(outcomes: Mapping[str, int]) -> None:
    """Add one batch to the counters.

    Args:
        outcomes: how many records were ``credited``, ``duplicate``, ``held``, ``rejected``.

    """
    for outcome, count in outcomes.items():
        _RECORDS.labels(outcome).inc(count)


@router.get("/livez")
async def answer_alive() -> Alive:
    """Whether the process answers; asks nobody else."""
    return Alive(status="alive")


@router.get("/readyz", responses=document(NotReady))
async def answer_ready(request: Request) -> Ready:
    """Whether requests can be served: PostgreSQL answers, and has this code's schema.

    A schema that was found good is not looked at again: a newer release migrates in steps that
    this code survives.
    """
    state = request.app.state
    at = await _schema(state.database)
    if not getattr(state, "schema_seen", False):
        needed = await asyncio.to_thread(migrations.newest)
        if at is None or at < needed:
            raise NotReady(
                "The database's schema is older than this code: run `puhui migrate`.",
                "数据库结构版本落后于程序,请运行 puhui migrate。",
                part="schema",
            )
        state.schema_seen = True
    cache: Cache = state.cache
    return Ready(status="ready", degraded=[] if await cache.healthy() else ["cache"])


class _Together(MultiProcessCollector):
    """The sums over all processes; one that starts, or was killed then, has an empty file."""

    def collect(self) -> Any:
        """Add up what has been written."""
        files = [str(each) for each in Path(self._path).glob("*.db") if each.stat().st_size]
        return self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]


@router.get("/metrics", include_in_schema=False)
async def show_metrics() -> Response:
    """This service's numbers, in the text format of Prometheus.

    Of several processes behind one port these are the sums, of those that died too; what the
    client library tells of a single process (memory, garbage) is then left out.
    """
    numbers = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        numbers = CollectorRegistry()
        _Together(numbers)  # type: ignore[no-untyped-call]
    return Response(generate_latest(numbers), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _schema(database: Database) -> str | None:
    """The revision at which PostgreSQL stands, or None; waits `READY_WITHIN_S`, not longer."""
    asked = asyncio.create_task(_revision(database))
    asked.add_done_callback(lambda task: task.cancelled() or task.exception())
    done, _ = await asyncio.wait({asked}, timeout=READY_WITHIN_S)
    if done:
        try:
            return asked.result()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            return None
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning("not_ready", kind=type(error).__name__)
    else:
        asked.cancel()
        log.warning("not_ready", kind="timeout")
    raise NotReady(
        "PostgreSQL does not answer; try again soon.",
        "数据库无应答,请稍后再试。",
        part="postgresql",
    )


async def _revision(database: Database) -> str | None:
    async with database.reading() as tx:
        row = await (await tx.execute(_REVISION)).fetchone()
    return None if row is None else str(row[0])


_REVISION = "SELECT version_num FROM public.alembic_version"


@cache
def _meters(route: str, method: str, hundreds: int) -> tuple[Counter, Histogram]:
    """Both meters of a kind of request, looked up once: there are few kinds, and many requests."""
    return _REQUESTS.labels(route, method, f"{hundreds}xx"), _SECONDS.labels(route, method)


class Metrics:
    """Counts requests by route template, method and class of status; plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._templates: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer; an exception on its way up is a 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter_ns()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            route = self._template(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            count, seconds = _meters(route, method, status // 100)
            count.inc()
            seconds.observe((time.perf_counter_ns() - started) / 1_000_000_000)

    def _template(self, scope: Scope) -> str:
        """``/v1/offers/{offer_id}``, never the path itself: paths hold ids, without end."""
        route: Any = scope.get("route")
        if route is None:
            return UNMATCHED
        if not self._templates:
            # A route of an included router does not know the prefix it was included with.
            for each in iter_route_contexts(scope["app"].routes):
                self._templates[id(each.original_route)] = str(each.path)
        return self._templates.get(id(route), UNMATCHED)


def install(app: FastAPI) -> None:
    """Give the application its probes, its numbers and its documentation."""
    app.include_router(router)
    documentation.install(app)
