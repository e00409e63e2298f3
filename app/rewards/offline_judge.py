"""What becomes of a coupon that a till took without network. Pure: values in, verdict out.

A redemption that is used by the merchant's own code is none. For all others
the rule: the coupon is honoured if, when the till took it, it was valid, and it has not been used
since. A hold that ran out meanwhile is taken again, for three days and while the points, the
limits and a unit are still there: the customer has had the goods. What was used elsewhere, given
back by its owner or withdrawn is refused and shown to the merchant and to officers; so is what
a till's clock cannot have seen: later than now by more than two minutes, or before the coupon.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.rewards import coupons_rules, rotating
from app.rewards.coupons import Coupon
from app.rewards.coupons_found import Found
from app.rewards.coupons_rules import Desk
from app.rewards.errors import CodeStale, CouponElsewhere, LiveCodeNeeded
from app.rewards.tables import RedemptionState as State

SKEW = timedelta(minutes=2)
"""How far a till's clock may differ from ours."""
AGE_MAX = timedelta(hours=72)
"""How long a till may keep what it took."""
GRACE = timedelta(hours=72)
"""How long after its end a hold is taken again for a coupon that was taken in time."""


class Verdict(StrEnum):
    """What is to be done: ``take`` and ``revive`` are tried, ``duplicate`` was done before."""

    take = "take"
    revive = "revive"
    duplicate = "duplicate"


class Reason(StrEnum):
    """Why a coupon that was taken without network is not honoured."""

    clock_ahead = "clock_ahead"
    too_old = "too_old"
    unreadable = "unreadable"
    unknown = "unknown"
    merchant_code = "merchant_code"
    other_store = "other_store"
    order_number_used = "order_number_used"
    undone = "undone"
    before_issue = "before_issue"
    redeemed_elsewhere = "redeemed_elsewhere"
    cancelled = "cancelled"
    withdrawn = "withdrawn"
    expired = "expired"
    live_code_needed = "live_code_needed"
    code_stale = "code_stale"
    points_gone = "points_gone"
    limit_reached = "limit_reached"
    budget_spent = "budget_spent"
    sold_out = "sold_out"


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """What the till recorded, and the coupon as far as it could be read. Never printed."""

    place: int
    order_no: str
    accepted_at: datetime
    coupon: Coupon | None


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out under the locks.

    Attributes:
        sales: redemption of each order number in use, and whether its sale was undone.
        taken: redemptions that an earlier item of this batch takes.
        steps: half minutes whose live codes have taken a coupon.

    """

    sales: Mapping[str, tuple[UUID, bool]]
    taken: Collection[UUID]
    steps: Collection[tuple[UUID, int]]


def judge(
    item: Item, found: Found | None, known: Known, *, desk: Desk, coupon_key: bytes, now: datetime
) -> tuple[Verdict | Reason, int | None]:
    """What to do with one item, and the half minute of its live code."""
    if item.accepted_at > now + SKEW:
        return Reason.clock_ahead, None
    if item.accepted_at < now - AGE_MAX:
        return Reason.too_old, None
    if item.coupon is None:
        return Reason.unreadable, None
    if found is None:
        return Reason.unknown, None
    sale = known.sales.get(item.order_no)
    if sale is not None:
        return _known_number(sale, found.id), None
    if found.merchant_code:
        return Reason.merchant_code, None
    try:
        coupons_rules.ensure_here(found.store_ids, desk=desk)
        step = _step(item.coupon, found, item.accepted_at, coupon_key)
    except CouponElsewhere:
        return Reason.other_store, None
    except LiveCodeNeeded:
        return Reason.live_code_needed, None
    except CodeStale:
        return Reason.code_stale, None
    if step is not None and (found.id, step) in known.steps:
        return Reason.code_stale, None
    if item.accepted_at < found.created_at - SKEW:
        return Reason.before_issue, None
    if found.id in known.taken:
        return Reason.redeemed_elsewhere, None
    return _by_state(item.accepted_at, found, now), step


def _known_number(sale: tuple[UUID, bool], redemption_id: UUID) -> Verdict | Reason:
    redemption, undone = sale
    if redemption != redemption_id:
        return Reason.order_number_used
    return Reason.undone if undone else Verdict.duplicate


def _step(coupon: Coupon, found: Found, accepted_at: datetime, coupon_key: bytes) -> int | None:
    if not found.rotating:
        return None
    return rotating.step_shown(
        coupon_key,
        bucket=found.bucket,
        redemption_id=found.id,
        live=coupon.live,
        moments=[accepted_at],
    )


def _by_state(accepted_at: datetime, found: Found, now: datetime) -> Verdict | Reason:
    closed = {
        State.spent: Reason.redeemed_elsewhere,
        State.cancelled: Reason.cancelled,
        State.void: Reason.withdrawn,
    }
    state = State(found.state)
    if state in closed:
        return closed[state]
    if accepted_at >= found.held_until or now > found.held_until + GRACE:
        return Reason.expired
    return Verdict.take if state is State.held else Verdict.revive
