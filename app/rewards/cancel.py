"""Use case: a citizen gives a coupon back before it is used."""

from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import bucket_of
from app.rewards import claims, rules
from app.rewards.claims import Claim
from app.rewards.release_units import Resolved, give_back
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


async def cancel(tx: Tx, *, account_id: int, redemption_id: UUID, now: datetime) -> Claim:
    """Give points, use and unit back; cancelling again answers the same.

    The redemption's row is locked first, and its change is guarded by its state: of a cancel, a
    scan and a sweep at the same moment exactly one finds it held. Then balance, uses, budgets,
    and stock last. A merchant's suspension is no obstacle.

    Args:
        tx: the caller's transaction.
        account_id: whose redemption it is.
        redemption_id: which.
        now: when (UTC).

    Raises:
        RedemptionNotFound: the citizen has none with this id.
        CouponNotOpen: it is spent, or its hold has run out.

    """
    key = {"bucket": bucket_of(account_id), "account_id": account_id, "id": redemption_id}
    states = {
        "held": RedemptionState.held.value,
        "cancelled": RedemptionState.cancelled.value,
        "now": now,
    }
    await tx.execute(_LOCK, key)
    row = await (await tx.execute(_CANCEL, key | states)).fetchone()
    if row is not None:
        resolved = Resolved(*row)
        await give_back(tx, resolved=[resolved])
        log.info("redemption_cancelled", redemption_id=str(redemption_id), points=resolved.points)
    claim = await claims.claim(tx, account_id=account_id, redemption_id=redemption_id, now=now)
    if claim.state is not RedemptionState.cancelled:
        rules.ensure_usable(claim.state, claim.held_until, now)
    return claim


# Without it a till that undoes a sale between our two statements would let us answer "held".
_LOCK = """
SELECT FROM redemption
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(id)s FOR UPDATE
"""
_CANCEL = """
UPDATE redemption SET state = %(cancelled)s, resolved_at = %(now)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(id)s
   AND state = %(held)s AND held_until > %(now)s
RETURNING account_id, id, offer_id, unit, points, slot, household, device, created_at
"""
