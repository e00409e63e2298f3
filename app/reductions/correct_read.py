"""Reads: corrections as officers see them, and as the citizen they concern does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.reductions.correct import no_such_correction
from app.reductions.tables import CorrectionState


@dataclass(frozen=True, slots=True)
class Progress:
    """A correction: what was previewed, and how far it is."""

    id: UUID
    methodology: str
    old_version_ids: Sequence[int]
    new_version_id: int
    from_on: date
    until_on: date
    reason_zh: str
    reason_en: str
    preview: Mapping[str, Any]
    made_at: datetime
    state: str
    finished_at: datetime | None
    looked_at: int
    changed: int
    people: int
    grams: int
    booked_up: int
    booked_down: int
    shortfall: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """One correction of one reduction; ``booked`` is what the owner's account got or lost."""

    old_version_id: int
    new_version_id: int
    grams_before: int
    grams_after: int
    points_before: int
    points_after: int
    booked: int
    shortfall: int
    reason_zh: str
    reason_en: str
    corrected_at: datetime


async def progress(tx: Tx, *, correction_id: UUID) -> Progress:
    """One correction.

    Raises:
        CorrectionNotFound: nobody has previewed it.

    """
    row = await (await tx.execute(_ONE, (correction_id,))).fetchone()
    if row is None:
        raise no_such_correction()
    values: list[Any] = list(row)
    values[10] = CorrectionState(values[10]).name
    return Progress(*values)


async def of_reduction(tx: Tx, *, account_id: int, reduction_id: UUID) -> tuple[Corrected, ...]:
    """What corrections made of a citizen's reduction, oldest first."""
    key = (bucket_of(account_id), account_id, reduction_id)
    return tuple([Corrected(*row) async for row in await tx.execute(_OF_REDUCTION, key)])


_ONE = """
SELECT id, methodology, old_version_ids, new_version_id, from_on, until_on, reason_zh, reason_en,
       preview, made_at, state, finished_at, looked_at, changed, people, grams, booked_up,
       booked_down, shortfall
  FROM correction WHERE id = %s
"""
_OF_REDUCTION = """
SELECT c.old_version_id, c.new_version_id, c.grams_before, c.grams_after, c.points_before,
       c.points_after, c.booked, c.shortfall, w.reason_zh, w.reason_en, c.corrected_at
  FROM reduction_correction c JOIN correction w ON w.id = c.correction_id
 WHERE c.bucket = %s AND c.account_id = %s AND c.reduction_id = %s
 ORDER BY c.nth
"""
