"""Which way of speaking to PostgreSQL should a room use?

One process serves the same two jobs in four ways, and another asks: a read of one row by key
(the wallet), and a transaction of two statements (a batch of one). Sides are interleaved, so
that a noisy minute hits all of them; the median round of each is printed, and its ratio to the
plain pool.
"""

import asyncio
import multiprocessing
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import column, select, table, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.embedded import discard, engines
from loadtests import figures

PORT = 8_777
READS, WRITES = 2_000, 800
READ = "SELECT earned, consumed, held FROM bal WHERE bucket = %s AND account_id = %s AND unit = 1"
INSERT = "INSERT INTO ev SELECT * FROM unnest(%(a)b::bigint[])"
UPDATE = "UPDATE bal SET earned = earned + 1 WHERE bucket = 7 AND account_id = 1031 AND unit = 1"
COLUMNS = ("bucket", "account_id", "unit", "earned", "consumed", "held")
BAL = table("bal", *(column(name) for name in COLUMNS))
CORE = select(BAL.c.earned, BAL.c.consumed, BAL.c.held).where(
    BAL.c.bucket == 7, BAL.c.account_id == 1031, BAL.c.unit == 1
)


PARTS: dict[str, Any] = {}
"""The served process's pools, made when it starts."""


def told(row: Any) -> dict[str, int]:
    """The same answer from every side."""
    return {"earned": row[0], "consumed": row[1], "held": row[2]}


async def read_bare() -> dict[str, int]:
    """No database: what the framework costs."""
    return told((1, 2, 3))


async def read_pool() -> dict[str, int]:
    """A plain psycopg pool."""
    async with PARTS["pool"].connection() as connection:
        return told(await (await connection.execute(READ, (7, 1031))).fetchone())


async def read_driver() -> dict[str, int]:
    """The driver's connection, taken out of SQLAlchemy."""
    async with PARTS["auto"].connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        return told(await (await raw.execute(READ, (7, 1031))).fetchone())


async def read_core() -> dict[str, int]:
    """SQLAlchemy Core."""
    async with PARTS["auto"].connect() as connection:
        return told((await connection.execute(CORE)).one())


async def read_session() -> dict[str, int]:
    """An ORM session in a read-only transaction."""
    async with AsyncSession(PARTS["engine"]) as session, session.begin():
        connection = await session.connection()
        await connection.execute(text("SET TRANSACTION READ ONLY"))
        return told((await connection.execute(CORE)).one())


async def write_pool() -> dict[str, int]:
    """Two statements on a plain psycopg pool."""
    async with PARTS["pool"].connection() as connection, connection.transaction():
        await connection.execute(INSERT, {"a": [1]})
        await connection.execute(UPDATE)
    return {}


async def write_driver() -> dict[str, int]:
    """The same on the driver's connection of a session."""
    async with AsyncSession(PARTS["engine"]) as session, session.begin():
        raw = (await (await session.connection()).get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute(INSERT, {"a": [1]})
        await raw.execute(UPDATE)
    return {}


async def write_session() -> dict[str, int]:
    """The same through the session."""
    async with AsyncSession(PARTS["engine"]) as session, session.begin():
        connection = await session.connection()
        await connection.execute(
            text("INSERT INTO ev SELECT * FROM unnest(CAST(:a AS bigint[]))"), {"a": [1]}
        )
        await connection.execute(text(UPDATE))
    return {}


def service(url: str) -> FastAPI:
    """The same jobs in four ways."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sqlalchemy_url = url.replace("postgresql://", "postgresql+psycopg://")
        PARTS["engine"] = create_async_engine(sqlalchemy_url, pool_size=10, max_overflow=0)
        PARTS["auto"] = create_async_engine(
            sqlalchemy_url, pool_size=10, max_overflow=0, isolation_level="AUTOCOMMIT"
        )
        async with AsyncConnectionPool(
            url, min_size=10, max_size=10, kwargs={"autocommit": True}
        ) as PARTS["pool"]:
            yield

    app = FastAPI(lifespan=lifespan)
    for side in (read_bare, read_pool, read_driver, read_core, read_session):
        app.get(f"/read/{side.__name__.removeprefix('read_')}")(side)
    for side in (write_pool, write_driver, write_session):
        app.post(f"/write/{side.__name__.removeprefix('write_')}")(side)
    return app


def serve(url: str) -> None:
    """Serve until killed."""
    uvicorn.run(service(url), port=PORT, log_level="warning")


async def rate(method: str, path: str, *, requests: int, callers: int) -> float:
    """Requests a second over keep-alive connections."""

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        for _ in range(requests // callers):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head.split(b"\r\n")[0], head
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return requests / (time.perf_counter() - began)


async def measure(rounds_wanted: int, part: int) -> dict[str, list[float]]:
    """Each side's rounds; a `part`-th of the requests where it only has to run."""
    sides = [("GET", f"/read/{way}") for way in ("bare", "pool", "driver", "core", "session")]
    sides += [("POST", f"/write/{way}") for way in ("pool", "driver", "session")]
    rounds: dict[str, list[float]] = {path: [] for _, path in sides}
    for _ in range(rounds_wanted):
        for method, path in sides:
            reads = method == "GET"
            found = await rate(
                method,
                path,
                requests=(READS if reads else WRITES) // part,
                callers=16 if reads else 1,
            )
            rounds[path].append(found)
    return rounds


def main() -> None:
    """Start, measure, print."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("stack")
    home = Path(tempfile.mkdtemp(prefix="puhui-stack-"))
    with engines(home) as pair:
        with psycopg.connect(pair.superuser_url, autocommit=True) as admin:
            admin.execute("DROP TABLE IF EXISTS bal, ev")
            admin.execute(
                "CREATE TABLE bal (bucket smallint, account_id bigint, unit smallint,"
                " earned bigint, consumed bigint, held bigint,"
                " PRIMARY KEY (bucket, account_id, unit))"
            )
            admin.execute("CREATE TABLE ev (a bigint)")
            admin.execute("INSERT INTO bal VALUES (7, 1031, 1, 10, 2, 3)")
        server = multiprocessing.get_context("spawn").Process(
            target=serve, args=(pair.superuser_url,), daemon=True
        )
        server.start()
        time.sleep(4)
        found = asyncio.run(measure(asked.rounds, 20 if asked.quick else 1))
        server.terminate()
        server.join()
    discard(home)
    for path, rates in found.items():
        base = found["/read/pool" if path.startswith("/read") else "/write/pool"]
        report.add(figures.Figure(f"stack {path}", "requests/s", rates, base, "plain psycopg pool"))
    report.finish(asked.json)


if __name__ == "__main__":
    main()
