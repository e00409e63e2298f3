"""Use case: one chunk of a file is delivered, and the file's progress moves with it.

Both happen in one transaction, so a file that is interrupted anywhere goes on where it
stopped, and two processes that read the same file take turns: never a row twice. In lanes the
chunk's lanes are durable before it: this transaction holds the file meanwhile, and a chunk that
was interrupted is answered by what its lanes remember.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from app.catalogue.versions import Versions
from app.database import Database, Tx
from app.intake import files
from app.intake.batches import Tally
from app.intake.files import FileKey, Progress
from app.intake.files_fields import RefusedRow
from app.intake.records import Malformed, read_records
from app.lanes import Lanes
from app.reductions.decisions import Outcome
from app.reductions.deliver import deliver
from app.reductions.ingest_crew import Crew
from app.reductions.lane_deliver import deliver_in_lanes

NoteOutcomes = Callable[[Sequence[Outcome]], None]
"""What keeps the outcomes of a chunk that is about to be committed."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """Where the file stands now, and this chunk's own numbers; None if somebody else did it."""

    progress: Progress
    chunk: Tally | None


async def ingest_chunk(
    tx: Tx,
    *,
    key: FileKey,
    rows_before: int,
    items: Sequence[Any],
    refused: Sequence[RefusedRow],
    versions: Versions,
    subject_key: bytes,
    note: NoteOutcomes,
    now: datetime,
    database: Database | None = None,
    lanes: Lanes | None = None,
    crew: Crew | None = None,
) -> Ingested:
    """Deliver a chunk, unless the file has moved on.

    Args:
        tx: the caller's transaction.
        key: which ingest of which file.
        rows_before: how many rows the caller believes are done.
        items: one for each row, None where `refused` says why.
        refused: rows that could not be made into records.
        versions: the catalogue's picture of this moment.
        subject_key: what card numbers are digested with.
        note: is given every outcome, in order, before the transaction commits.
        now: when (UTC).
        database: opens the lanes' transactions, while `tx` holds the file.
        lanes: which buckets go together; None for one transaction.
        crew: the processes that share the work, or that find what others have left.

    """
    progress = await files.lock(tx, key=key, now=now)
    if progress.rows_done != rows_before:
        return Ingested(progress, None)
    reasons = {each.index: each.reason for each in refused}
    records, malformed = read_records(items)
    malformed = [each for each in malformed if each.index not in reasons]
    malformed += [Malformed(each.index, each.ref, each.field, each.detail) for each in refused]
    asked: dict[str, Any] = {
        "provider_id": key.provider_id,
        "records": records,
        "malformed": malformed,
        "versions": versions,
        "subject_key": subject_key,
        "now": now,
    }
    name = chunk_id(key, rows_before)
    if lanes is None and crew is not None:
        delivery = await crew.deliver(tx, delivery_id=name, **asked)
    elif lanes is None:
        delivery = await deliver(tx, **asked)
    else:
        assert database is not None, "lanes open transactions of their own"
        delivery = await deliver_in_lanes(
            database, lanes=lanes, delivery_id=name, closing=tx, **asked
        )
    assert len(delivery.outcomes) == len(items), "every row is accounted for"
    note(
        [
            replace(each, reason=reasons[each.index]) if each.index in reasons else each
            for each in delivery.outcomes
        ]
    )
    moved = await files.advance(tx, key=key, chunk=delivery.tally, now=now)
    return Ingested(moved, delivery.tally)


def chunk_id(key: FileKey, rows_before: int) -> UUID:
    """The same name for the same chunk of the same ingest, whoever delivers it."""
    text = f"{key.digest}\n{key.provider_id}\n{key.methodology}\n{key.options}\n{rows_before}"
    return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
