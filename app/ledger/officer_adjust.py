"""Use case: an officer's correction of accounts, once a second officer has approved it.

`app.main` wires `action` in as what a ``ledger.adjust`` proposal does. Upwards is paid by the
programme's adjustments; downwards follows the rule of `claw_back`: what is there is taken, the
rest is owed up to the cap, and the reserve bears what remains.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.approvals.decide import Action
from app.audit.record import record
from app.clock import points_expire_on
from app.database import Tx
from app.ledger import causes, contra, units
from app.ledger.causes import Recorded
from app.ledger.claw_back import DEBT_CAP, ClawBack, claw_back
from app.ledger.errors import AccountNotFound, AdjustmentUnsound
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX
from app.people import citizens

log = structlog.get_logger()

KIND = "ledger.adjust"
ADJUSTMENT_MAX = 1_000_000
"""Points in one proposal: more is a typing error, or a matter for the programme's budget."""
Calendar = Callable[[Tx, datetime], Awaitable[tuple[date, int]]]
"""The programme's civil day, and how many months its ordinary points live."""


@dataclass(frozen=True, slots=True)
class OfficerAdjustment:
    """Signed points for one account; ``ref`` is the officer's decision."""

    account_id: int
    points: int
    ref: UUID

    def __post_init__(self) -> None:
        assert 0 < abs(self.points) <= POINTS_MAX, "something moves, and an entry can hold it"


@dataclass(frozen=True, slots=True)
class OfficerAdjusted:
    """``points == booked - owed - borne``: on the account, owed by it, borne by the reserve."""

    booked: int
    owed: int
    borne: int


class Payload(BaseModel):
    """What a ``ledger.adjust`` proposal carries."""

    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)

    account_id: Annotated[int, Field(ge=1, lt=2**63)]
    points: Annotated[int, Field(ge=-ADJUSTMENT_MAX, le=ADJUSTMENT_MAX, strict=True)]
    unit: Annotated[str, Field(max_length=40)]
    reason_zh: Annotated[str, Field(min_length=1, max_length=300)]
    reason_en: Annotated[str, Field(min_length=1, max_length=300)]
    ref: UUID


def action(calendar: Calendar) -> Action:
    """What an approved proposal does.

    Args:
        calendar: says which day it is and how long ordinary points live; the catalogue's
            knowledge, handed in because the book knows no programme.

    """

    async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
        wish = read(payload)
        await ensure_account(tx, account_id=wish.account_id)
        unit = await units.unit(tx, code=wish.unit)
        today, months = await calendar(tx, now)
        expires_on = unit.expires_on(today)
        if unit.id == POINTS:
            expires_on = points_expire_on(today, months=months)
        [done] = await adjust_accounts(
            tx,
            adjustments=[OfficerAdjustment(wish.account_id, wish.points, wish.ref)],
            expires_on=expires_on,
            now=now,
            unit=unit.id,
        )
        await record(
            tx,
            actor="process:approvals",
            action=KIND,
            subject=f"account:{wish.account_id}",
            facts={
                "points": wish.points,
                "unit": wish.unit,
                "booked": done.booked,
                "owed": done.owed,
                "borne": done.borne,
                "ref": str(wish.ref),
            },
            now=now,
        )
        log.info("account_adjusted", points=wish.points, booked=done.booked, ref=str(wish.ref))

    return apply


def read(payload: Mapping[str, Any]) -> Payload:
    """The proposal's payload, checked: anybody with an officer's token may have written it.

    Raises:
        AdjustmentUnsound: it is not an adjustment of at least one point.

    """
    try:
        wish = Payload.model_validate(payload)
    except ValidationError as error:
        raise _unsound() from error
    if wish.points == 0:
        raise _unsound()
    return wish


async def ensure_account(tx: Tx, *, account_id: int) -> None:
    """Refuse an account that is nobody's.

    Raises:
        AccountNotFound: no citizen has it.

    """
    if await citizens.account_of(tx, account_id=account_id) is None:
        raise AccountNotFound("No citizen has this account.", "没有该账户的用户。")


async def adjust_accounts(
    tx: Tx,
    *,
    adjustments: Sequence[OfficerAdjustment],
    expires_on: date,
    now: datetime,
    debt_cap: int = DEBT_CAP,
    unit: int = POINTS,
) -> list[OfficerAdjusted]:
    """Book any number of adjustments, each once; the number of statements does not depend on it.

    Args:
        tx: the caller's transaction.
        adjustments: at most `post.MOVES_MAX`, with distinct refs; increases are booked first.
        expires_on: last day of points that are added.
        now: when (UTC).
        debt_cap: what an account can owe at most.
        unit: what is adjusted.

    Returns:
        One answer for each; the first answer again for one that was booked before.

    """
    keys = [(each.account_id, each.ref) for each in adjustments]
    assert len(set(keys)) == len(keys), "each adjustment is a decision of its own"
    await lock_accounts(tx, account_ids=(who for who, _ in keys), unit=unit)
    answers = await causes.known(tx, keys=keys, kind=Kind.adjust, unit=unit)
    ups = [
        Recorded(who, each.ref, each.ref, each.points, each.points, 0, 0, contra.ADJUSTMENT)
        for each in adjustments
        if each.points > 0 and ((who := each.account_id), each.ref) not in answers
    ]
    moves = [
        Move(each.account_id, Kind.adjust, contra.ADJUSTMENT, each.ref, now, earned=each.points)
        for each in ups
    ]
    await causes.record(tx, causes=ups, kind=Kind.adjust, unit=unit, now=now)
    await post(tx, moves=moves, unit=unit, now=now, expires_on=expires_on)
    answers |= {(each.account_id, each.ref): each for each in ups}
    found = {key: OfficerAdjusted(it.booked, it.owed, it.borne) for key, it in answers.items()}
    claims = [
        ClawBack(each.account_id, -each.points, each.ref, now, contra.ADJUSTMENT)
        for each in adjustments
        if each.points < 0
    ]
    taken = await claw_back(
        tx, claw_backs=claims, now=now, debt_cap=debt_cap, unit=unit, kind=Kind.adjust
    )
    found |= {
        (claim.account_id, claim.ref): OfficerAdjusted(-part.taken, part.owed, part.borne)
        for claim, part in zip(claims, taken, strict=True)
    }
    return [found[key] for key in keys]


def _unsound() -> AdjustmentUnsound:
    return AdjustmentUnsound(
        "An adjustment is {account_id, points, unit, reason_zh, reason_en, ref}, of at least one"
        f" and at most {ADJUSTMENT_MAX} points up or down.",
        "积分调整应包含 account_id、points、unit、reason_zh、reason_en 与 ref,"
        f"幅度为 1 至 {ADJUSTMENT_MAX} 积分。",
    )
