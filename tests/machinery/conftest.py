"""A service without rooms: the machinery alone, and doors that fail in every way."""

from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from app import probes, problems
from app.cache import Cache
from app.database import Database
from app.edge import Service
from app.problems import DomainError

BODY_BYTES = 5_000


class ShelfEmpty(DomainError):
    """The shelf holds less than was asked for."""

    title = "Shelf empty"
    title_zh = "货架已空"


class Order(BaseModel):
    """What a caller may ask the shelf for."""

    model_config = ConfigDict(extra="forbid")

    telephone: str = Field(max_length=11)
    units: int = Field(ge=1)


def shelf() -> FastAPI:
    """The application without rooms."""
    app = Service(max_body_size=BODY_BYTES, docs_url=None, redoc_url=None)
    problems.install(app)

    @app.post("/orders/{order_id}")
    async def order(order_id: int, order: Order) -> dict[str, int]:
        return {"order": order_id, "units": order.units}

    @app.get("/empty")
    async def refuse() -> None:
        raise ShelfEmpty("3 are needed, 1 is left.", "需要 3 件,仅剩 1 件。", needed=3, status=200)

    @app.get("/broken")
    async def fail() -> None:
        secret = "13800000000"
        raise RuntimeError(f"a bug that knows {secret}")

    @app.get("/away")
    async def lose_database() -> None:
        raise psycopg.OperationalError("connection to 10.0.0.7 failed")

    @app.get("/teapot")
    async def brew() -> None:
        raise HTTPException(418, "short and stout")

    probes.install(app)
    app.add_middleware(probes.Metrics)
    return app


@pytest.fixture
def machinery(database: Database, cache: Cache) -> FastAPI:
    """The application without rooms, on real servers."""
    app = shelf()
    app.state.database = database
    app.state.cache = cache
    return app


@pytest.fixture
async def caller(machinery: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who calls it."""
    transport = httpx.ASGITransport(machinery, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
