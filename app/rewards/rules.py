"""Decisions of the rewards room: values in, value or refusal out. No database, no clock."""

from datetime import UTC, datetime

from app.problems import DomainError
from app.rewards.errors import (
    CouponNotOpen,
    OfferNotFound,
    OfferNotYetOpen,
    OfferSoldOut,
    OfferUnsound,
)
from app.rewards.offers_errors import DistrictShareTaken, DrawOver, NotForYou
from app.rewards.tables import RedemptionState

HOLD_S = 86_400
"""How long a coupon waits to be used before its points go back, unless the offer says else."""
SMALL_STOCK = 50
SLOTS_MAX = 64
TITLE_CHARS_MAX = 80
POINTS_MAX = 1_000_000
UNITS_MAX = 100_000_000

_STATES_ZH = {"spent": "已使用", "cancelled": "已取消", "expired": "已过期", "void": "已作废"}


def not_yet_open(opens_at: datetime) -> OfferNotYetOpen:
    """It can be seen, and claimed from ``opens_at`` on."""
    at = opens_at.astimezone(UTC).isoformat(timespec="seconds")
    return OfferNotYetOpen(
        "This offer has not opened yet; its page says when it will.",
        "该商品尚未开始兑换,开始时间见商品详情。",
        opens_at=at,
    )


def draw_over(draws_at: datetime) -> DrawOver:
    """It can be seen until it closes, but registration has ended."""
    at = draws_at.astimezone(UTC).isoformat(timespec="seconds")
    return DrawOver(
        "Registration for this draw has ended; its page says when.",
        "该抽签已截止登记,截止时间见商品详情。",
        draws_at=at,
    )


def slots(stock: int) -> int:
    """Into how many rows a pool of units is cut: as many claims can take one without waiting."""
    if stock < SMALL_STOCK:
        return max(1, min(4, stock // 12 + 1))
    return max(12, min(SLOTS_MAX, stock // 4))


def shares(stock: int, parts: int) -> list[int]:
    """``stock`` in ``parts`` that differ by one at most."""
    return [stock // parts + (place < stock % parts) for place in range(parts)]


def no_such_offer() -> OfferNotFound:
    """The one refusal for what does not exist, is no longer there, or is not public."""
    return OfferNotFound("This offer does not exist or has closed.", "该商品不存在或已结束。")


def sold_out() -> OfferSoldOut:
    """Every unit is held or spent, whoever it was for."""
    return OfferSoldOut(
        "Every unit of this offer is taken; units that are not fetched come back.",
        "该商品已兑完;未使用的券到期后会重新放出。",
    )


def no_unit(*, share: bool, others: bool) -> DomainError:
    """Why a citizen gets no unit: nobody does, or what is left is for other districts.

    Args:
        share: whether the citizen's district might take units from the beginning.
        others: whether other districts still have some.

    """
    if not others:
        return sold_out()
    if not share:
        return NotForYou(
            "Every unit of this offer is for citizens of certain districts, and yours is none of"
            " them.",
            "该商品仅向指定区县投放,不含您所在的区县。",
            rule="quotas",
        )
    return DistrictShareTaken(
        "What your district may take is taken, and what is left is for other districts; units that"
        " are not fetched come back.",
        "您所在区县的份额已兑完,其余份额属于其他区县;未使用的券到期后会重新放出。",
    )


def state_at(state: int, held_until: datetime, now: datetime) -> RedemptionState:
    """What a redemption is at this moment: a hold that ran out is expired before the sweep."""
    if state == RedemptionState.held and held_until <= now:
        return RedemptionState.expired
    return RedemptionState(state)


def ensure_usable(state: int, held_until: datetime, now: datetime) -> None:
    """Refuse a coupon that is used, cancelled or late.

    Raises:
        CouponNotOpen: with the state it is in.

    """
    current = state_at(state, held_until, now)
    if current is not RedemptionState.held:
        raise CouponNotOpen(
            f"The coupon is {current.name}.",
            f"该券码{_STATES_ZH[current.name]}。",
            state=current.name,
        )


def ensure_sound(
    *,
    title_zh: str,
    title_en: str,
    points: int,
    stock: int,
    stock_min: int = 1,
    per_citizen: int,
    opens_at: datetime,
    closes_at: datetime,
) -> None:
    """Refuse a draft that could never be an offer.

    Raises:
        OfferUnsound: `field` names the first thing that is wrong.

    """
    wrong = {
        "title_zh": not 1 <= len(title_zh.strip()) <= len(title_zh) <= TITLE_CHARS_MAX,
        "title_en": not 1 <= len(title_en.strip()) <= len(title_en) <= TITLE_CHARS_MAX,
        "points": not 1 <= points <= POINTS_MAX,
        "stock": not stock_min <= stock <= UNITS_MAX,
        "per_citizen": not 1 <= per_citizen <= UNITS_MAX,
        "closes_at": closes_at <= opens_at,
    }
    for field, is_wrong in wrong.items():
        if is_wrong:
            raise OfferUnsound(
                f"`{field}` is out of range.", f"{field} 超出允许范围。", field=field
            )
