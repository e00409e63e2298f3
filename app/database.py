"""The way in to PostgreSQL, and the only place where a transaction begins or commits.

A room receives an open transaction; it never commits. One request is one transaction, one job
step is one transaction: all of it happens, or none of it. There is one driver (psycopg 3) and
one way to speak to it: SQL. What it costs, against the alternatives, is measured by
``loadtests/stack.py``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from psycopg import AsyncConnection, OperationalError
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from app.settings import DatabaseSettings

APP_ROLE = "puhui_app"
"""The role that serves: it owns nothing, and may not touch what is append-only."""

type_of_row = tuple[Any, ...]
Tx = AsyncConnection[type_of_row]
"""An open transaction. What runs on it is committed, or undone, together."""


class Database:
    """Opens transactions: on two pools, or, in tests, on one connection that forgets.

    Args:
        writers: connections for transactions that write.
        readers: autocommitting connections in which PostgreSQL itself refuses to write, so a
            read of one statement is one round trip.
        single: a connection already inside a transaction, for tests: every transaction opened
            here is then a savepoint that the test undoes.

    """

    def __init__(
        self,
        writers: AsyncConnectionPool[Tx] | None,
        readers: AsyncConnectionPool[Tx] | None,
        *,
        single: Tx | None = None,
    ) -> None:
        self._writers = writers
        self._readers = readers
        self._single = single
        self._looks: set[asyncio.Future[None]] = set()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tx]:
        """One transaction: committed when the block ends, rolled back if it raises."""
        if self._single is not None:
            async with self._single.transaction():
                yield self._single
            return
        assert self._writers is not None
        async with self._from(self._writers) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A connection in which PostgreSQL itself refuses to write; each statement stands alone."""
        if self._single is not None:
            async with self._single.transaction(force_rollback=True):
                await self._single.execute("SET TRANSACTION READ ONLY")
                yield self._single
            return
        assert self._readers is not None
        async with self._from(self._readers) as connection:
            yield connection

    @asynccontextmanager
    async def _from(self, pool: AsyncConnectionPool[Tx]) -> AsyncIterator[Tx]:
        """A pooled connection; after one has died, the others are looked at too.

        A restarted PostgreSQL leaves every idle connection dead. Without this, each of them
        would cost one caller an answer.
        """
        try:
            async with pool.connection() as connection:
                yield connection
        except OperationalError:
            look = asyncio.ensure_future(pool.check())
            self._looks.add(look)
            look.add_done_callback(self._looks.discard)
            raise

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """A read-only transaction in which every statement sees the same moment."""
        async with self.reading() as connection:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                yield connection
                return
            async with connection.transaction():
                await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                yield connection

    async def open(self) -> None:
        """Fill the pools; raises ``PoolTimeout`` when PostgreSQL does not answer."""
        for pool in (self._writers, self._readers):
            if pool is not None:
                await pool.open(wait=True)

    async def close(self) -> None:
        """Return every connection."""
        for pool in (self._writers, self._readers):
            if pool is not None:
                await pool.close()


@asynccontextmanager
async def savepoint(tx: Tx) -> AsyncIterator[None]:
    """A part of a transaction that may fail by itself: a raise undoes the part, not the whole."""
    async with tx.transaction():
        yield


def database_for(settings: DatabaseSettings, url: str) -> Database:
    """Two pools per process, in which every wait has an end; call ``open`` before use.

    Args:
        settings: sizes and time-outs.
        url: where PostgreSQL is; what `settings` says, or what `app.embedded` started.

    """
    waits = (
        f"-c statement_timeout={settings.statement_timeout_ms}"
        f" -c lock_timeout={settings.lock_timeout_ms}"
        " -c idle_in_transaction_session_timeout=60000"
        f" -c role={APP_ROLE} -c timezone=UTC -c search_path=public,queue"
    )
    common: dict[str, Any] = {"prepare_threshold": 2, "connect_timeout": 5}
    writers: AsyncConnectionPool[Tx] = AsyncConnectionPool(
        url,
        open=False,
        min_size=min(2, settings.pool_size),
        max_size=settings.pool_size,
        timeout=settings.pool_wait_s,
        name="writers",
        kwargs={**common, "autocommit": True, "options": waits},
    )
    readers: AsyncConnectionPool[Tx] = AsyncConnectionPool(
        url,
        open=False,
        min_size=min(2, settings.read_pool_size),
        max_size=settings.read_pool_size,
        timeout=settings.pool_wait_s,
        name="readers",
        kwargs={
            **common,
            "autocommit": True,
            "options": f"{waits} -c default_transaction_read_only=on",
        },
    )
    return Database(writers, readers)


async def _write(request: Request) -> AsyncIterator[Tx]:
    async with request.app.state.database.writing() as transaction:
        yield transaction


async def _read(request: Request) -> AsyncIterator[Tx]:
    async with request.app.state.database.reading() as connection:
        yield connection


# scope="function" commits BEFORE the response is sent. FastAPI's default commits after it, so
# a commit that fails would already have been answered with 201.
WriteTx = Annotated[Tx, Depends(_write, scope="function")]
ReadTx = Annotated[Tx, Depends(_read, scope="function")]
