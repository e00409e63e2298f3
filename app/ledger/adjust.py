"""Use case: correct what was booked, for any number of accounts, and leave nobody below zero.

Upwards is paid out. Downwards takes what is available at that moment and nothing else: held
points stay held, and what is missing is the caller's to record (the programme's correction
reserve bears it, `contra.RESERVE`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.ledger.locking import lock_accounts
from app.ledger.post import MOVES_MAX, Move, post, standings
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX

ADJUSTMENTS_MAX = MOVES_MAX
"""In one call; a longer correction is several calls, so that no lock is held for long."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A wish: ``points`` more (positive) or less (negative) for a cause.

    ``owed`` is what the reserve bore for this cause before; an increase repays it first.
    """

    account_id: int
    points: int
    ref: UUID
    happened_at: datetime
    owed: int = 0

    def __post_init__(self) -> None:
        assert self.owed >= 0, "the reserve lends, it does not borrow"
        assert abs(self.points) <= POINTS_MAX, "an entry can hold it"


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What became of a wish: ``booked`` on the account, ``shortfall`` borne by the reserve.

    ``points == booked - shortfall``, always; a negative shortfall is repaid to the reserve.
    """

    booked: int
    shortfall: int


def settle_account(available: int, wishes: Sequence[Adjustment]) -> list[Adjusted]:
    """One account's wishes in order, against what is available. Pure.

    Args:
        available: whole points that can be spent now.
        wishes: all of one account.

    Returns:
        One answer for each wish; the points available never fall below zero on the way.

    """
    answers = []
    for wish in wishes:
        if wish.points >= 0:
            repaid = min(wish.points, wish.owed)
            answer = Adjusted(wish.points - repaid, -repaid)
        else:
            taken = min(-wish.points, max(available, 0))
            answer = Adjusted(-taken, -wish.points - taken)
        available += answer.booked
        answers.append(answer)
    return answers


async def adjust(
    tx: Tx,
    *,
    adjustments: Sequence[Adjustment],
    contra: int,
    expires_on: date,
    now: datetime,
    unit: int = POINTS,
) -> list[Adjusted]:
    """Book any number of adjustments; the number of statements does not depend on it.

    The balances are locked first and read in the next statement; what to book is computed from
    what was read, and the UPDATE repeats the guard. Lock and update in one statement would
    check constraints against a row that another transaction has just changed.

    Args:
        tx: the caller's transaction, in which the causes are recorded.
        adjustments: in the order in which they are to be booked.
        contra: the other side of the entries.
        expires_on: last day on which points that are added can be spent, a quarter end.
        now: when we book (UTC).
        unit: what is adjusted.

    Returns:
        One answer for each adjustment, in their order.

    """
    assert len(adjustments) <= ADJUSTMENTS_MAX, "corrections come in chunks"
    if not adjustments:
        return []
    places_of: dict[int, list[int]] = {}
    for place, each in enumerate(adjustments):
        places_of.setdefault(each.account_id, []).append(place)
    await lock_accounts(tx, account_ids=places_of, unit=unit)
    left = await available(tx, account_ids=list(places_of), unit=unit)
    answers: list[Adjusted] = [Adjusted(0, 0)] * len(adjustments)
    for account_id, places in places_of.items():
        settled = settle_account(left[account_id], [adjustments[place] for place in places])
        for place, answer in zip(places, settled, strict=True):
            answers[place] = answer
    moves = [
        _move(wish, answer.booked, contra)
        for wish, answer in zip(adjustments, answers, strict=True)
        if answer.booked
    ]
    await post(tx, moves=moves, unit=unit, now=now, expires_on=expires_on)
    return answers


async def available(tx: Tx, *, account_ids: Sequence[int], unit: int = POINTS) -> dict[int, int]:
    """What each account could spend now, in one statement; an unknown account has nothing."""
    found = await standings(tx, account_ids=account_ids, unit=unit)
    return {account_id: standing.available for account_id, standing in found.items()}


def _move(wish: Adjustment, booked: int, contra: int) -> Move:
    kind = Kind.adjust if booked > 0 else Kind.claw_back
    up, down = max(booked, 0), max(-booked, 0)
    return Move(wish.account_id, kind, contra, wish.ref, wish.happened_at, up, down)
