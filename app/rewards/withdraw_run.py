"""The job behind `withdraw`: unused coupons of an offer become void, tickets close, in chunks.

What is still held is found again until nothing is, so a job that was killed is simply run again;
progress is counted in the transaction of each chunk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.database import Database, Tx
from app.rewards import queue_step, withdraw_tell
from app.rewards.release_units import Resolved, give_back
from app.rewards.tables import RedemptionState

log = structlog.get_logger()

HOLDS_PER_STEP = 500
LOOKED_AFTER = timedelta(hours=1)
"""How long a finished one is looked at again: a ticket may have been taken at the same moment."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a withdrawal has come."""

    offer_id: UUID
    released: int
    points: int
    made_at: datetime
    finished_at: datetime | None


async def unfinished(tx: Tx, *, now: datetime) -> list[UUID]:
    """Withdrawals that are not finished, or were so recently."""
    return [each async for (each,) in await tx.execute(_UNFINISHED, (now - LOOKED_AFTER,))]


async def progress(tx: Tx, *, offer_id: UUID) -> Progress | None:
    """How far the withdrawal of an offer has come; None when it was not taken back."""
    row = await (await tx.execute(_PROGRESS, (offer_id,))).fetchone()
    return Progress(*row) if row is not None else None


async def make_whole(database: Database, *, offer_id: UUID, clock: Callable[[], datetime]) -> int:
    """Give everything back that holders of an offer have not used; how many were made whole."""
    total = 0
    async with database.reading() as tx:
        buckets = [bucket async for (bucket,) in await tx.execute(_BUCKETS, (offer_id,))]
    for bucket in buckets:
        done = HOLDS_PER_STEP
        while done == HOLDS_PER_STEP:
            async with database.writing() as tx:
                done = await void_some(
                    tx, offer_id=offer_id, bucket=bucket, limit=HOLDS_PER_STEP, now=clock()
                )
            total += done
    done = HOLDS_PER_STEP
    while done == HOLDS_PER_STEP:
        async with database.writing() as tx:
            done = await queue_step.step(tx, offer_id=offer_id, limit=HOLDS_PER_STEP, now=clock())
        total += done
    async with database.writing() as tx:
        await tx.execute(_FINISH, {"offer_id": offer_id, "now": clock()})
    return total


async def void_some(tx: Tx, *, offer_id: UUID, bucket: int, limit: int, now: datetime) -> int:
    """Make at most ``limit`` holders of one bucket whole, and tell them; how many.

    A coupon that is being scanned or cancelled at this moment is waited for: whoever is first
    has it.
    """
    arguments = {
        "offer_id": offer_id,
        "bucket": bucket,
        "limit": limit,
        "held": RedemptionState.held.value,
        "void": RedemptionState.void.value,
        "now": now,
    }
    resolved = [Resolved(*row) async for row in await tx.execute(_VOID, arguments)]
    if not resolved:
        return 0
    await give_back(tx, resolved=resolved)
    await withdraw_tell.tell(tx, offer_id=offer_id, resolved=resolved, now=now)
    log.info("holders_made_whole", offer_id=str(offer_id), holds=len(resolved))
    return len(resolved)


_UNFINISHED = """
SELECT offer_id FROM offer_withdrawal WHERE finished_at IS NULL OR finished_at > %s
 ORDER BY offer_id
"""
_PROGRESS = """
SELECT offer_id, released, points, made_at, finished_at FROM offer_withdrawal WHERE offer_id = %s
"""
_BUCKETS = "SELECT DISTINCT bucket FROM redemption WHERE offer_id = %s AND state = 1 ORDER BY 1"
_VOID = """
WITH open AS MATERIALIZED (
  SELECT bucket, account_id, id FROM redemption
   WHERE bucket = %(bucket)s AND offer_id = %(offer_id)s AND state = %(held)s
   ORDER BY account_id, id LIMIT %(limit)s FOR UPDATE
)
UPDATE redemption r SET state = %(void)s, resolved_at = %(now)s
  FROM open o
 WHERE r.bucket = o.bucket AND r.account_id = o.account_id AND r.id = o.id
RETURNING r.account_id, r.id, r.offer_id, r.unit, r.points, r.slot, r.household, r.device,
          r.created_at
"""
_FINISH = """
UPDATE offer_withdrawal SET finished_at = coalesce(finished_at, %(now)s)
 WHERE offer_id = %(offer_id)s
"""
