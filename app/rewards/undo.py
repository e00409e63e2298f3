"""Use case: a till takes a sale back; the coupon is the customer's again, as it was before.

The rule follows the convention of coupon platforms: an undone sale makes the coupon usable again,
its points are held again, and its validity does not change; so a customer who was charged for
the wrong thing pays with the same coupon in the next minute. Points come back at once only where
that is meant: the citizen cancels the coupon, it runs out, or a manager refunds a sale.

In the ledger the sale and its refund stay; in the same transaction the points are held again, so
nothing else can spend them in between. A coupon that ran out meanwhile is found by the next
sweep, which gives its points back.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.ledger import hold
from app.ledger.refund import Refund, refund
from app.merchants import directory
from app.rewards import coupons_found, coupons_rules
from app.rewards.coupons_found import Goods
from app.rewards.coupons_rules import Desk
from app.rewards.errors import SaleNotFound
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Undone(Goods):
    """A sale that was taken back."""

    order_no: str
    held_until: datetime
    undone_at: datetime


@dataclass(frozen=True, slots=True)
class SaleKept:
    """Where a sale's coupon is, and what the ledger knows it by."""

    bucket: int
    redemption_id: UUID
    entry_ref: UUID
    scanned_at: datetime
    store_id: UUID | None


async def undo(tx: Tx, *, merchant_id: UUID, order_no: str, desk: Desk, now: datetime) -> Undone:
    """Take a sale back; the same order number answers the same.

    Args:
        tx: the caller's transaction.
        merchant_id: whose; another merchant's sale does not exist.
        order_no: the merchant's own number of the sale.
        desk: who stands at the counter; a till takes back sales of its own store.
        now: when (UTC).

    Raises:
        SaleNotFound: no coupon was taken under this number.
        CouponElsewhere: it was taken in another store.
        CodeSeen: it is a look at the merchant's own code.
        UndoTooLate: more than ten minutes have passed.
        SaleRefunded: points of it were given back.
        SaleSettled: it is in a settlement.
        UndoneTooOften: ten sales of this coupon were undone before.
        MerchantSuspended: the merchant may not act now.

    """
    sale = await sale_of(tx, merchant_id=merchant_id, order_no=order_no)
    found = await coupons_found.lock_sale(
        tx, merchant_id=merchant_id, bucket=sale.bucket, redemption_id=sale.redemption_id
    )
    before = await (await tx.execute(_BEFORE, (merchant_id, order_no))).fetchone()
    if before is None:
        await directory.ensure_active(tx, merchant_id=merchant_id)
        if desk.store_id is not None and sale.store_id is not None:
            coupons_rules.ensure_here([sale.store_id], desk=desk)
        coupons_rules.ensure_undoable(
            scanned_at=sale.scanned_at,
            undone=found.undone,
            refunded_points=found.refunded_points,
            settled=found.settled,
            merchant_code=found.merchant_code,
            now=now,
        )
        await _take_back(tx, merchant_id, order_no, found, sale, desk=desk, now=now)
    return Undone(
        order_no=order_no,
        **found.goods,
        held_until=found.held_until,
        undone_at=now if before is None else before[0],
    )


async def sale_of(tx: Tx, *, merchant_id: UUID, order_no: str) -> SaleKept:
    """The sale under one of the merchant's order numbers.

    Raises:
        SaleNotFound: there is none.

    """
    row = await (await tx.execute(_SALE, (merchant_id, order_no))).fetchone()
    if row is None:
        raise SaleNotFound(
            "You took no coupon under this order number.", "没有该订单号的核销记录。"
        )
    return SaleKept(*row)


async def _take_back(
    tx: Tx,
    merchant_id: UUID,
    order_no: str,
    found: coupons_found.Found,
    sale: SaleKept,
    *,
    desk: Desk,
    now: datetime,
) -> None:
    undo_id = new_id()
    arguments = {
        "merchant_id": merchant_id,
        "order_no": order_no,
        "id": undo_id,
        "bucket": found.bucket,
        "account_id": found.account_id,
        "redemption_id": found.id,
        "points": found.points,
        "actor": desk.actor,
        "held": RedemptionState.held.value,
        "spent": RedemptionState.spent.value,
        "now": now,
    }
    reopened = await tx.execute(_REOPEN, arguments)
    assert reopened.rowcount == 1, "a sale that was not undone has a spent coupon"
    back = Refund(found.account_id, found.points, sale.entry_ref, undo_id, now)
    await refund(tx, refunds=[back], now=now, unit=found.unit)
    await hold.hold(tx, account_id=found.account_id, points=found.points, unit=found.unit)
    await tx.execute(_KEEP, arguments)
    log.info("sale_undone", redemption_id=str(found.id), points=found.points)


_SALE = """
SELECT bucket, redemption_id, coalesce(entry_ref, redemption_id), scanned_at, store_id
  FROM scan WHERE merchant_id = %s AND order_no = %s
"""
_BEFORE = "SELECT undone_at FROM coupon_undo WHERE merchant_id = %s AND order_no = %s"
_REOPEN = """
UPDATE redemption SET state = %(held)s, resolved_at = NULL, presented_at = NULL,
       presented_by = NULL, undone = undone + 1
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(redemption_id)s
   AND state = %(spent)s
"""
_KEEP = """
INSERT INTO coupon_undo (merchant_id, order_no, id, bucket, account_id, redemption_id, points,
                         actor, undone_at)
VALUES (%(merchant_id)s, %(order_no)s, %(id)s, %(bucket)s, %(account_id)s, %(redemption_id)s,
        %(points)s, %(actor)s, %(now)s)
"""
