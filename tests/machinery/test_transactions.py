"""One request is one transaction: all of it happens before the answer, or none of it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app import problems
from app.database import APP_ROLE, Database, ReadTx, WriteTx, database_for, savepoint
from app.edge import Service
from app.problems import TryAgain
from app.settings import DatabaseSettings

NOTE = "INSERT INTO outbox VALUES (1, gen_random_uuid(), 1025, %s, '{}', now())"
COUNT = "SELECT count(*) FROM outbox WHERE template = %s"


async def notes(database: Database, template: str) -> int:
    """How many notes of a kind are committed."""
    async with database.reading() as tx:
        return (await (await tx.execute(COUNT, (template,))).fetchone())[0]


@pytest.fixture
async def writer(committing: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A service that writes notes and fails at different moments."""
    app = Service()
    app.state.database = committing
    problems.install(app)
    build(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def build(app: FastAPI) -> None:
    """Doors that write, refuse after writing, break after writing, and fail at the commit."""

    @app.post("/fine")
    async def fine(tx: WriteTx) -> None:
        await tx.execute(NOTE, ("fine",))

    @app.post("/refused")
    async def refused(tx: WriteTx) -> None:
        await tx.execute(NOTE, ("refused",))
        raise TryAgain("Later.", "稍后。")

    @app.post("/broken")
    async def broken(tx: WriteTx) -> None:
        await tx.execute(NOTE, ("broken",))
        raise RuntimeError

    @app.post("/late")
    async def late(tx: WriteTx) -> None:
        await tx.execute(NOTE, ("late",))
        await tx.execute(
            "CREATE TEMPORARY TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
            " ON COMMIT DROP"
        )
        await tx.execute("INSERT INTO late VALUES (1), (1)")

    @app.post("/reader-writes")
    async def reader(tx: ReadTx) -> None:
        await tx.execute(NOTE, ("reader",))


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [("fine", 200, 1), ("refused", 503, 0), ("broken", 500, 0), ("late", 500, 0)],
)
async def test_the_answer_tells_what_was_committed(writer, committing, path, status, kept):
    """A 2xx means durable; a refusal, a bug and a commit that fails leave nothing behind."""
    assert (await writer.post(f"/{path}")).status_code == status
    assert await notes(committing, path) == kept


async def test_a_reading_route_cannot_write(writer, committing):
    """PostgreSQL itself refuses, so a mistake in a GET cannot change anything."""
    assert (await writer.post("/reader-writes")).status_code == 500
    assert await notes(committing, "reader") == 0


async def test_a_reading_test_connection_cannot_write_either(database):
    """Tests on one connection see the same refusal as production."""
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with database.reading() as tx:
            await tx.execute(NOTE, ("reader",))


async def test_a_savepoint_undoes_its_part_only(database):
    """A record that fails inside a batch does not take the batch with it."""
    async with database.writing() as tx:
        await tx.execute(NOTE, ("whole",))
        with pytest.raises(ZeroDivisionError):
            async with savepoint(tx):
                await tx.execute(NOTE, ("part",))
                raise ZeroDivisionError
    assert await notes(database, "whole") == 1
    assert await notes(database, "part") == 0


async def test_a_snapshot_is_one_moment(committing):
    """Every statement of a report sees the same rows, whatever is committed meanwhile."""
    async with committing.snapshot() as report:
        first = (await (await report.execute(COUNT, ("moment",))).fetchone())[0]
        async with committing.writing() as tx:
            await tx.execute(NOTE, ("moment",))
        second = (await (await report.execute(COUNT, ("moment",))).fetchone())[0]
    assert (first, second) == (0, 0)
    assert await notes(committing, "moment") == 1


async def test_sessions_are_bounded_and_humble(committing):
    """Every connection serves as the role that owns nothing, in UTC, and never waits for ever."""
    for door in (committing.writing, committing.reading):
        async with door() as tx:
            row = await (
                await tx.execute(
                    "SELECT current_user, current_setting('TimeZone'),"
                    " current_setting('statement_timeout'), current_setting('lock_timeout'),"
                    " current_setting('idle_in_transaction_session_timeout')"
                )
            ).fetchone()
        assert row == (APP_ROLE, "UTC", "15s", "10s", "1min")


async def test_a_full_pool_refuses_in_time(fresh_urls):
    """The caller who finds no connection is told to try again, and is not kept waiting."""
    database = database_for(DatabaseSettings(pool_size=1, pool_wait_s=1), fresh_urls.app)
    await database.open()
    app = Service()
    app.state.database = database
    problems.install(app)
    build(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        async with database.writing(), asyncio.timeout(8):
            response = await client.post("/fine")
        assert response.status_code == 503
        assert response.json()["code"] == "try-again"
        assert (await client.post("/fine")).status_code == 200
    await database.close()


async def test_a_cut_connection_is_try_again_then_fine(writer, committing, servers):
    """After PostgreSQL restarts, the pool heals: no process has to be restarted."""
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        async with committing.reading() as tx:
            name = (await (await tx.execute("SELECT current_database()")).fetchone())[0]
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
    seen = [(await writer.post("/fine")).status_code for _ in range(40)]
    assert set(seen) <= {200, 503}
    assert seen[-1] == 200
