"""What the functions of the database refuse, as this room's refusals.

A function refuses with an SQLSTATE of the class ``PT``; facts come as JSON in its detail.
"""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg

from app import idempotency
from app.ledger.errors import InsufficientPoints
from app.ledger.units import ORDINARY
from app.merchants import directory
from app.problems import DomainError
from app.rewards import rules
from app.rewards.errors import LimitReached
from app.rewards.offers_errors import (
    FundingSpent,
    OfferNeedsTicket,
    OfferTakesNoTicket,
    TicketExists,
)
from app.rewards.tables import Mode

_BY = {
    1: ("citizen", "one person", "每人"),
    2: ("household", "one household", "每户"),
    3: ("device", "one device", "每台设备"),
}
_PER = {
    0: ("always", "", ""),
    1: ("day", " a day", "每天"),
    2: ("week", " a week", "每周"),
    3: ("month", " a month", "每月"),
}


def refusal(error: psycopg.Error) -> DomainError | None:
    """The refusal that the database meant; None when it failed for another reason."""
    text = error.diag.message_detail
    facts: dict[str, Any] = json.loads(text) if text and error.sqlstate in _WITH_FACTS else {}
    if error.sqlstate == "PT429":
        return _limit(facts["kind"], facts["units"])
    if error.sqlstate == "PT402":
        return _insufficient(facts["needed"], facts["available"], facts.get("unit", ORDINARY))
    if error.sqlstate == "PT425":
        return rules.not_yet_open(datetime.fromtimestamp(facts["opens_at"], UTC))
    if error.sqlstate == "PT404" and "draws_at" in facts:
        return rules.draw_over(datetime.fromtimestamp(facts["draws_at"], UTC))
    if error.sqlstate == "PT410":
        return rules.no_unit(share=facts.get("share", True), others=facts.get("others", False))
    if error.sqlstate == "PT405":
        return _other_mode(Mode(facts["mode"]))
    make = _PLAIN.get(error.sqlstate or "")
    return make() if make is not None else None


def _limit(kind: int, units: int) -> LimitReached:
    by, who, who_zh = _BY[kind // 10]
    per, each, each_zh = _PER[kind % 10]
    facts: dict[str, str | int] = {"by": by, "per": per, "units": units}
    if kind == 10:
        facts = {"per_citizen": units}
    return LimitReached(
        f"{who.capitalize()} may have {units} of this offer{each}.",
        f"该商品{who_zh}{each_zh}限兑 {units} 份。",
        **facts,
    )


def _insufficient(needed: int, available: int, unit: str) -> InsufficientPoints:
    of, of_zh = ("", "") if unit == ORDINARY else (f" of {unit}", f" {unit} ")
    facts: dict[str, str | int] = {"needed": needed, "available": available}
    if unit != ORDINARY:
        facts["unit"] = unit
    return InsufficientPoints(
        f"{needed} points{of} are needed, {available} are available.",
        f"需要 {needed} {of_zh}积分,当前可用 {available} 积分。",
        **facts,
    )


def _other_mode(mode: Mode) -> DomainError:
    if mode is Mode.first_come:
        return OfferTakesNoTicket(
            "Claim this offer directly; it has no line and no draw.", "该商品可直接兑换。"
        )
    return OfferNeedsTicket(
        "Take a ticket for this offer; units are given in line or by draw.",
        "该商品须先排队或登记抽签。",
        mode=mode.name,
    )


def _ticket_exists() -> TicketExists:
    return TicketExists(
        "You have, or had, a ticket for this offer; one is enough.", "您已登记过该商品。"
    )


def funding_spent() -> FundingSpent:
    """A budget that pays for a part of the unit has less left than that part."""
    return FundingSpent(
        "The budget that pays a part of this offer has nothing left.", "该商品的补贴预算已用完。"
    )


_WITH_FACTS = {"PT429", "PT402", "PT425", "PT404", "PT405", "PT410"}
_PLAIN = {
    "PT403": directory.suspended,
    "PT404": rules.no_such_offer,
    "PT409": _ticket_exists,
    "PT422": idempotency.reused,
    "PT507": funding_spent,
}
