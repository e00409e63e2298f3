"""Which records are known already: an act's id is a digest of its record's number.

Of before 21 November 2026 there are acts with ids of their own; their digests stand apart and
lead to them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.columns import uuids
from app.database import Tx


@dataclass(frozen=True, slots=True)
class Earlier:
    """What became of a record before; ``worth`` is grams and points, None if it is held."""

    account_id: int
    activity_id: UUID
    worth: tuple[int, int] | None


async def earlier(tx: Tx, *, ids: Iterable[UUID]) -> Mapping[UUID, Earlier]:
    """Which of these acts exist already; read under their citizens' locks, by one statement."""
    rows = await tx.execute(_EARLIER, {"ids": uuids(list(ids))})
    return {
        key: Earlier(account_id, activity_id, None if grams is None else (grams, points))
        async for key, account_id, activity_id, grams, points in rows
    }


_EARLIER = """
SELECT id, account_id, id, grams, points FROM reduction WHERE id = ANY(%(ids)b::uuid[])
UNION ALL
SELECT id, account_id, id, NULL, NULL FROM held_activity WHERE id = ANY(%(ids)b::uuid[])
UNION ALL
SELECT k.digest, k.account_id, k.activity_id, r.grams, r.points
  FROM natural_key k LEFT JOIN reduction r ON r.id = k.activity_id
 WHERE k.digest = ANY(%(ids)b::uuid[])
"""
