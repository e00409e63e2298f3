"""The way in to PostgreSQL, and the only place where a transaction begins or commits.

A room receives an open transaction; it never commits. One request is one transaction, one job
step is one transaction: all of it happens, or none of it. There is one driver (psycopg 3) and
one way to speak to it: SQL (``loadtests/stack.py`` measures why).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from psycopg import AsyncConnection, AsyncCursor, OperationalError
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from app.callers import CallersConnection, type_of_row
from app.settings import DatabaseSettings

APP_ROLE = "puhui_app"
"""The role that serves: it owns nothing, and may not touch what is append-only."""
WORKER_ROLE = "puhui_worker"
"""The role of the background work: it can sign nobody up, link no card and decide no proposal."""
CALLER_ROLE = "puhui_caller"
"""The role of a citizen's or a merchant's reads: PostgreSQL shows it the caller's rows only."""
READER_ROLE = "puhui_reader"
"""The role of reports: it reads, and no table that says who somebody is."""

BY_KEYS = "-c enable_seqscan=off"
"""Whoever serves finds rows by their keys: a plan that was kept while a table was empty would walk
it, once for each row, until the statistics are made anew (110 ms for a batch's claims, not 3)."""
Tx = AsyncConnection[type_of_row]
"""An open transaction. What runs on it is committed, or undone, together."""
Cursor = AsyncCursor[type_of_row]
"""A statement that was sent; in `in_one_go` its answer may be read later."""


AnyTx = TypeVar("AnyTx", AsyncConnection[type_of_row], CallersConnection)


class Database:
    """Opens transactions: on two pools, or, in tests, on one connection that forgets.

    Args:
        writers: connections for transactions that write.
        readers: autocommitting connections in which PostgreSQL itself refuses to write, so a
            read of one statement is one round trip.
        callers: connections of `CALLER_ROLE`, for reads of somebody's own rows.
        single: a connection already inside a transaction, for tests: every transaction opened
            here is then a savepoint that the test undoes.

    """

    def __init__(
        self,
        writers: AsyncConnectionPool[Tx] | None,
        readers: AsyncConnectionPool[Tx] | None,
        *,
        callers: "AsyncConnectionPool[CallersConnection] | None" = None,
        single: Tx | None = None,
    ) -> None:
        self._writers = writers
        self._readers = readers
        self._callers = callers
        self._single = single
        self._looks: set[asyncio.Future[None]] = set()

    @property
    def parallel(self) -> bool:
        """Whether several transactions may be open at once."""
        return self._single is None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Tx]:
        """One transaction: committed when the block ends, rolled back if it raises."""
        async with self.calling() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Tx]:
        """For one statement that is a transaction by itself; whoever has two needs `writing`."""
        if self._single is not None:
            async with self._single.transaction():
                yield self._single
            return
        assert self._writers is not None
        async with self._from(self._writers) as connection:
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
    async def reading_as(
        self, *, account_id: int | None = None, merchant_id: UUID | None = None
    ) -> AsyncIterator[Tx]:
        """`reading`, in which PostgreSQL shows the rows of one citizen, or of one merchant.

        The second line behind every WHERE clause: a statement that forgets its own finds the
        caller's rows and nobody else's (row-level security, see the migration of the roles).
        """
        assert (account_id is None) != (merchant_id is None), "a caller is one of the two"
        caller = (str(account_id or ""), str(merchant_id or ""))
        if self._single is not None:
            async with self._single.transaction(force_rollback=True):
                await self._single.execute(_BECOME_IN_A_TEST, (CALLER_ROLE, *caller))
                yield self._single
            return
        assert self._callers is not None
        async with self._from(self._callers) as connection:
            connection.caller = caller
            try:
                yield connection
            finally:
                connection.caller = None

    @asynccontextmanager
    async def _from(self, pool: AsyncConnectionPool[AnyTx]) -> AsyncIterator[AnyTx]:
        """A pooled connection; after one has died, the others are looked at too.

        A restarted PostgreSQL leaves every idle one dead: each would cost one caller an answer.
        """
        # Not `pool.connection()`, which ends with a commit of nothing: ours commit by themselves.
        connection = await pool.getconn()
        try:
            yield connection
        except OperationalError:
            look = asyncio.ensure_future(pool.check())
            self._looks.add(look)
            look.add_done_callback(self._looks.discard)
            raise
        finally:
            await pool.putconn(connection)

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
        for pool in (self._writers, self._readers, self._callers):
            if pool is not None:
                await pool.open(wait=True)

    async def close(self) -> None:
        """Return every connection."""
        for pool in (self._writers, self._readers, self._callers):
            if pool is not None:
                await pool.close()


