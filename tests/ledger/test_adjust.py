"""Adjustments: paid out upwards, taken from what is there downwards, never below zero."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database import savepoint
from app.ids import new_id
from app.ledger import balances, contra, hold, statement
from app.ledger import verify as ledger_verify
from app.ledger.adjust import Adjusted, Adjustment, adjust, available, settle_account
from tests import make
from tests.make import NOON, QUARTER_END


def wish(account_id: int, points: int, owed: int = 0) -> Adjustment:
    """Points more or less for a cause of its own."""
    return Adjustment(account_id, points, new_id(), NOON, owed)


async def booked(tx, *wishes, now: datetime = NOON, expires_on: date = QUARTER_END):
    """Adjust, and the answers."""
    return await adjust(
        tx, adjustments=wishes, contra=contra.CORRECTION, expires_on=expires_on, now=now
    )


async def broken(tx) -> list[str]:
    """The ledger's laws that do not hold."""
    return [check.name for check in await ledger_verify.checks(tx) if check.breaches]


async def test_more_is_paid_out_with_a_lot_of_its_own(tx):
    """An increase is earned anew: it has a place on the axis and a day on which it expires."""
    anna = await make.rich(tx, 100)

    answers = await booked(tx, wish(anna, 30), expires_on=date(2028, 6, 30))

    view = await balances.balance(tx, account_id=anna)
    assert answers == [Adjusted(30, 0)]
    assert (view.earned, view.consumed, view.available) == (130, 0, 130)
    assert [(lot.expires_on, lot.points) for lot in view.lots] == [
        (QUARTER_END, 100),
        (date(2028, 6, 30), 30),
    ]
    assert await broken(tx) == []


async def test_less_is_taken_from_what_is_available(tx):
    """What can be spent is taken; what is missing is a shortfall, not a debt."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 10)

    answers = await booked(tx, wish(anna, -40), wish(boris, -40))

    assert answers == [Adjusted(-40, 0), Adjusted(-10, 30)]
    assert await available(tx, account_ids=[anna, boris]) == {anna: 60, boris: 0}
    kinds = [
        line.kind for line in await statement.page(tx, account_id=anna, before_seq=None, limit=9)
    ]
    assert kinds == ["claw_back", "earn"]
    assert await broken(tx) == []


async def test_held_points_are_not_touched(tx):
    """A coupon that a citizen carries stays good."""
    anna = await make.rich(tx, 100)
    await hold.hold(tx, account_id=anna, points=90)

    answers = await booked(tx, wish(anna, -40))

    view = await balances.balance(tx, account_id=anna)
    assert answers == [Adjusted(-10, 30)]
    assert (view.available, view.held) == (0, 90)
    await hold.spend(tx, account_id=anna, points=90, contra=1_000, ref=new_id(), now=NOON)
    assert await broken(tx) == []


async def test_an_increase_repays_the_reserve_first(tx):
    """What the reserve bore for a cause before is not paid to the citizen a second time."""
    anna = await make.rich(tx, 0 + 1)

    assert await booked(tx, wish(anna, 50, owed=30)) == [Adjusted(20, -30)]
    assert await booked(tx, wish(anna, 10, owed=30)) == [Adjusted(0, -10)]
    assert await broken(tx) == []


async def test_several_causes_of_one_account_are_booked_in_order(tx):
    """One call, one lock: entries follow one another without a gap, a moment apart."""
    anna = await make.rich(tx, 10)

    answers = await booked(tx, wish(anna, -8), wish(anna, 5), wish(anna, -9), wish(anna, 1))

    assert answers == [Adjusted(-8, 0), Adjusted(5, 0), Adjusted(-7, 2), Adjusted(1, 0)]
    lines = await statement.page(tx, account_id=anna, before_seq=None, limit=9)
    assert [(line.seq, line.balance_after) for line in lines] == [
        (5, 1),
        (4, 0),
        (3, 7),
        (2, 2),
        (1, 10),
    ]
    assert await broken(tx) == []


async def test_somebody_without_a_balance_can_be_given_points(tx):
    """A correction may pay somebody whose acts were worth no points before."""
    anna = make.account()

    assert await booked(tx, wish(anna, 7), wish(make.account(), -7)) == [
        Adjusted(7, 0),
        Adjusted(0, 7),
    ]
    assert await broken(tx) == []


async def test_a_clock_that_goes_back_does_not_reorder_the_statement(tx):
    """Entries are later than those before them, whatever the clock says."""
    anna = await make.rich(tx, 10)
    await booked(tx, wish(anna, 1), now=NOON + timedelta(hours=1))

    await booked(tx, *(wish(anna, 1) for _ in range(1500)))

    assert await broken(tx) == []


async def test_what_fails_afterwards_leaves_nothing(tx):
    """Adjustments are part of the caller's transaction."""
    anna = await make.rich(tx, 10)
    with pytest.raises(RuntimeError):
        async with savepoint(tx):
            await booked(tx, wish(anna, -5))
            raise RuntimeError
    assert await available(tx, account_ids=[anna]) == {anna: 10}


@given(
    held_back=st.integers(0, 50),
    points=st.lists(st.tuples(st.integers(-60, 60), st.integers(0, 40)), max_size=20),
)
def test_nobody_falls_below_zero(held_back, points):
    """At each step something is left or nothing, and each wish is met by account and reserve."""
    wishes = [wish(1024, amount, owed) for amount, owed in points]
    left = held_back
    for each, answer in zip(wishes, settle_account(held_back, wishes), strict=True):
        left += answer.booked
        assert left >= 0
        assert answer.booked - answer.shortfall == each.points
        assert -each.owed <= answer.shortfall <= max(0, -each.points)


async def test_adjustments_race_with_spending(committing):
    """Forty claw-backs and forty holds of one account: no point is used twice."""
    async with committing.writing() as tx:
        anna, boris = await make.rich(tx, 1_000), await make.rich(tx, 1_000)

    async def claw(n):
        async with committing.writing() as tx:
            pair = (anna, boris) if n % 2 else (boris, anna)
            return await booked(tx, *(wish(account, -30) for account in pair))

    async def spend():
        async with committing.writing() as tx:
            await hold.hold(tx, account_id=anna, points=20)
            await hold.spend(tx, account_id=anna, points=20, contra=1_000, ref=new_id(), now=NOON)

    answers = await asyncio.gather(
        *(claw(n) for n in range(40)), *(spend() for _ in range(40)), return_exceptions=True
    )

    taken = [each for answer in answers[:40] for each in answer]
    spent = sum(20 for answer in answers[40:] if answer is None)
    async with committing.snapshot() as tx:
        left = await available(tx, account_ids=[anna, boris])
        assert await broken(tx) == []
    assert sum(left.values()) == 2_000 - spent + sum(each.booked for each in taken)
    assert sum(each.booked - each.shortfall for each in taken) == -2_400
    assert left[boris] == 0
