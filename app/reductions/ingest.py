"""Use case: one chunk of a file is delivered, and the file's progress moves with it.

Both happen in one transaction, so a file that is interrupted anywhere goes on where it
stopped, and two processes that read the same file take turns: never a row twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from app.catalogue.versions import Versions
from app.database import Tx
from app.intake import files
from app.intake.batches import Tally
from app.intake.files import FileKey, Progress
from app.intake.files_fields import RefusedRow
from app.intake.records import Malformed, read_records
from app.reductions.decisions import Outcome
from app.reductions.deliver import deliver

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

    """
    progress = await files.lock(tx, key=key, now=now)
    if progress.rows_done != rows_before:
        return Ingested(progress, None)
    reasons = {each.index: each.reason for each in refused}
    records, malformed = read_records(items)
    malformed = [each for each in malformed if each.index not in reasons]
    malformed += [Malformed(each.index, each.ref, each.field, each.detail) for each in refused]
    delivery = await deliver(
        tx,
        provider_id=key.provider_id,
        records=records,
        malformed=malformed,
        versions=versions,
        subject_key=subject_key,
        now=now,
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
