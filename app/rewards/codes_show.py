"""Use case: show a citizen the merchant's code that belongs to their redemption.

Whoever has seen such a code can use it where we see nothing: showing it is spending it, by the
same door as a till's. Before that it may be given back; afterwards it is shown again and again.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.rewards import claims, codes_seal, coupons, rules
from app.rewards.offers_errors import NoMerchantCode
from app.rewards.scan import scan
from app.rewards.tables import Delivery, RedemptionState


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A merchant's code. Never printed."""

    redemption_id: UUID
    offer_id: UUID
    code: str


async def show(tx: Tx, *, account_id: int, redemption_id: UUID, key: bytes, now: datetime) -> Shown:
    """Open the code; the first time, the merchant is owed its points.

    Args:
        tx: the caller's transaction.
        account_id: whose redemption it is.
        redemption_id: which.
        key: what codes are sealed, and coupons worked out, with.
        now: when (UTC).

    Raises:
        RedemptionNotFound: the citizen has none with this id.
        NoMerchantCode: the offer gives a coupon of ours.
        CouponNotOpen: it was given back, or its hold has run out.

    """
    claim = await claims.claim(tx, account_id=account_id, redemption_id=redemption_id, now=now)
    row = await (await tx.execute(_DELIVERY, (claim.offer_id,))).fetchone()
    if row is None or row[0] != Delivery.merchant_code:
        raise NoMerchantCode(
            "Show the coupon; this offer has no code of the merchant's.",
            "该商品无商户券码,请直接出示本券。",
        )
    if claim.state is not RedemptionState.spent:
        rules.ensure_usable(claim.state, claim.held_until, now)
        coupon = coupons.code_of(key, bucket=bucket_of(account_id), redemption_id=redemption_id)
        await scan(
            tx,
            merchant_id=claim.merchant_id,
            order_no=f"code-{redemption_id}",
            coupon=coupon,
            now=now,
        )
    found = await (await tx.execute(_SEALED, (redemption_id,))).fetchone()
    assert found is not None, "a redemption of such an offer has its code"
    code = codes_seal.unseal(key, offer_id=claim.offer_id, sealed=bytes(found[0]))
    return Shown(redemption_id, claim.offer_id, code)


_DELIVERY = "SELECT delivery FROM offer WHERE id = %s"
_SEALED = "SELECT sealed FROM offer_code WHERE redemption_id = %s"
