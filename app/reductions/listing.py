"""Read: a citizen's reductions, newest act first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from app.database import Tx

_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReductionView:
    """One reduction as its owner's list shows it: whole grams and points, as they count now."""

    id: UUID
    version_id: int
    occurred_on: date
    occurred_at: datetime
    grams: int
    points: int
    corrected: bool = False


async def page(
    tx: Tx, *, account_id: int, before: tuple[date, datetime, UUID] | None, limit: int
) -> list[ReductionView]:
    """At most ``limit`` reductions before the key, newest first.

    Args:
        before: day, moment and id of the last one seen; None starts at the newest.

    """
    rows = await tx.execute(
        _PAGE,
        {
            "account_id": account_id,
            "day": before[0] if before else _LAST.date(),
            "at": before[1] if before else _LAST,
            "id": before[2] if before else UUID(int=2**128 - 1),
            "limit": limit,
        },
    )
    return [ReductionView(*row) async for row in rows]


async def some(tx: Tx, *, account_id: int, ids: Sequence[UUID]) -> list[ReductionView]:
    """Those of a citizen's reductions that have these ids, in any order."""
    if not ids:
        return []
    rows = await tx.execute(_SOME, {"account_id": account_id, "ids": list(ids)})
    return [ReductionView(*row) async for row in rows]


_COLUMNS = """
SELECT r.id, coalesce(c.new_version_id, r.version_id), r.occurred_on, r.occurred_at,
       coalesce(c.grams_after, r.grams), coalesce(c.points_after, r.points), c.nth IS NOT NULL
  FROM reduction r
  LEFT JOIN LATERAL (
         SELECT c.new_version_id, c.grams_after, c.points_after, c.nth
           FROM reduction_correction c
          WHERE c.bucket = r.bucket AND c.account_id = r.account_id AND c.reduction_id = r.id
          ORDER BY c.nth DESC LIMIT 1) AS c ON true
"""
_SOME = f"{_COLUMNS} WHERE r.account_id = %(account_id)s AND r.id = ANY(%(ids)s::uuid[])"
_PAGE = f"""{_COLUMNS}
 WHERE r.account_id = %(account_id)s
   AND (r.occurred_on, r.occurred_at, r.id) < (%(day)s, %(at)s, %(id)s)
 ORDER BY r.occurred_on DESC, r.occurred_at DESC, r.id DESC LIMIT %(limit)s
"""
