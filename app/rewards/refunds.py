"""Use case: a manager gives points of a sale back, in part or whole, until nothing is left.

The points come out of what the merchant is owed, back into the lots they were spent from. The
coupon stays spent: what was fetched with it was fetched. Late refunds of settled sales are found
by the settlement of the day on which they are made.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.ledger.refund import Refund, refund
from app.merchants import directory
from app.rewards import coupons_found, undo
from app.rewards.errors import RefundAboveSale, RefundNumberUsed, SaleUndone
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refunded:
    """Points that were given back; ``refunded_points`` is the sum with these."""

    refund_no: str
    order_no: str
    points: int
    refunded_points: int
    made_at: datetime
    unit: str
    unit_zh: str
    unit_en: str


async def refund_sale(
    tx: Tx,
    *,
    merchant_id: UUID,
    order_no: str,
    refund_no: str,
    points: int,
    actor: str,
    now: datetime,
) -> Refunded:
    """Give points of a sale back; the same refund number answers the same.

    Args:
        tx: the caller's transaction.
        merchant_id: whose; another merchant's sale does not exist.
        order_no: the merchant's own number of the sale.
        refund_no: the merchant's own number of this refund.
        points: whole points, more than none.
        actor: who, by name.
        now: when (UTC).

    Raises:
        SaleNotFound: no coupon was taken under this number.
        SaleUndone: the sale was undone; nothing is left to give back.
        RefundAboveSale: less than that is left of the sale.
        RefundNumberUsed: the number stands for another refund.
        MerchantSuspended: the merchant may not act now.

    """
    sale = await undo.sale_of(tx, merchant_id=merchant_id, order_no=order_no)
    found = await coupons_found.lock_sale(
        tx, merchant_id=merchant_id, bucket=sale.bucket, redemption_id=sale.redemption_id
    )
    unit = (found.unit_code, found.unit_zh, found.unit_en)
    before = await (await tx.execute(_BEFORE, (merchant_id, refund_no))).fetchone()
    if before is not None:
        known = Refunded(*(*before, *unit))
        if (known.order_no, known.points) != (order_no, points):
            raise _other_refund(refund_no)
        return known
    undone = await tx.execute(_UNDONE, (merchant_id, order_no))
    if await undone.fetchone() is not None:
        raise SaleUndone(
            "The sale was undone: the customer has the coupon again.",
            "该笔核销已撤销,券已退还顾客。",
        )
    await directory.ensure_active(tx, merchant_id=merchant_id)
    refund_id = new_id()
    arguments = {
        "merchant_id": merchant_id,
        "refund_no": refund_no,
        "order_no": order_no,
        "id": refund_id,
        "bucket": found.bucket,
        "account_id": found.account_id,
        "redemption_id": found.id,
        "points": points,
        "refunded_points": found.refunded_points + points,
        "actor": actor,
        "spent": RedemptionState.spent.value,
        "now": now,
    }
    if (await tx.execute(_COUNT, arguments)).rowcount == 0:
        left = found.points - found.refunded_points
        raise RefundAboveSale(
            f"{left} points of this sale are left; {points} cannot be given back.",
            f"该笔核销剩余可退 {left} 积分,无法退回 {points} 积分。",
            left=left,
        )
    back = Refund(found.account_id, points, sale.entry_ref, refund_id, now)
    await refund(tx, refunds=[back], now=now, unit=found.unit)
    if (await tx.execute(_KEEP, arguments)).rowcount == 0:
        raise _other_refund(refund_no)  # another sale's refund took the number meanwhile
    log.info("sale_refunded", redemption_id=str(found.id), points=points)
    return Refunded(refund_no, order_no, points, found.refunded_points + points, now, *unit)


def _other_refund(refund_no: str) -> RefundNumberUsed:
    return RefundNumberUsed(
        "This refund number stands for another refund; give each refund its own.",
        "该退款单号已用于其他退款,请为每笔退款使用不同的单号。",
        refund_no=refund_no,
    )


_BEFORE = """
SELECT refund_no, order_no, points, refunded_points, made_at
  FROM coupon_refund WHERE merchant_id = %s AND refund_no = %s
"""
_UNDONE = "SELECT FROM coupon_undo WHERE merchant_id = %s AND order_no = %s"
_COUNT = """
UPDATE redemption SET refunded_points = refunded_points + %(points)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(redemption_id)s
   AND state = %(spent)s AND refunded_points + %(points)s <= points
"""
_KEEP = """
INSERT INTO coupon_refund (merchant_id, refund_no, order_no, id, bucket, account_id,
                           redemption_id, points, refunded_points, actor, made_at)
VALUES (%(merchant_id)s, %(refund_no)s, %(order_no)s, %(id)s, %(bucket)s, %(account_id)s,
        %(redemption_id)s, %(points)s, %(refunded_points)s, %(actor)s, %(now)s)
ON CONFLICT DO NOTHING
"""
