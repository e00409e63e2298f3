"""A whole file, chunk by chunk: read ahead, deliver, go on where it stopped.

Opens one transaction a chunk and hands it to `ingest`; decides nothing about records.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import psycopg_pool
from psycopg import errors

from app.audit.record import record
from app.catalogue.versions import Catalogue
from app.database import Database, Tx
from app.intake import files, files_map
from app.intake.files import FileKey, Progress
from app.intake.files_fields import RefusedRow, RowReader
from app.intake.files_map import FileMap
from app.intake.files_rejects import Reject, Rejects
from app.intake.files_table import Chunk, FileProblem, Table, digest_of
from app.lanes import LANES_OFF, LaneMap
from app.reductions.decisions import Outcome, Verdict
from app.reductions.ingest import Ingested, chunk_id, ingest_chunk
from app.reductions.lane_deliver import forget_answers

FORGET_CHUNKS = 50
"""After so many chunks, what their lanes remembered is dropped."""
ATTEMPTS = 8
"""How often a chunk is tried when it loses a race for locks."""
_LOST_RACE = (errors.DeadlockDetected, errors.LockNotAvailable, errors.SerializationFailure)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg_pool.PoolTimeout)

Ready = tuple[Chunk, list[Any], list[RefusedRow]]


class DatabaseAway(FileProblem):
    """PostgreSQL went away; what is committed stays, and the same command goes on."""

    exit_code = 3

    def __init__(self, rows_done: int) -> None:
        super().__init__(
            f"The database went away after row {rows_done:,}; run the same command again to go on.",
            f"数据库在第 {rows_done:,} 行之后断开;再次运行同一命令即可继续。",
        )


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be ingested, and how.

    Attributes:
        table: the open file.
        file_map: complete; with the days a demonstration moves it by.
        reader: made of the map.
        provider_id: whose file it is.
        methodology: what its rows are evidence for.
        subject_key: what card numbers are digested with.
        rejects: where rows go that are not credited; None keeps none.
        duplicates_too: whether duplicates are among them.
        chunk_rows: rows of one transaction.
        again: whether a file that is done is delivered once more.
        lanes: how a chunk is cut into transactions.

    """

    table: Table
    file_map: FileMap
    reader: RowReader
    provider_id: int
    methodology: str
    subject_key: bytes
    rejects: Rejects | None
    duplicates_too: bool = False
    chunk_rows: int = 1_000
    again: bool = False
    lanes: LaneMap = LANES_OFF


