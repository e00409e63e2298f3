"""Use case: a citizen claims one unit of an offer, and the price is held."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import bucket_of, new_id
from app.ledger import hold
from app.ledger.units import POINTS
from app.rewards import coupons, rules
from app.rewards.errors import LimitReached
from app.rewards.tables import OfferState, RedemptionState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a citizen has just got; `coupons.code_of` makes the code from ``redemption_id``."""

    redemption_id: UUID
    offer_id: UUID
    title_zh: str
    title_en: str
    points: int
    held_until: datetime


async def redeem(
    tx: Tx, *, account_id: int, offer_id: UUID, coupon_key: bytes, now: datetime
) -> Redeemed:
    """Hold the offer's price, count the unit against the citizen's limit, and take it.

    Locks are taken in the house's order: balance, use, stock. The stock comes last, because
    everybody wants that row: it is held only until the commit. A refusal undoes all of it by
    undoing the transaction.

    Args:
        tx: the caller's transaction.
        account_id: who claims.
        offer_id: what.
        coupon_key: the key that coupon codes are worked out with.
        now: when (UTC).

    Raises:
        OfferNotFound: the offer does not exist, is not published, or has closed.
        OfferNotYetOpen: it opens later.
        OfferSoldOut: no unit is left.
        LimitReached: the citizen holds or has spent as many as one person may.
        InsufficientPoints: the citizen cannot pay.

    """
    published = OfferState.published.value
    offer = await (await tx.execute(_OFFER, (offer_id, published))).fetchone()
    if offer is None:
        raise rules.no_such_offer()
    merchant_id, contra, title_zh, title_en, points, per_citizen = offer[:6]
    opens_at, closes_at, remaining = offer[6:]
    rules.ensure_open(opens_at, closes_at, remaining, now)
    await hold.hold(tx, account_id=account_id, points=points)

    redemption_id, bucket = new_id(), bucket_of(account_id)
    code = coupons.code_of(coupon_key, bucket=bucket, redemption_id=redemption_id)
    held_until = rules.hold_until(closes_at, now)
    kept = await tx.execute(
        _KEEP,
        {
            "bucket": bucket,
            "account_id": account_id,
            "id": redemption_id,
            "unit": POINTS,
            "offer_id": offer_id,
            "merchant_id": merchant_id,
            "contra": contra,
            "points": points,
            "coupon_digest": coupons.digest(code),
            "held": RedemptionState.held.value,
            "now": now,
            "held_until": held_until,
            "per_citizen": per_citizen,
        },
    )
    if kept.rowcount == 0:
        raise LimitReached(
            f"One person may have {per_citizen} of this offer.",
            f"该商品每人限兑 {per_citizen} 份。",
            per_citizen=per_citizen,
        )
    # Whoever waited for the row sees what the winner left, not what was there before: with
    # nothing left it is sold out, and with a unit left it is ours.
    if (await tx.execute(_TAKE, (offer_id,))).rowcount == 0:
        raise rules.sold_out()
    log.info("redemption_held", redemption_id=str(redemption_id), points=points)
    return Redeemed(redemption_id, offer_id, title_zh, title_en, points, held_until)


_OFFER = """
SELECT o.merchant_id, o.contra, o.title_zh, o.title_en, o.points, o.per_citizen, o.opens_at,
       o.closes_at, s.remaining
  FROM offer o JOIN offer_stock s ON s.offer_id = o.id
 WHERE o.id = %s AND o.state = %s
"""

# The limit's guard stands in the upsert, so two requests of one citizen cannot both pass it;
# the redemption is written if and only if the use was counted.
_KEEP = """
WITH counted AS (
  INSERT INTO offer_use AS u (bucket, account_id, offer_id, used)
  VALUES (%(bucket)s, %(account_id)s, %(offer_id)s, 1)
  ON CONFLICT (bucket, account_id, offer_id) DO UPDATE SET used = u.used + 1
    WHERE u.used < %(per_citizen)s
  RETURNING bucket, account_id, offer_id
)
INSERT INTO redemption (bucket, account_id, id, unit, offer_id, merchant_id, contra, points,
                        coupon_digest, state, created_at, held_until)
SELECT bucket, account_id, %(id)s, %(unit)s, offer_id, %(merchant_id)s, %(contra)s, %(points)s,
       %(coupon_digest)s, %(held)s, %(now)s, %(held_until)s
  FROM counted
"""

_TAKE = """
UPDATE offer_stock SET remaining = remaining - 1 WHERE offer_id = %s AND remaining > 0
"""
