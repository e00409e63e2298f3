"""Use case: show a citizen the merchant's code that belongs to their redemption.

Whoever has seen such a code can use it where we see nothing: showing it is spending it. Before
that it may be given back; afterwards it is shown again and again, and is never anybody else's.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.merchants import directory
from app.rewards import claims, codes_seal, coupons_found, rules
from app.rewards.claims import Claim
from app.rewards.coupons_rules import Desk
from app.rewards.offers_errors import NoMerchantCode
from app.rewards.scan_spend import Taken, spend

_NOBODY = Desk("-")
"""A look is a sale at which no till stood."""


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
    if not claim.merchant_code:
        raise NoMerchantCode(
            "Show the coupon; this offer has no code of the merchant's.",
            "该商品无商户券码,请直接出示本券。",
        )
    if not await _looked(tx, claim):
        await _look(tx, claim, now=now)
    found = await (await tx.execute(_SEALED, (redemption_id,))).fetchone()
    assert found is not None, "a redemption of such an offer has its code"
    code = codes_seal.unseal(key, offer_id=claim.offer_id, sealed=bytes(found[0]))
    return Shown(redemption_id, claim.offer_id, code)


async def _look(tx: Tx, claim: Claim, *, now: datetime) -> None:
    """Spend the points under the lock that cancels, sweeps and other looks wait for."""
    found = await coupons_found.lock_sale(
        tx, merchant_id=claim.merchant_id, bucket=claim.bucket, redemption_id=claim.id
    )
    if await _looked(tx, claim):  # a twin did, while we waited
        return
    rules.ensure_usable(found.state, found.held_until, now)
    await directory.ensure_active(tx, merchant_id=claim.merchant_id)
    # Older versions let tills undo a look; the next one is a sale of its own.
    order_no = f"code-{claim.id}" + (f"-{found.undone + 1}" if found.undone else "")
    taken = [Taken(order_no, found, None)]
    await spend(tx, merchant_id=claim.merchant_id, taken=taken, now=now, desk=_NOBODY)
    await tx.execute(_KEEP, {"id": claim.id, "now": now})


async def _looked(tx: Tx, claim: Claim) -> bool:
    """Whether the redemption is spent, and by a look; what a till took shows no code."""
    arguments = {"bucket": claim.bucket, "id": claim.id, "nobody": _NOBODY.actor}
    return await (await tx.execute(_LOOKED, arguments)).fetchone() is not None


_LOOKED = """
SELECT FROM redemption r
  JOIN scan s ON s.bucket = r.bucket AND s.redemption_id = r.id AND s.cycle = r.undone + 1
 WHERE r.bucket = %(bucket)s AND r.id = %(id)s AND r.state = 2
   AND s.actor = %(nobody)s AND s.order_no LIKE 'code-%%'
"""
_KEEP = """
UPDATE offer_code SET shown_at = coalesce(shown_at, %(now)s) WHERE redemption_id = %(id)s
"""
_SEALED = "SELECT sealed FROM offer_code WHERE redemption_id = %s"
