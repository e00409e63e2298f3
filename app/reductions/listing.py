"""Read: a citizen's reductions, newest act first."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of


@dataclass(frozen=True, slots=True)
class ReductionView:
    """One reduction as its owner's list shows it: whole grams and points."""

    id: UUID
    version_id: int
    occurred_on: date
    occurred_at: datetime
    grams: int
    points: int


async def page(
    tx: Tx, *, account_id: int, before: tuple[date, UUID] | None, limit: int
) -> list[ReductionView]:
    """At most ``limit`` reductions of days before the key, newest day first.

    Args:
        before: day and id of the last one seen; None starts at the newest.

    """
    rows = await tx.execute(
        _PAGE,
        {
            "bucket": bucket_of(account_id),
            "account_id": account_id,
            "day": before[0] if before else date.max,
            "id": before[1] if before else UUID(int=2**128 - 1),
            "limit": limit,
        },
    )
    return [ReductionView(*row) async for row in rows]


_PAGE = """
SELECT id, version_id, occurred_on, occurred_at, grams, points
  FROM reduction
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s
   AND (occurred_on, id) < (%(day)s, %(id)s)
 ORDER BY occurred_on DESC, id DESC LIMIT %(limit)s
"""
