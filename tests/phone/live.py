"""Listeners for the tests: real servers on real ports, and what they sent."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import uvicorn
from fastapi import FastAPI

from app.cache import Cache
from app.clock import current_time
from app.database import Database
from app.keys import Keys
from app.main import create_app
from app.settings import LimitSettings, Settings
from tests.make import NOON


def service(database: Database, cache: Cache, keys: Keys, **limits: int) -> FastAPI:
    """The whole service on real commits, at noon."""
    settings = Settings(environment="test", limits=LimitSettings(**limits))
    app = create_app(settings, database=database, cache=cache, keys=keys, opens=False)
    app.dependency_overrides[current_time] = lambda: NOON
    return app


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """The application on a port of its own, and somebody who calls it."""
    config = uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        limits = httpx.Limits(max_connections=None)
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, timeout=30, limits=limits) as client:
            yield client
    finally:
        app.state.hub.close()
        server.should_exit = True
        await running


class Listener:
    """Reads a stream in the background; `events` are its events with data, in their order."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, dict(headers)
        self.events: list[dict] = []
        self.last_id = ""
        self.comments = 0
        self._came = asyncio.Condition()
        self._task: asyncio.Task | None = None

    async def open(self) -> "Listener":
        """Connect, from the last id on if there is one; returns when the first id has come."""
        started = asyncio.Event()
        self._task = asyncio.create_task(self._read(started))
        await asyncio.wait_for(started.wait(), 60)
        return self

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def until(self, count: int, *, within_s: float = 60) -> list[dict]:
        """The events, as soon as there are so many."""
        async with asyncio.timeout(within_s), self._came:
            await self._came.wait_for(lambda: len(self.events) >= count)
        return self.events

    async def _read(self, started: asyncio.Event) -> None:
        headers = self._headers | ({"Last-Event-ID": self.last_id} if self.last_id else {})
        async with self._client.stream("GET", "/v1/me/events", headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            event = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    event[name] = value
                elif event:
                    await self._take(event)
                    event = {}
                    started.set()

    async def _take(self, event: dict[str, str]) -> None:
        self.last_id = event.get("id", self.last_id)
        if "data" in event:
            async with self._came:
                told = json.loads(event["data"])
                assert told.get("kind", "resync") == event["event"]
                assert told.get("id", event.get("id")) == event.get("id")
                self.events.append(told | {"kind": event["event"]})
                self._came.notify_all()
