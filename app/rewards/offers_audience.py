"""Whom an offer is for, and how many units whom: declarations and pure decisions.

An audience is ``{"districts": [...], "new_within_days": n, "age_at_least": n}``; every rule that
stands there must be met, and what is not known about a citizen does not meet it.

A limit of a household counts its people as they are at the moment of the claim, and whoever has
none is one alone; who moves in or out meanwhile waits, or is waited for. Counted are the units
claimed as this household, whoever of it claimed them and wherever they live now, and those that
its present people claimed alone in the same period: moving in brings them along, and may leave a
household with more than it may have, which then gets no more. Who has left counts with it for
thirty days, so neither moving in nor moving out gives a limit anew; after that a former member is
one alone again, and has what "always" allows once more. Units of a former household stay there.
A coupon or ticket is given back, or revived for a till, where it was counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.rewards.errors import OfferUnsound
from app.rewards.offers_errors import NotForYou

BY = ("citizen", "household", "device")
PER = ("always", "day", "week", "month")
LIMITS_MAX = 8
UNITS_MAX = 100_000_000
DISTRICTS_MAX = 50
AGE_MAX = 120
DAYS_MAX = 3_650
_RULES = frozenset({"districts", "new_within_days", "age_at_least"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a citizen who asks; the birth year is the citizen's own word."""

    district_code: str
    known_since: datetime
    birth_year: int | None


def ensure_for(audience: Mapping[str, Any], facts: Facts, now: datetime) -> None:
    """Refuse a citizen whom the offer is not for.

    Args:
        audience: the offer's rules.
        facts: what is known.
        now: when, in the programme's zone: an age is a difference of years there.

    Raises:
        NotForYou: `rule` names the first rule that is not met.

    """
    districts = audience.get("districts")
    if districts is not None and facts.district_code not in districts:
        raise NotForYou(
            "This offer is for citizens of certain districts.",
            "该商品仅限指定区县的居民。",
            rule="districts",
        )
    days = audience.get("new_within_days")
    if days is not None and now - facts.known_since >= timedelta(days=days):
        raise NotForYou(
            f"This offer is for citizens in their first {days} days.",
            f"该商品仅限注册 {days} 天内的新用户。",
            rule="new_within_days",
            days=days,
        )
    age = audience.get("age_at_least")
    if age is not None and facts.birth_year is None:
        raise NotForYou(
            f"This offer is for citizens of {age} years or more: say your year of birth in your"
            " profile first.",
            f"该商品仅限 {age} 岁及以上的居民,请先在个人资料中填写出生年份。",
            rule="age_at_least",
            age=age,
            missing="birth_year",
        )
    if age is not None and facts.birth_year is not None and now.year - facts.birth_year < age:
        raise NotForYou(
            f"This offer is for citizens of {age} years or more.",
            f"该商品仅限 {age} 岁及以上的居民。",
            rule="age_at_least",
            age=age,
        )


def ensure_sound(audience: Mapping[str, Any], limits: Sequence[Mapping[str, Any]]) -> None:
    """Refuse declarations that nobody could check.

    Raises:
        OfferUnsound: `field` is ``audience`` or ``limits``.

    """
    districts = audience.get("districts")
    sound = (
        audience.keys() <= _RULES
        and (districts is None or _districts(districts))
        and all(
            name not in audience or _whole(audience[name], maximum)
            for name, maximum in (("new_within_days", DAYS_MAX), ("age_at_least", AGE_MAX))
        )
    )
    if not sound:
        raise _unsound("audience")
    pairs = {(limit.get("by"), limit.get("per")) for limit in limits}
    sound = len(limits) <= LIMITS_MAX and len(pairs) == len(limits)
    for limit in limits:
        sound = (
            sound
            and limit.keys() == {"by", "per", "units"}
            and limit["by"] in BY
            and limit["per"] in PER
            and (limit["by"], limit["per"]) != (BY[0], PER[0])
            and _whole(limit["units"], UNITS_MAX)
        )
    if not sound:
        raise _unsound("limits")


def counts_devices(limits: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a claim must say from which device it comes."""
    return any(limit["by"] == "device" for limit in limits)


def _districts(given: Any) -> bool:
    return (
        isinstance(given, list | tuple)
        and 1 <= len(given) <= DISTRICTS_MAX
        and all(isinstance(code, str) and len(code) == 6 and code.isdigit() for code in given)
    )


def _whole(value: Any, maximum: int) -> bool:
    return type(value) is int and 1 <= value <= maximum


def _unsound(field: str) -> OfferUnsound:
    return OfferUnsound(
        f"{field} is not a declaration this service understands.",
        f"{field} 的内容无法识别。",
        field=field,
    )
