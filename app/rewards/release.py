"""Use case: holds that ran out give their points, uses and units back.

Called by the worker, one bucket and one transaction at a time. Nothing marks a bucket as done:
what is late and still held is found again until it is not.
"""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import bucket_of
from app.ledger import hold
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


async def buckets_due(tx: Tx, *, now: datetime) -> list[int]:
    """The buckets in which a hold has run out by ``now`` (UTC)."""
    rows = await tx.execute(_DUE, {"held": RedemptionState.held.value, "now": now})
    return [bucket async for (bucket,) in rows]


async def release_late(tx: Tx, *, bucket: int, limit: int, now: datetime) -> int:
    """Expire at most ``limit`` late holds of one bucket.

    A redemption that somebody is just scanning or cancelling is left to them. Locks in the
    house's order: redemptions, balances (sorted), uses, stock (sorted).

    Args:
        tx: the caller's transaction.
        bucket: 0 to 1023.
        limit: how many holds at most; the oldest first.
        now: when (UTC).

    Returns:
        How many were released; as many as ``limit`` means that more may wait.

    """
    expired = await _expire(tx, bucket, limit, now)
    if not expired:
        return 0
    points_of: Counter[int] = Counter()
    uses_of: Counter[tuple[int, UUID]] = Counter()
    units_of: Counter[UUID] = Counter()
    for account_id, offer_id, points in expired:
        points_of[account_id] += points
        uses_of[account_id, offer_id] += 1
        units_of[offer_id] += 1
    # One statement an account: the book's door takes one, and few people of one bucket (three
    # thousand in a large city) let a coupon run out in the same minute.
    for account_id in sorted(points_of):
        await hold.release(tx, account_id=account_id, points=points_of[account_id])
    await _uncount(tx, bucket, uses_of)
    await _put_back(tx, units_of)
    log.info("holds_released", bucket=bucket, holds=len(expired), points=points_of.total())
    return len(expired)


async def _expire(tx: Tx, bucket: int, limit: int, now: datetime) -> list[tuple[Any, ...]]:
    rows = await tx.execute(
        _EXPIRE,
        {
            "bucket": bucket,
            "limit": limit,
            "now": now,
            "held": RedemptionState.held.value,
            "expired": RedemptionState.expired.value,
        },
    )
    return await rows.fetchall()


async def _uncount(tx: Tx, bucket: int, uses_of: Counter[tuple[int, UUID]]) -> None:
    """Whoever changes a use holds the citizen's balance first, as we do: nobody is in the way."""
    keys = sorted(uses_of)
    assert all(bucket_of(account_id) == bucket for account_id, _ in keys), "one bucket a sweep"
    await tx.execute(
        _UNCOUNT,
        {
            "bucket": bucket,
            "accounts": [account_id for account_id, _ in keys],
            "offers": [offer_id for _, offer_id in keys],
            "uses": [uses_of[key] for key in keys],
        },
    )


async def _put_back(tx: Tx, units_of: Counter[UUID]) -> None:
    """Lock in key order, then add in the next statement, which sees what the lock waited for.

    In one statement the sum would first be checked against a row that is out of date.
    """
    offers = sorted(units_of)
    arguments = {"offers": offers, "units": [units_of[offer_id] for offer_id in offers]}
    await tx.execute(_LOCK_STOCK, arguments)
    await tx.execute(_PUT_BACK, arguments)


_DUE = """
SELECT DISTINCT bucket FROM redemption
 WHERE state = %(held)s AND held_until <= %(now)s ORDER BY bucket
"""

# MATERIALIZED: a subquery with LIMIT and SKIP LOCKED that the planner runs twice would lock,
# and release, more than it was told to.
_EXPIRE = """
WITH late AS MATERIALIZED (
  SELECT bucket, account_id, id FROM redemption
   WHERE bucket = %(bucket)s AND state = %(held)s AND held_until <= %(now)s
   ORDER BY held_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE redemption r SET state = %(expired)s, resolved_at = %(now)s
  FROM late l
 WHERE r.bucket = l.bucket AND r.account_id = l.account_id AND r.id = l.id
RETURNING r.account_id, r.offer_id, r.points
"""

_UNCOUNT = """
UPDATE offer_use u SET used = u.used - t.n
  FROM unnest(%(accounts)b::bigint[], %(offers)b::uuid[], %(uses)b::int[])
    AS t (account_id, offer_id, n)
 WHERE u.bucket = %(bucket)s AND u.account_id = t.account_id AND u.offer_id = t.offer_id
"""

_LOCK_STOCK = """
SELECT 1 FROM offer_stock WHERE offer_id = ANY (%(offers)b::uuid[]) ORDER BY offer_id FOR UPDATE
"""
_PUT_BACK = """
UPDATE offer_stock s SET remaining = s.remaining + t.n
  FROM unnest(%(offers)b::uuid[], %(units)b::int[]) AS t (offer_id, n)
 WHERE s.offer_id = t.offer_id
"""
