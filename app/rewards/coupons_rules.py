"""Decisions at the counter: values in, value or refusal out. No database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.rewards import rules
from app.rewards.errors import (
    CodeSeen,
    CouponAtOtherTill,
    CouponElsewhere,
    MerchantCodeInstead,
    SaleRefunded,
    SaleSettled,
    UndoneTooOften,
    UndoTooLate,
)
from app.rewards.tables import RedemptionState

LOCK = timedelta(seconds=60)
"""How long a coupon that a till looked at waits for this till alone."""
UNDO_WITHIN = timedelta(minutes=10)
UNDO_TIMES_MAX = 10


class Shown(StrEnum):
    """What a coupon is called: its state, and what follows from the rest of its row."""

    held = "held"
    presented = "presented"
    spent = "spent"
    settled = "settled"
    refunded = "refunded"
    cancelled = "cancelled"
    expired = "expired"
    void = "void"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who stands at the counter: the name under which it acts, and a till's store."""

    actor: str
    store_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides how a coupon is called."""

    state: int
    held_until: datetime
    points: int
    presented_at: datetime | None = None
    refunded_points: int = 0
    settled: bool = False


def shown(coupon: Standing, now: datetime) -> Shown:
    """What the coupon is called at this moment."""
    state = rules.state_at(coupon.state, coupon.held_until, now)
    if state is RedemptionState.held and in_hand(coupon.presented_at, now):
        return Shown.presented
    if state is RedemptionState.spent and coupon.refunded_points == coupon.points:
        return Shown.refunded
    if state is RedemptionState.spent and coupon.settled:
        return Shown.settled
    return Shown(state.name)


def in_hand(presented_at: datetime | None, now: datetime) -> bool:
    """Whether a till looked at the coupon less than a minute ago."""
    return presented_at is not None and now < presented_at + LOCK


def ensure_free(
    presented_at: datetime | None, presented_by: str | None, *, desk: Desk, now: datetime
) -> None:
    """Refuse a coupon that another till has in hand.

    Raises:
        CouponAtOtherTill: `free_at` says until when.

    """
    if presented_at is not None and in_hand(presented_at, now) and presented_by != desk.actor:
        free_at = (presented_at + LOCK).isoformat(timespec="seconds")
        raise CouponAtOtherTill(
            "Another till has this coupon in hand; try again in a moment.",
            "该券正在其他收银台核销,请稍后重试。",
            free_at=free_at,
        )


def ensure_here(store_ids: Sequence[UUID] | None, *, desk: Desk) -> None:
    """Refuse a coupon that is bound to other stores.

    Raises:
        CouponElsewhere: with a sentence for the customer.

    """
    if store_ids is not None and desk.store_id not in store_ids:
        raise CouponElsewhere(
            "This coupon can be used in certain stores only, and this is none of them.",
            "该券仅限指定门店使用,本门店不在其中。",
        )


def ensure_coupon(*, merchant_code: bool) -> None:
    """Refuse a redemption that is used by the merchant's own code: one good for one redemption.

    Raises:
        MerchantCodeInstead: with a sentence for the till and the phone.

    """
    if merchant_code:
        raise MerchantCodeInstead(
            "This offer hands out the merchant's own code: open it on the phone and use that.",
            "该商品使用商户券码:请在手机券页面查看券码并使用,无需在收银台核销。",
        )


def ensure_undoable(
    *,
    scanned_at: datetime,
    undone: int,
    refunded_points: int,
    settled: bool,
    merchant_code: bool,
    now: datetime,
) -> None:
    """Refuse to undo a look, or a sale that is old, refunded, settled or was undone too often.

    Raises:
        CodeSeen: the offer hands out the merchant's own codes.
        UndoTooLate: more than ten minutes have passed.
        SaleRefunded: points of it were given back.
        SaleSettled: it is in a settlement.
        UndoneTooOften: ten sales of this coupon were undone before.

    """
    if merchant_code:
        raise CodeSeen(
            "The customer has seen your own code and may have used it; a manager can refund it.",
            "顾客已查看商户券码,可能已使用,无法撤销;可由店长办理退款。",
        )
    if now > scanned_at + UNDO_WITHIN:
        raise UndoTooLate(
            "A sale can be undone for 10 minutes; a manager can refund it.",
            "核销后 10 分钟内可撤销,现可由店长办理退款。",
        )
    if refunded_points:
        raise SaleRefunded(
            "Points of this sale were given back; refund the rest.",
            "该笔核销已有退款,请对剩余部分办理退款。",
        )
    if settled:
        raise SaleSettled(
            "This sale is in a settlement; a manager can refund it.",
            "该笔核销已进入结算,可由店长办理退款。",
        )
    if undone >= UNDO_TIMES_MAX:
        raise UndoneTooOften(
            f"Sales of this coupon were undone {UNDO_TIMES_MAX} times; a manager can refund it.",
            f"该券已撤销 {UNDO_TIMES_MAX} 次,可由店长办理退款。",
        )
