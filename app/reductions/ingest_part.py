"""A part of a chunk, in a process of its own: some buckets' records, in the file's order.

A part is one transaction, and remembers in it what it answered: a chunk whose other parts were
lost is delivered again, and this part answers as it did the first time.
"""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from uuid import UUID

import psycopg
from msgspec.structs import replace
from psycopg import errors

from app import memory
from app.catalogue.versions import Catalogue, Versions
from app.columns import uuids
from app.database import Database, Tx, database_for
from app.intake.records import Record
from app.reductions.credit import credit
from app.reductions.decisions import Outcome
from app.reductions.deliver import judged
from app.reductions.remembered import packed, unpacked
from app.settings import DatabaseSettings

ATTEMPTS = 8
"""How often a part is tried when it loses a race for locks."""
LOST_RACE = (errors.DeadlockDetected, errors.LockNotAvailable, errors.SerializationFailure)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of one delivery; ``bucket`` is of its first record, so no other part has it."""

    delivery: UUID
    bucket: int
    provider_id: int
    records: list[Record]
    now: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """What a process must know to work: the database, our key, and the file's lock."""

    settings: DatabaseSettings
    url: str
    subject_key: bytes
    lock: int


def work(orders: Connection, place: Place) -> None:
    """Do parts until there are none, or until whoever sends them is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, who tells us
    memory.settle()
    asyncio.run(_work(orders, place))


async def _work(orders: Connection, place: Place) -> None:
    few = place.settings.model_copy(update={"pool_size": 2, "read_pool_size": 1})
    database, catalogue = database_for(few, place.url), Catalogue()
    await database.open()
    try:
        async with database.calling() as held:
            # Held as long as this process lives: whoever goes on after us waits for it.
            await held.execute(_HOLD, {"lock": place.lock})
            while (part := await asyncio.to_thread(_next, orders)) is not None:
                answer: list[Outcome] | BaseException
                try:
                    answer = await answered(database, catalogue, part, place.subject_key)
                except (psycopg.Error, OSError) as error:
                    answer = error
                await asyncio.to_thread(_tell, orders, answer)
    finally:
        await database.close()


def _next(orders: Connection) -> Part | None:
    try:
        part: Part | None = orders.recv()
    except (EOFError, OSError):
        return None
    return part


def _tell(orders: Connection, answer: object) -> None:
    try:
        orders.send(answer)
    except OSError:  # nobody listens any more; what was answered is remembered
        return


async def answered(
    database: Database, catalogue: Catalogue, part: Part, subject_key: bytes
) -> list[Outcome]:
    """Credit a part and remember its answers, in one transaction; a lost race is run again."""
    for attempt in range(ATTEMPTS):
        try:
            async with database.writing() as tx:
                versions = await catalogue.versions(tx)
                outcomes = await credited(tx, part=part, versions=versions, subject_key=subject_key)
                await _remember(tx, part, outcomes)
                return outcomes
        except LOST_RACE:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


async def credited(tx: Tx, *, part: Part, versions: Versions, subject_key: bytes) -> list[Outcome]:
    """Judge and credit a part in the caller's transaction."""
    candidates, refused = await judged(
        tx,
        provider_id=part.provider_id,
        records=part.records,
        malformed=[],
        versions=versions,
        subject_key=subject_key,
        now=part.now,
    )
    decided = await credit(
        tx,
        provider_id=part.provider_id,
        candidates=candidates,
        versions=versions,
        now=part.now,
    )
    return [*decided, *refused]


async def _remember(tx: Tx, part: Part, outcomes: Sequence[Outcome]) -> None:
    # A file's row is known by its place: neither number is asked for again.
    short = [replace(each, ref=None, reduction_id=None) for each in outcomes]
    arguments = {
        "bucket": part.bucket,
        "delivery": part.delivery,
        "now": part.now,
        "body": packed(short),
    }
    await tx.execute(_REMEMBER, arguments)


async def remembered(tx: Tx, *, delivery: UUID) -> list[Outcome]:
    """What parts of this delivery have answered already."""
    rows = await tx.execute(_REMEMBERED, {"delivery": delivery}, binary=True)
    return [each async for (body,) in rows for each in unpacked(body)]


async def forget(tx: Tx, *, delivery: UUID) -> None:
    """The delivery is counted in this transaction: its parts' answers are needed no more."""
    await tx.execute(_FORGET, {"deliveries": uuids([delivery])})


_HOLD = "SELECT pg_advisory_lock_shared(%(lock)s)"
_REMEMBER = """
INSERT INTO lane_answer (bucket, delivery, answered_at, answers)
VALUES (%(bucket)s, %(delivery)s, %(now)s, %(body)b)
"""
_REMEMBERED = "SELECT answers FROM lane_answer WHERE delivery = %(delivery)s"
_FORGET = "DELETE FROM lane_answer WHERE delivery = ANY(%(deliveries)b::uuid[])"
