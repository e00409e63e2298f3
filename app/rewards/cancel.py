"""Use case: a citizen gives a coupon back before it is used."""

from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import bucket_of
from app.ledger import hold
from app.rewards import claims, rules
from app.rewards.claims import Claim
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


async def cancel(tx: Tx, *, account_id: int, redemption_id: UUID, now: datetime) -> Claim:
    """Give points, use and unit back; cancelling again answers the same.

    The redemption's row is changed first and guarded by its state: of a cancel, a scan and a
    sweep at the same moment exactly one finds it held. Then balance, use, and stock last.

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
    row = await (await tx.execute(_CANCEL, key | states)).fetchone()
    if row is not None:
        offer_id, points = row
        await hold.release(tx, account_id=account_id, points=points)
        await tx.execute(_UNCOUNT, key | {"offer_id": offer_id})
        await tx.execute(_PUT_BACK, (offer_id,))
        log.info("redemption_cancelled", redemption_id=str(redemption_id), points=points)
    claim = await claims.claim(tx, account_id=account_id, redemption_id=redemption_id, now=now)
    if claim.state is not RedemptionState.cancelled:
        rules.ensure_usable(claim.state, claim.held_until, now)
    return claim


_CANCEL = """
UPDATE redemption SET state = %(cancelled)s, resolved_at = %(now)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(id)s
   AND state = %(held)s AND held_until > %(now)s
RETURNING offer_id, points
"""
_UNCOUNT = """
UPDATE offer_use SET used = used - 1
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND offer_id = %(offer_id)s
"""
_PUT_BACK = "UPDATE offer_stock SET remaining = remaining + 1 WHERE offer_id = %s"
