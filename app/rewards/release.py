"""Use case: holds that ran out give their points, uses and units back.

Called by the worker, one bucket and one transaction at a time. Nothing marks a bucket as done:
what is late and still held is found again until it is not.
"""

from datetime import datetime

import structlog

from app.database import Tx
from app.rewards.release_units import Resolved, give_back
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


async def buckets_due(tx: Tx, *, now: datetime) -> list[int]:
    """The buckets in which a hold has run out by ``now`` (UTC)."""
    rows = await tx.execute(_DUE, {"held": RedemptionState.held.value, "now": now})
    return [bucket async for (bucket,) in rows]


async def release_late(tx: Tx, *, bucket: int, limit: int, now: datetime) -> int:
    """Expire at most ``limit`` late holds of one bucket; set-based over its accounts.

    A redemption that somebody is just scanning or cancelling is left to them. Locks in the
    house's order: redemptions, balances (sorted), uses, budgets, stock (sorted).

    Args:
        tx: the caller's transaction.
        bucket: 0 to 1023.
        limit: how many holds at most; the oldest first.
        now: when (UTC).

    Returns:
        How many were released; as many as ``limit`` means that more may wait.

    """
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
    expired = [Resolved(*row) async for row in rows]
    await give_back(tx, resolved=expired)
    if expired:
        points = sum(each.points for each in expired)
        log.info("holds_released", bucket=bucket, holds=len(expired), points=points)
    return len(expired)


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
RETURNING r.account_id, r.id, r.offer_id, r.unit, r.points, r.slot, r.household, r.device,
          r.created_at
"""
