"""Use case: a till asks what a coupon is; for a minute it is then this till's alone."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.merchants import directory
from app.rewards import coupons, coupons_found, coupons_rules
from app.rewards.coupons_found import Goods
from app.rewards.coupons_rules import LOCK, Desk, Shown
from app.rewards.scan import live_step


@dataclass(frozen=True, slots=True)
class Presented(Goods):
    """What a coupon is, and nothing about who shows it; ``locked_until`` None: not usable."""

    face_value_fen: int
    held_until: datetime
    state: Shown
    locked_until: datetime | None


async def present(
    tx: Tx, *, merchant_id: UUID, coupon: str, desk: Desk, coupon_key: bytes, now: datetime
) -> Presented:
    """Say what the coupon is; one that can be used waits a minute for this till.

    A coupon that was used, cancelled or is late is told as such, without a refusal.

    Args:
        tx: the caller's transaction.
        merchant_id: whose till it is; another merchant's coupon does not exist for it.
        coupon: what was scanned or typed.
        desk: who stands at the counter.
        coupon_key: the key that codes are worked out with.
        now: when (UTC).

    Raises:
        CouponUnreadable: it cannot be one of our codes.
        CouponMistyped: its check symbol does not fit.
        CouponNotFound: this merchant has no such coupon.
        MerchantCodeInstead: the offer hands out the merchant's own codes.
        CouponElsewhere: it is bound to other stores.
        CouponAtOtherTill: another till has it in hand.
        LiveCodeNeeded: its code rotates.
        CodeStale: the live code is old.
        MerchantSuspended: the merchant may not take coupons now.

    """
    asked = coupons.read(coupon)
    locked = await coupons_found.lock(tx, merchant_id=merchant_id, asked=[asked])
    found = locked.get((asked.bucket, asked.digest))
    if found is None:
        raise coupons_found.not_found()
    await directory.ensure_active(tx, merchant_id=merchant_id)
    coupons_rules.ensure_coupon(merchant_code=found.merchant_code)
    state = coupons_rules.shown(found.standing, now)
    locked_until = None
    if state in {Shown.held, Shown.presented}:
        coupons_rules.ensure_here(found.store_ids, desk=desk)
        coupons_rules.ensure_free(found.presented_at, found.presented_by, desk=desk, now=now)
        live_step(found, asked.live, desk=desk, coupon_key=coupon_key, now=now)
        state, locked_until = Shown.presented, now + LOCK
        await tx.execute(
            _PRESENT,
            {
                "bucket": found.bucket,
                "account_id": found.account_id,
                "id": found.id,
                "actor": desk.actor,
                "now": now,
            },
        )
    return Presented(
        **found.goods,
        face_value_fen=found.face_value_fen,
        held_until=found.held_until,
        state=state,
        locked_until=locked_until,
    )


_PRESENT = """
UPDATE redemption SET presented_at = %(now)s, presented_by = %(actor)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(id)s AND state = 1
"""
