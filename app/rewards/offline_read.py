"""Door: batches of tills without network: what became of each item, and what was refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.rewards.coupons_found import Found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item; ``reason`` is told where it was rejected."""

    place: int
    order_no: str
    accepted_at: datetime
    outcome: str
    reason: str | None
    redemption_id: UUID | None
    points: int
    unit: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """An item that was rejected: whose, from which till, and when it came."""

    id: UUID
    merchant_id: UUID
    batch_id: UUID
    till_id: UUID
    order_no: str
    accepted_at: datetime
    reason: str
    redemption_id: UUID | None
    points: int
    unit: str
    received_at: datetime


async def outcomes(tx: Tx, *, merchant_id: UUID, batch_id: UUID) -> list[Outcome]:
    """What became of a batch's items, in the till's order."""
    rows = await tx.execute(_OUTCOMES, (merchant_id, batch_id))
    return [Outcome(*row) async for row in rows]


async def used_steps(tx: Tx, *, coupons: Iterable[Found]) -> set[tuple[UUID, int]]:
    """The half minutes whose live codes took these coupons before."""
    changing = [each for each in coupons if each.rotating]
    if not changing:
        return set()
    arguments = {
        "buckets": [each.bucket for each in changing],
        "ids": [each.id for each in changing],
    }
    return {(each, step) async for each, step in await tx.execute(_STEPS, arguments)}


async def conflicts(
    tx: Tx, *, merchant_id: UUID | None, before: UUID | None, limit: int
) -> list[Conflict]:
    """At most ``limit`` items that were rejected, the newest first.

    Args:
        tx: a reading connection.
        merchant_id: whose; None, for officers: everybody's.
        before: the last id of the page before.
        limit: how many at most.

    """
    arguments = {
        "merchant_id": merchant_id,
        "before": before or UUID(int=2**128 - 1),
        "limit": limit,
    }
    if merchant_id is None:
        rows = await tx.execute(_OF_ALL, arguments)
    else:
        rows = await tx.execute(_OF_ONE, arguments)
    return [Conflict(*row) async for row in rows]


_OUTCOMES = """
SELECT place, order_no, accepted_at, outcome, reason, redemption_id, points, unit
  FROM offline_item WHERE merchant_id = %s AND batch_id = %s ORDER BY place
"""
_STEPS = """
SELECT u.redemption_id, u.step
  FROM rotating_use u JOIN unnest(%(buckets)b::smallint[], %(ids)b::uuid[]) AS t (bucket, id)
    ON u.bucket = t.bucket AND u.redemption_id = t.id
"""
_COLUMNS = """
SELECT i.id, i.merchant_id, i.batch_id, b.till_id, i.order_no, i.accepted_at, i.reason,
       i.redemption_id, i.points, i.unit, b.received_at
  FROM offline_item i
  JOIN offline_batch b ON b.merchant_id = i.merchant_id AND b.batch_id = i.batch_id
 WHERE i.outcome = 'rejected' AND i.id < %(before)s
"""
_OF_ALL = f"{_COLUMNS} ORDER BY i.id DESC LIMIT %(limit)s"
_OF_ONE = f"{_COLUMNS} AND i.merchant_id = %(merchant_id)s ORDER BY i.id DESC LIMIT %(limit)s"
