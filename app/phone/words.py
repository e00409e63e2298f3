"""The feed's sentences, in both languages; data and formatting, no decisions."""

from datetime import date

_REDEMPTION = {
    "held": ("待核销", "Waiting to be used"),
    "spent": ("已核销", "Used"),
    "cancelled": ("已取消,积分已退回", "Cancelled; the points are back"),
    "expired": ("已过期,积分已退回", "Expired; the points are back"),
    "void": ("商家已撤回,积分已退回", "Withdrawn by the merchant; the points are back"),
}
_APPEAL = {
    "missing_trip": ("漏记行程申请", "Claim for a missing trip"),
    "act": ("减排记录申诉", "Appeal about an act"),
}
_MOVED = {
    "refund": ("退款退回积分", "Points back from a refund"),
    "expire": ("积分到期", "Points expired"),
    "claw_back": ("积分追回", "Points taken back"),
    "adjust": ("积分更正", "Points corrected"),
    "donate": ("积分捐赠", "Points donated"),
    "reverse": ("积分冲正", "Points reversed"),
    "repay": ("抵扣欠款", "Debt repaid"),
}


def act(grams: int, *, corrected: bool, english: bool) -> str:
    """What came of an act."""
    if english:
        return f"{grams:,} g CO2e avoided{', corrected' if corrected else ''}"
    return f"减排 {grams:,} 克{'(已更正)' if corrected else ''}"


def waits(until: date, *, english: bool) -> str:
    """What is waited for, and until when."""
    if english:
        return f"An officer will look at it by {until.isoformat()}"
    return f"等待人工复核,预计 {until.isoformat()} 前完成"


def redemption(state: str, *, english: bool) -> str:
    """How a redemption stands."""
    return _REDEMPTION[state][english]


def appeal(kind: str, *, english: bool) -> str:
    """What was asked."""
    return _APPEAL[kind][english]


def moved(kind: str, *, english: bool) -> str:
    """Why points moved."""
    return _MOVED[kind][english]


def points(number: int, *, english: bool) -> str:
    """A signed number of points."""
    return f"{number:+,} {'points' if english else '积分'}"