@asynccontextmanager
async def savepoint(tx: Tx) -> AsyncIterator[None]:
    """A part of a transaction that may fail by itself: a raise undoes the part, not the whole."""
    async with tx.transaction():
        yield


def in_one_go(tx: Tx) -> AbstractAsyncContextManager[object]:
    """Statements that do not wait for each other's answers: they run in order, none waits here.

    What is read from one of them waits for it. PostgreSQL is at work on the first while the next
    is being packed.
    """
    return tx.pipeline()


def database_for(settings: DatabaseSettings, url: str, *, role: str = APP_ROLE) -> Database:
    """Three pools per process, in which every wait has an end; call ``open`` before use.

    Args:
        settings: sizes and time-outs.
        url: where PostgreSQL is; what `settings` says, or what `app.embedded` started.
        role: as whom writes and reads happen; the login must be a member of it.

    """
    waits = (
        f"-c statement_timeout={settings.statement_timeout_ms}"
        f" -c lock_timeout={settings.lock_timeout_ms}"
        " -c idle_in_transaction_session_timeout=60000"
        " -c timezone=UTC -c search_path=public,queue"
    )
    common: dict[str, Any] = {"prepare_threshold": 2, "connect_timeout": 5, "autocommit": True}

    def pool(kind: type[AnyTx], name: str, size: int, options: str) -> AsyncConnectionPool[AnyTx]:
        return AsyncConnectionPool(
            url,
            connection_class=kind,
            open=False,
            min_size=min(2, size),
            max_size=size,
            timeout=settings.pool_wait_s,
            name=name,
            kwargs={**common, "options": f"{waits} {options}"},
        )

    read_only = "-c default_transaction_read_only=on"
    probes = BY_KEYS if role == APP_ROLE else ""
    return Database(
        pool(AsyncConnection, "writers", settings.pool_size, f"-c role={role} {probes}"),
        pool(AsyncConnection, "readers", settings.read_pool_size, f"-c role={role} {read_only}"),
        callers=pool(
            CallersConnection,
            "callers",
            settings.read_pool_size,
            f"-c role={CALLER_ROLE} {read_only} {probes}",
        )
        if role == APP_ROLE
        else None,
    )


async def role_of(url: str, *wanted: str) -> str:
    """The first of the roles that the login is a member of; the last one if it is of none."""
    connection = await AsyncConnection.connect(url, connect_timeout=5, autocommit=True)
    try:
        for role in wanted[:-1]:
            row = await (await connection.execute(_MAY_BE, {"role": role})).fetchone()
            if row is not None:
                return role
    finally:
        await connection.close()  # in one step, so whoever is told to stop meanwhile leaves none
    return wanted[-1]


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


_BECOME_IN_A_TEST = """
SELECT set_config('transaction_read_only', 'on', true), set_config('role', %s, true),
       set_config('puhui.account_id', %s, true), set_config('puhui.merchant_id', %s, true)
"""
_MAY_BE = """
SELECT FROM pg_roles WHERE rolname = %(role)s AND pg_has_role(session_user, oid, 'MEMBER')
"""