@dataclass(frozen=True, slots=True)
class Report:
    """How far it has come, and by how many rows; ``position`` of ``size`` is for the bar."""

    progress: Progress
    rows: int
    position: int
    size: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A file that is done: its totals, and whether it had been done before we came."""

    progress: Progress
    already: bool
    rows_now: int


async def ingest_file(
    database: Database,
    order: Order,
    *,
    clock: Callable[[], datetime],
    report: Callable[[Report], None],
) -> Finished:
    """Bring a file to its end, wherever it stopped before.

    Args:
        database: opens the transactions.
        order: what, and how.
        clock: the time of each chunk.
        report: is told after each chunk.

    Raises:
        FileProblem: the file is damaged.
        DatabaseAway: PostgreSQL went away; nothing that was committed is lost.

    """
    digest = await asyncio.to_thread(digest_of, order.table.path)
    for run in itertools.count():
        ingest = _Ingest(database, order, _key(order, digest, run), clock)
        try:
            found = await ingest.progress()
            done = found.rows_done
            if order.again and done and await asyncio.to_thread(_is_whole, order.table, done):
                continue  # the next run has a row of its own
            return await ingest.to_the_end(found, report)
        except _LOST_RACE:
            raise
        except _AWAY as error:
            raise DatabaseAway(ingest.rows_done) from error
    raise AssertionError("counting does not end")


class _Ingest:
    """One run through one file."""

    def __init__(
        self, database: Database, order: Order, key: FileKey, clock: Callable[[], datetime]
    ) -> None:
        self.database = database
        self.order = order
        self.key = key
        self.clock = clock
        self.rows_done = 0
        self.catalogue = Catalogue()
        self.answered: list[UUID] = []

    async def progress(self) -> Progress:
        """How far it has come."""
        async with self.database.reading() as tx:
            found = await files.progress(tx, key=self.key)
        self.rows_done = found.rows_done
        return found

    async def to_the_end(self, found: Progress, report: Callable[[Report], None]) -> Finished:
        """Chunk by chunk until nothing is left."""
        order, began_at = self.order, found.rows_done
        befores = range(began_at - order.chunk_rows, -1, -order.chunk_rows)[:FORGET_CHUNKS]
        self.answered = [chunk_id(self.key, each) for each in befores]
        ahead = _Ahead(order, began_at)
        try:
            while (ready := await ahead.next()) is not None:
                done = await self.deliver(ready)
                found = done.progress
                self.rows_done = found.rows_done
                if done.chunk is None:  # another process was faster: go on behind it
                    await ahead.close()
                    ahead = _Ahead(order, found.rows_done)
                else:
                    report(Report(found, len(ready[1]), ready[0].position, order.table.size))
                    await self.forget(at_least=FORGET_CHUNKS)
            await self.forget()
        finally:
            await ahead.close()
        if order.rejects is not None:
            await asyncio.to_thread(order.rejects.finish, rows_done=found.rows_done)
        report(Report(found, 0, order.table.size, order.table.size))
        already = began_at > 0 and found.rows_done == began_at
        return Finished(found, already, found.rows_done - began_at)

    async def forget(self, *, at_least: int = 1) -> None:
        """What lanes remembered of chunks that are counted is needed no more."""
        if len(self.answered) >= at_least:
            if (lanes := await self.order.lanes.lanes(self.database)) is not None:
                await forget_answers(self.database, lanes=lanes, deliveries=self.answered)
            self.answered.clear()

    async def deliver(self, ready: Ready) -> Ingested:
        """One chunk; a lost race for locks is run again."""
        chunk, items, refused = ready
        lanes = await self.order.lanes.lanes(self.database)
        self.answered.append(chunk_id(self.key, chunk.rows_before))
        for attempt in range(ATTEMPTS):
            now = self.clock()
            try:
                async with self.database.writing() as tx:
                    if chunk.rows_before == 0:
                        await self._audit(tx, now)
                    return await ingest_chunk(
                        tx,
                        key=self.key,
                        rows_before=chunk.rows_before,
                        items=items,
                        refused=refused,
                        versions=await self.catalogue.versions(tx),
                        subject_key=self.order.subject_key,
                        note=lambda outcomes: self._note(chunk, outcomes),
                        now=now,
                        database=self.database,
                        lanes=lanes,
                    )
            except _LOST_RACE:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _note(self, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
        if self.order.rejects is not None:
            self.order.rejects.note(
                rows_before=chunk.rows_before,
                rows_after=chunk.rows_before + len(outcomes),
                rejects=_rejects(self.order, chunk, outcomes),
            )

    async def _audit(self, tx: Tx, now: datetime) -> None:
        await record(
            tx,
            actor="process:ingest",
            action="reductions.ingest_file",
            subject=f"file:{self.key.digest}",
            facts={
                "provider": self.key.provider_id,
                "methodology": self.key.methodology,
                "shift_days": self.order.file_map.shift_days,
            },
            now=now,
        )


def _rejects(order: Order, chunk: Chunk, outcomes: Sequence[Outcome]) -> list[Reject]:
    kept = {Verdict.held, Verdict.rejected}
    if order.duplicates_too:
        kept.add(Verdict.duplicate)
    return [
        Reject(
            row=chunk.rows_before + each.index + 1,
            outcome=each.verdict.value,
            reason=each.reason or "",
            field=each.field or "",
            detail=each.detail or "",
            source=chunk.sources[each.index],
        )
        for each in outcomes
        if each.verdict in kept
    ]


def _key(order: Order, digest: str, run: int) -> FileKey:
    options = files_map.options_of(order.file_map, delimiter=order.table.delimiter, run=run)
    return FileKey(digest, order.provider_id, order.methodology, options)


def _is_whole(table: Table, rows_done: int) -> bool:
    return next(table.chunks(after=rows_done, size=1), None) is None


class _Ahead:
    """Reads the next chunk while the last one is delivered."""

    def __init__(self, order: Order, after: int) -> None:
        self._chunks = order.table.chunks(after=after, size=order.chunk_rows)
        self._reader = order.reader
        self._task = asyncio.create_task(asyncio.to_thread(self._read, self._chunks))

    async def next(self) -> Ready | None:
        """The chunk that was read meanwhile; None at the end of the file."""
        ready = await self._task
        if ready is not None:
            self._task = asyncio.create_task(asyncio.to_thread(self._read, self._chunks))
        return ready

    async def close(self) -> None:
        """Wait for the reading that is under way, and close the file."""
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    def _read(self, chunks: Iterator[Chunk]) -> Ready | None:
        chunk = next(chunks, None)
        return None if chunk is None else (chunk, *self._reader.read(chunk.rows))
