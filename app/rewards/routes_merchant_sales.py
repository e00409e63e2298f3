"""Sales that are taken back: undone at the till, refunded by a manager; and live codes."""

from fastapi import APIRouter, Request, status

from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.merchants.errors import MerchantSuspended
from app.people.guards import Cashiers, CurrentMerchant, Documented, Managers
from app.problems import document, in_english
from app.rewards import rotating_rules
from app.rewards.errors import (
    CodeSeen,
    CouponElsewhere,
    OfferNotFound,
    RefundAboveSale,
    RefundNumberUsed,
    SaleNotFound,
    SaleRefunded,
    SaleSettled,
    SaleUndone,
    UndoneTooOften,
    UndoTooLate,
)
from app.rewards.refunds import refund_sale
from app.rewards.schemas_merchant import (
    RefundSale,
    RefundView,
    RotatingIn,
    UndoneView,
    UndoSale,
)
from app.rewards.till_guard import SIGN_IN, WithinLimit, desk_of
from app.rewards.undo import undo

router = APIRouter(prefix="/merchant", tags=["rewards"], dependencies=[Documented])


@router.post(
    "/coupons/undo",
    dependencies=[Cashiers, WithinLimit],
    responses=document(
        *SIGN_IN,
        SaleNotFound,
        CouponElsewhere,
        CodeSeen,
        UndoTooLate,
        UndoneTooOften,
        SaleRefunded,
        SaleSettled,
        MerchantSuspended,
        TooManyRequests,
    ),
)
async def undo_sale(
    request: Request, body: UndoSale, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> UndoneView:
    """Take a sale back within ten minutes: the customer can use the coupon again."""
    undone = await undo(
        tx, merchant_id=merchant.id, order_no=body.order_no, desk=desk_of(merchant), now=now
    )
    return UndoneView.of(undone, english=in_english(request))


@router.post(
    "/refunds",
    dependencies=[Managers, WithinLimit],
    responses=document(
        *SIGN_IN,
        SaleNotFound,
        SaleUndone,
        RefundAboveSale,
        RefundNumberUsed,
        MerchantSuspended,
        TooManyRequests,
    ),
)
async def make_refund(
    body: RefundSale, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> RefundView:
    """Give points of a sale back, in part or whole, until nothing of it is left."""
    refunded = await refund_sale(
        tx,
        merchant_id=merchant.id,
        order_no=body.order_no,
        refund_no=body.refund_no,
        points=body.points,
        actor=merchant.actor,
        now=now,
    )
    return RefundView.of(refunded)


@router.put(
    "/rotating-codes",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Managers],
    responses=document(*SIGN_IN, OfferNotFound),
)
async def switch_rotating(
    body: RotatingIn, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> None:
    """Want live codes against screenshots, for one offer or for all that say nothing else."""
    await rotating_rules.switch(
        tx,
        merchant_id=merchant.id,
        offer_id=body.offer_id,
        rotating=body.rotating,
        actor=merchant.actor,
        now=now,
    )
