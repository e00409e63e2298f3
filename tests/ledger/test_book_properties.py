"""What must be true of the book after any history, against plain Python."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ids import new_id
from app.ledger import balances, hold, statement, verify
from app.ledger.earn import Earning, earn
from app.ledger.errors import InsufficientPoints

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
QUARTER_END = datetime(2028, 3, 31, tzinfo=UTC).date()
ANNA, BORIS = 1024 * 7 + 1, 1024 * 7 + 2

verbs = st.sampled_from(["earn", "hold", "hold", "spend", "release"])
moves = st.tuples(verbs, st.sampled_from([ANNA, BORIS]), st.integers(1, 9))


@given(history=st.lists(moves, max_size=25))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_book_agrees_with_an_oracle(connection, history):
    """Balances are what plain Python says, and the fold of their entries."""
    available, held = Counter(), Counter()
    async with connection.transaction(force_rollback=True):
        for verb, who, points in history:
            if verb == "earn":
                both = [Earning(who, points, new_id(), NOON), Earning(who, 1, new_id(), NOON)]
                await earn(connection, earnings=both, expires_on=QUARTER_END, now=NOON)
                available[who] += points + 1
            elif verb == "hold":
                await _hold_or_refuse(connection, who, points, available, held)
            elif (points := min(points, held[who])) > 0:
                held[who] -= points
                if verb == "spend":
                    await hold.spend(
                        connection,
                        account_id=who,
                        points=points,
                        contra=1000,
                        ref=new_id(),
                        now=NOON,
                    )
                else:
                    await hold.release(connection, account_id=who, points=points)
                    available[who] += points
        for who in (ANNA, BORIS):
            view = await balances.balance(connection, account_id=who)
            assert (view.available, view.held) == (available[who], held[who])
            assert sum(lot.points for lot in view.lots) == available[who]
            lines = await statement.page(connection, account_id=who, before_seq=None, limit=100)
            assert [line.seq for line in lines] == list(range(len(lines), 0, -1))
            assert sum(line.points for line in lines) == available[who] + held[who]
        assert [each.name for each in await verify.checks(connection) if each.breaches] == []


async def _hold_or_refuse(tx, who, points, available, held):
    try:
        async with tx.transaction():
            await hold.hold(tx, account_id=who, points=points)
    except InsufficientPoints:
        assert available[who] < points
    else:
        assert available[who] >= points
        available[who] -= points
        held[who] += points


async def test_a_later_quarter_is_another_lot(tx):
    """Points booked for two quarters lie in two lots, and the older is used first."""
    later = QUARTER_END + timedelta(days=91)
    await earn(tx, earnings=[Earning(ANNA, 10, new_id(), NOON)], expires_on=QUARTER_END, now=NOON)
    await earn(tx, earnings=[Earning(ANNA, 5, new_id(), NOON)], expires_on=later, now=NOON)

    await hold.hold(tx, account_id=ANNA, points=12)

    lots = (await balances.balance(tx, account_id=ANNA)).lots
    assert [(lot.expires_on, lot.points) for lot in lots] == [(later, 3)]


async def test_late_points_never_expire_before_earlier_ones(tx):
    """The axis is monotone: a booking with an earlier date joins the lot that is there."""
    later = QUARTER_END + timedelta(days=91)
    await earn(tx, earnings=[Earning(ANNA, 10, new_id(), NOON)], expires_on=later, now=NOON)
    await earn(tx, earnings=[Earning(ANNA, 5, new_id(), NOON)], expires_on=QUARTER_END, now=NOON)

    [lot] = (await balances.balance(tx, account_id=ANNA)).lots
    assert (lot.expires_on, lot.points) == (later, 15)


async def test_time_never_runs_backwards_on_a_statement(tx):
    """A booking whose clock is behind is still later than the entry before it."""
    for moment in (NOON, NOON - timedelta(hours=1), NOON):
        await earn(
            tx, earnings=[Earning(ANNA, 1, new_id(), moment)], expires_on=QUARTER_END, now=moment
        )

    lines = await statement.page(tx, account_id=ANNA, before_seq=None, limit=10)
    times = [line.posted_at for line in lines]
    assert times == sorted(set(times), reverse=True)


async def test_more_than_there_is_cannot_be_held(tx):
    """The refusal says how much is needed and how much there is; nothing moves."""
    await earn(tx, earnings=[Earning(ANNA, 10, new_id(), NOON)], expires_on=QUARTER_END, now=NOON)

    with pytest.raises(InsufficientPoints) as refused:
        await hold.hold(tx, account_id=ANNA, points=11)

    assert refused.value.facts == {"needed": 11, "available": 10}
    assert (await balances.balance(tx, account_id=ANNA)).held == 0


async def test_a_stranger_has_an_empty_wallet(tx):
    """An account nobody has credited reads as zero, not as an error."""
    view = await balances.balance(tx, account_id=ANNA)
    assert (view.available, view.lots) == (0, ())


async def test_nothing_is_earned_for_nothing():
    """An earning of no points is a bug of the caller, caught at once."""
    with pytest.raises(AssertionError):
        Earning(ANNA, 0, new_id(), NOON)
