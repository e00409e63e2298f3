"""Use case: a till takes a coupon, and the merchant is owed its points. Once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.database import Tx
from app.ledger import hold
from app.rewards import coupons, rules
from app.rewards.errors import CouponNotFound, OrderNumberUsed
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scanned:
    """A coupon that was spent, and the merchant's own number for the sale."""

    order_no: str
    redemption_id: UUID
    offer_id: UUID
    title_zh: str
    title_en: str
    points: int
    scanned_at: datetime


async def scan(tx: Tx, *, merchant_id: UUID, order_no: str, coupon: str, now: datetime) -> Scanned:
    """Spend the coupon in favour of the merchant; the same order number answers the same.

    The redemption is locked first, by the code's digest and by the merchant, so of many tills
    one is paid and the others see what it did.

    Args:
        tx: the caller's transaction.
        merchant_id: whose till it is; another merchant's coupon does not exist for it.
        order_no: the merchant's own number of the sale; a retry sends it again.
        coupon: what was scanned or typed.
        now: when (UTC).

    Raises:
        CouponUnreadable: it cannot be one of our codes.
        CouponNotFound: this merchant has no such coupon.
        OrderNumberUsed: the number stands for another coupon.
        CouponNotOpen: spent under another number, cancelled, or too late.

    """
    asked = coupons.read(coupon)
    redemption = await _locked(tx, asked, merchant_id)
    before = await _before(tx, merchant_id, order_no)
    if before is not None:
        if before.redemption_id == redemption["id"]:
            return before
        raise _other_coupon(order_no)
    rules.ensure_usable(redemption["state"], redemption["held_until"], now)
    spent = await tx.execute(
        _SPEND,
        redemption
        | {
            "merchant_id": merchant_id,
            "order_no": order_no,
            "spent": RedemptionState.spent.value,
            "now": now,
        },
    )
    if spent.rowcount == 0:  # another till of ours used the number while we looked
        raise _other_coupon(order_no)
    await hold.spend(
        tx,
        account_id=redemption["account_id"],
        points=redemption["points"],
        contra=redemption["contra"],
        ref=redemption["id"],
        now=now,
    )
    log.info("coupon_spent", redemption_id=str(redemption["id"]), points=redemption["points"])
    return Scanned(
        order_no=order_no,
        redemption_id=redemption["id"],
        offer_id=redemption["offer_id"],
        title_zh=redemption["title_zh"],
        title_en=redemption["title_en"],
        points=redemption["points"],
        scanned_at=now,
    )


async def _locked(tx: Tx, asked: coupons.Coupon, merchant_id: UUID) -> dict[str, Any]:
    arguments = {"bucket": asked.bucket, "digest": asked.digest, "merchant_id": merchant_id}
    row = await (await tx.execute(_LOCK, arguments)).fetchone()
    if row is None:
        raise CouponNotFound("No coupon of this merchant has this code.", "本商户没有该券码。")
    return dict(zip(_LOCKED, row, strict=True))


async def _before(tx: Tx, merchant_id: UUID, order_no: str) -> Scanned | None:
    """What this order number stands for; read after the lock, so a twin's work is seen."""
    row = await (await tx.execute(_BEFORE, (merchant_id, order_no))).fetchone()
    return None if row is None else Scanned(*row)


def _other_coupon(order_no: str) -> OrderNumberUsed:
    return OrderNumberUsed(
        "This order number was used for another coupon; give each coupon its own.",
        "该订单号已用于其他券码,请为每张券使用不同的订单号。",
        order_no=order_no,
    )


_LOCKED = (
    "bucket",
    "account_id",
    "id",
    "offer_id",
    "points",
    "contra",
    "state",
    "held_until",
    "title_zh",
    "title_en",
)
_LOCK = """
SELECT r.bucket, r.account_id, r.id, r.offer_id, r.points, r.contra, r.state, r.held_until,
       o.title_zh, o.title_en
  FROM redemption r JOIN offer o ON o.id = r.offer_id
 WHERE r.bucket = %(bucket)s AND r.coupon_digest = %(digest)s
   AND r.merchant_id = %(merchant_id)s
   FOR UPDATE OF r
"""
_BEFORE = """
SELECT s.order_no, s.redemption_id, r.offer_id, o.title_zh, o.title_en, s.points, s.scanned_at
  FROM scan s
  JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                   AND r.id = s.redemption_id
  JOIN offer o ON o.id = r.offer_id
 WHERE s.merchant_id = %s AND s.order_no = %s
"""

# The order number is claimed first; a twin with another coupon waits there for our commit, and
# then changes nothing.
_SPEND = """
WITH claimed AS (
  INSERT INTO scan (merchant_id, order_no, bucket, account_id, redemption_id, points, scanned_at)
  VALUES (%(merchant_id)s, %(order_no)s, %(bucket)s, %(account_id)s, %(id)s, %(points)s, %(now)s)
  ON CONFLICT (merchant_id, order_no) DO NOTHING
  RETURNING bucket, account_id, redemption_id
)
UPDATE redemption r SET state = %(spent)s, resolved_at = %(now)s
  FROM claimed c
 WHERE r.bucket = c.bucket AND r.account_id = c.account_id AND r.id = c.redemption_id
"""
