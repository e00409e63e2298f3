"""Several processes credit one file: each chunk is cut by its citizens' buckets, a part for each.

Each part is settled by itself, in the file's order. Where two parts have something in common (a
vehicle, an order, a meter, a record's number) the chunk is one part, and where a month's budget is
drawn on it stays whole. It ends when all parts have: totals and rejects are those of one process.

A part is durable before its chunk. Whoever goes on after a `kill -9` waits until the processes
left over are gone (an advisory lock of the file), and finds what they answered.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors

from app.catalogue.versions import Versions
from app.database import Database, Tx
from app.ids import new_id
from app.intake.files import FileKey
from app.intake.files_table import FileProblem
from app.intake.records import Malformed, Record
from app.reductions import ingest_part
from app.reductions.decisions import Outcome
from app.reductions.deliver import Delivery, deliver, malformed_outcomes, noted, tally_of
from app.reductions.ingest_cut import cut
from app.reductions.ingest_part import Part, Place

END_S = 30
"""How long a process may finish its part when it is no longer needed."""


class LostProcessError(Exception):
    """A process of the crew died; the chunk is delivered again, and finds what was answered."""


class Busy(FileProblem):
    """Another command is at this file."""

    def __init__(self) -> None:
        super().__init__(
            "Another command ingests this file at present; run this one again when it has ended.",
            "另一命令正在导入该文件;请待其结束后再次运行。",
        )


class Crew:
    """The processes of one run through one file; none, and chunks stay whole.

    Args:
        size: how many processes.
        place: what each must know.

    """

    def __init__(self, size: int, place: Place) -> None:
        self.size = size
        self._place = place
        self._mates: list[tuple[BaseProcess, Connection]] = []

    async def start(self) -> None:
        """Start the processes; they say nothing until they are asked."""
        context = get_context("spawn")
        for _ in range(self.size):
            ours, theirs = context.Pipe()
            mate = context.Process(target=ingest_part.work, args=(theirs, self._place), daemon=True)
            await asyncio.to_thread(mate.start)
            theirs.close()  # so that its death is the end of the pipe
            self._mates.append((mate, ours))

    async def stop(self) -> None:
        """Let the processes finish their parts, and wait for their end."""
        mates, self._mates = self._mates, []
        for _, pipe in mates:
            with suppress(OSError):
                pipe.send(None)
        for mate, pipe in mates:
            await asyncio.to_thread(mate.join, END_S)
            mate.kill()
            await asyncio.to_thread(mate.join)
            pipe.close()

    async def deliver(
        self,
        tx: Tx,
        *,
        delivery_id: UUID,
        provider_id: int,
        records: Sequence[Record],
        malformed: Sequence[Malformed],
        versions: Versions,
        subject_key: bytes,
        now: datetime,
    ) -> Delivery:
        """What `deliver.deliver` does, in parts.

        Args:
            tx: holds the file; notes the batch.
            delivery_id: the chunk's name, the same whenever it is delivered.
            provider_id: who sent it.
            records: what could be read.
            malformed: what could not.
            versions: the catalogue's picture of this moment.
            subject_key: what card numbers are digested with.
            now: when (UTC).

        Raises:
            LostProcessError: a process died.

        """
        asked: dict[str, Any] = {
            "provider_id": provider_id,
            "versions": versions,
            "subject_key": subject_key,
            "now": now,
        }
        before = await ingest_part.remembered(tx, delivery=delivery_id)
        if not before and (self.size == 0 or versions.budgets):
            return await deliver(tx, records=records, malformed=malformed, **asked)
        done = {each.index for each in before}
        todo = [each for each in records if each.index not in done]
        parts_of, refused = await cut(tx, records=todo, size=self.size, **asked)
        parts = [Part(delivery_id, bucket, provider_id, theirs, now) for bucket, theirs in parts_of]
        if self._mates:
            found = await self._all(parts)
        else:  # what a crew left behind, in the caller's own transaction
            found = [
                outcome
                for part in parts
                for outcome in await ingest_part.credited(
                    tx, part=part, versions=versions, subject_key=subject_key
                )
            ]
        outcomes = [*before, *refused, *found, *malformed_outcomes(malformed)]
        outcomes.sort(key=lambda outcome: outcome.index)
        delivery = Delivery(new_id(), tally_of(outcomes), outcomes)
        await noted(tx, delivery=delivery, provider_id=provider_id, now=now)
        await ingest_part.forget(tx, delivery=delivery_id)
        return delivery

    async def _all(self, parts: Sequence[Part]) -> list[Outcome]:
        """Each part to a process of its own; all come to their end, or a failure."""
        answers = await asyncio.gather(
            *(
                asyncio.to_thread(_asked, pipe, part)
                for part, (_, pipe) in zip(parts, self._mates, strict=False)
            )
        )
        for each in answers:
            if isinstance(each, BaseException):
                raise each
        return [outcome for each in answers if isinstance(each, list) for outcome in each]


def _asked(pipe: Connection, part: Part) -> list[Outcome] | BaseException:
    try:
        pipe.send(part)
        answer: list[Outcome] | BaseException = pipe.recv()
    except (EOFError, OSError) as error:
        return LostProcessError(str(error))
    return answer


@asynccontextmanager
async def at_the_file(database: Database, *, key: FileKey, alone: bool) -> AsyncIterator[int]:
    """Hold the file for this run, once nobody of an earlier crew is left; the crew's lock.

    Args:
        database: a connection of it is held meanwhile.
        key: which ingest of which file.
        alone: whether a crew will work; without one, several commands may take turns.

    Raises:
        Busy: another command is at it.

    """
    mine, theirs = _numbers(key)
    if not database.parallel:
        yield theirs
        return
    async with database.calling() as held:
        try:
            if alone:
                await held.execute(_ALONE, {"lock": mine})
            else:
                await held.execute(_TOGETHER, {"lock": mine})
            await held.execute(_ALONE, {"lock": theirs})
        except errors.LockNotAvailable as error:
            raise Busy from error
        await held.execute(_LET_GO, {"lock": theirs})
        try:
            yield theirs
        finally:
            with suppress(psycopg.Error):
                await held.execute(_LET_GO_ALL)


async def wait_for_the_dead(database: Database, *, lock: int) -> None:
    """Until PostgreSQL, too, knows that the processes of a crew are gone."""
    async with database.calling() as tx:
        await tx.execute(_ALONE, {"lock": lock})
        await tx.execute(_LET_GO, {"lock": lock})


def _numbers(key: FileKey) -> tuple[int, int]:
    """Two advisory locks of a file: of the command, and of its crew."""
    text = f"{key.digest}\n{key.provider_id}\n{key.methodology}\n{key.options}"
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return (
        int.from_bytes(digest[:8], "big", signed=True),
        int.from_bytes(digest[8:], "big", signed=True),
    )


_ALONE = "SELECT pg_advisory_lock(%(lock)s)"
_TOGETHER = "SELECT pg_advisory_lock_shared(%(lock)s)"
_LET_GO = "SELECT pg_advisory_unlock(%(lock)s)"
_LET_GO_ALL = "SELECT pg_advisory_unlock_all()"
