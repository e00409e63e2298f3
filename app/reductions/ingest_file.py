"""A whole file, chunk by chunk: read ahead, deliver, go on where it stopped.

Opens one transaction a chunk and hands it to `ingest`; decides nothing about records.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import psycopg
import psycopg_pool

from app.audit.record import record
from app.catalogue.versions import Catalogue
from app.database import Database, Tx
from app.intake import files, files_map
from app.intake.files import FileKey, Progress
from app.intake.files_fields import RowReader
from app.intake.files_map import FileMap
from app.intake.files_rejects import Rejects
from app.intake.files_table import Chunk, FileProblem, Table, digest_of
from app.lanes import LANES_OFF, LaneMap
from app.reductions import ingest_part
from app.reductions.decisions import Outcome
from app.reductions.ingest import Ingested, chunk_id, ingest_chunk
from app.reductions.ingest_crew import Crew, LostProcessError, at_the_file, wait_for_the_dead
from app.reductions.ingest_part import ATTEMPTS, LOST_RACE, Place
from app.reductions.ingest_read import Ahead, Ready, rejects_of
from app.reductions.lane_deliver import forget_answers
from app.settings import DatabaseSettings

FORGET_CHUNKS = 50  # after so many, what their lanes remembered is dropped
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg_pool.PoolTimeout)


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
        workers: how many processes share a chunk, each as many rows.
        settings, url: where those find PostgreSQL.

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
    workers: int = 1
    settings: DatabaseSettings = field(default_factory=DatabaseSettings)
    url: str = ""

    @property
    def rows(self) -> int:
        """Of a chunk."""
        return self.chunk_rows * self.workers


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
        key = key_of(order, digest, run)
        ingest = _Ingest(database, order, key, clock)
        try:
            async with at_the_file(database, key=key, alone=order.workers > 1) as lock:
                found = await ingest.progress()
                done = found.rows_done
                if order.again and done and await asyncio.to_thread(_is_whole, order.table, done):
                    continue  # the next run has a row of its own
                return await ingest.to_the_end(found, report, lock=lock)
        except LOST_RACE:
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
        self.crew: Crew | None = None
        self.lock = 0

    async def progress(self) -> Progress:
        """How far it has come."""
        async with self.database.reading() as tx:
            found = await files.progress(tx, key=self.key)
        self.rows_done = found.rows_done
        return found

    async def to_the_end(
        self, found: Progress, report: Callable[[Report], None], *, lock: int
    ) -> Finished:
        """Chunk by chunk until nothing is left."""
        order, began_at = self.order, found.rows_done
        befores = range(began_at - order.rows, -1, -order.rows)[:FORGET_CHUNKS]
        self.answered = [chunk_id(self.key, each) for each in befores]
        left = await self._left_behind(began_at)
        self.lock = lock
        ahead = self._ahead(began_at, rows=max(left, order.rows))
        try:
            if order.workers > 1 or left:
                await self._gather()
            while (ready := await ahead.next()) is not None:
                done = await self.deliver(ready)
                found = done.progress
                self.rows_done = found.rows_done
                if done.chunk is not None:
                    report(Report(found, len(ready[1]), ready[0].position, order.table.size))
                    await self.forget(at_least=FORGET_CHUNKS)
                if done.chunk is None or left > order.rows:
                    # Another was faster: go on behind it. Or a larger chunk had been begun.
                    left = 0
                    await ahead.close()
                    ahead = self._ahead(found.rows_done, rows=order.rows)
            await self.forget()
        finally:
            await ahead.close()
            if self.crew is not None:
                await self.crew.stop()
        if order.rejects is not None:
            await asyncio.to_thread(order.rejects.finish, rows_done=found.rows_done)
        report(Report(found, 0, order.table.size, order.table.size))
        already = began_at > 0 and found.rows_done == began_at
        return Finished(found, already, found.rows_done - began_at)

    def _ahead(self, after: int, *, rows: int) -> Ahead:
        return Ahead(self.order.table, self.order.reader, after=after, rows=rows)

    async def _left_behind(self, rows_done: int) -> int:
        """How many rows a chunk must have to hold all that a crew answered of it before it died."""
        async with self.database.reading() as tx:
            name = chunk_id(self.key, rows_done)
            answers = await ingest_part.remembered(tx, delivery=name)
        return max((each.index + 1 for each in answers), default=0)

    async def _gather(self) -> None:
        """Start the crew, anew when it has lost somebody; nobody of the last one is left then."""
        if self.crew is not None:
            await self.crew.stop()
            await wait_for_the_dead(self.database, lock=self.lock)
        order = self.order
        size = order.workers if order.workers > 1 else 0
        self.crew = Crew(size, Place(order.settings, order.url, order.subject_key, self.lock))
        await self.crew.start()

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
                        crew=self.crew,
                    )
            except LOST_RACE:
                if attempt == ATTEMPTS - 1:
                    raise
            except LostProcessError:
                if attempt == ATTEMPTS - 1:
                    raise
                await self._gather()
        raise AssertionError("the last attempt returns or raises")

    def _note(self, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
        if self.order.rejects is not None:
            self.order.rejects.note(
                rows_before=chunk.rows_before,
                rows_after=chunk.rows_before + len(outcomes),
                rejects=rejects_of(chunk, outcomes, duplicates=self.order.duplicates_too),
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


def key_of(order: Order, digest: str, run: int) -> FileKey:
    """The name of the file's ``run``-th ingest."""
    options = files_map.options_of(order.file_map, delimiter=order.table.delimiter, run=run)
    return FileKey(digest, order.provider_id, order.methodology, options)


def _is_whole(table: Table, rows_done: int) -> bool:
    return next(table.chunks(after=rows_done, size=1), None) is None
