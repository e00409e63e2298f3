"""Claw-backs, reversals and debts: nobody below zero, no point unaccounted for."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import savepoint
from app.ids import new_id
from app.ledger import balances, contra, hold, statement
from app.ledger.claw_back import (
    ClawBack,
    ClawedBack,
    Reversal,
    claw_back,
    reverse,
    settle_claim,
)
from app.ledger.debts import debts
from app.ledger.earn import Earning, earn
from app.ledger.errors import EarningNotFound, InsufficientPoints
from app.ledger.repay import repay
from tests import make
from tests.ledger.book import ALL, available, broken, earned, spent
from tests.make import NOON, QUARTER_END


def claim(account_id: int, points: int) -> ClawBack:
    """Points to take back for a cause of its own."""
    return ClawBack(account_id, points, new_id(), NOON)


async def taken(tx, *claims: ClawBack, cap: int = 100) -> list[ClawedBack]:
    """Take back, with at most a hundred points of debt."""
    return await claw_back(tx, claw_backs=claims, now=NOON, debt_cap=cap)


async def repaid(tx, *, limit: int = 100) -> int:
    """One run over everybody."""
    return await repay(tx, buckets=ALL, limit=limit, ref=new_id(), now=NOON)


async def owed(tx, *accounts: int) -> list[int]:
    """What they owe."""
    found = await debts(tx, account_ids=accounts)
    return [found[each] for each in accounts]


@given(st.integers(1, 99), st.integers(-9, 99), st.integers(0, 99), st.integers(0, 99))
def test_a_claim_is_borne_by_somebody(wanted, left, owing, cap):
    """Account, debtor and reserve bear it together; none more than it can."""
    parts = settle_claim(wanted, available=left, owed=owing, cap=cap)

    assert parts.taken + parts.owed + parts.borne == wanted
    assert min(parts.taken, parts.owed, parts.borne) >= 0
    assert parts.taken <= max(left, 0)
    assert owing + parts.owed <= max(cap, owing)


async def test_what_is_there_is_taken_and_the_rest_is_owed(tx):
    """First the account, then a debt up to the cap, then the reserve; held points stay held."""
    anna = await make.rich(tx, 100)
    await hold.hold(tx, account_id=anna, points=70)

    answers = await taken(tx, claim(anna, 20), claim(anna, 60), claim(anna, 80))

    assert answers == [ClawedBack(20, 0, 0), ClawedBack(10, 50, 0), ClawedBack(0, 50, 30)]
    view = await balances.balance(tx, account_id=anna)
    assert (view.available, view.held) == (0, 70)
    assert await owed(tx, anna) == [100]
    rows = await tx.execute("SELECT points, booked, owed, borne FROM cause ORDER BY points DESC")
    assert await rows.fetchall() == [(-20, -20, 0, 0), (-60, -10, 50, 0), (-80, 0, 50, 30)]
    assert await broken(tx) == []


async def test_the_same_cause_is_taken_once(tx):
    """A second call answers like the first and moves nothing."""
    anna = await make.rich(tx, 10)
    once = claim(anna, 30)

    answers = [await taken(tx, once) for _ in range(2)]

    assert answers == [[ClawedBack(10, 20, 0)]] * 2
    assert await owed(tx, anna) == [20]
    assert await broken(tx) == []


async def test_debts_are_paid_from_points_that_come_later(tx):
    """The run takes what is available and owed, never what is held; the reserve receives it."""
    anna, boris = await make.rich(tx, 10), await make.rich(tx, 10)
    await taken(tx, claim(anna, 60), claim(boris, 15))
    assert await repaid(tx) == 0
    await earned(tx, anna, 30)
    await hold.hold(tx, account_id=anna, points=10)
    await earned(tx, boris, 30)

    assert await repaid(tx) == 2

    assert await owed(tx, anna, boris) == [30, 0]
    assert [await available(tx, who) for who in (anna, boris)] == [0, 25]
    [line, *_] = await statement.page(tx, account_id=anna, before_seq=None, limit=1)
    assert (line.kind, line.points) == ("repay", -20)
    row = await (await tx.execute("SELECT DISTINCT contra FROM entry WHERE kind = 9")).fetchone()
    assert row == (contra.RESERVE,)
    assert await repaid(tx) == 0
    assert await broken(tx) == []


async def test_debts_are_collected_step_by_step(tx):
    """At most as many accounts as asked for; the steps find each once."""
    accounts = [make.account() for _ in range(5)]
    await taken(tx, *(claim(who, 5) for who in accounts))
    for who in accounts:
        await earned(tx, who, 9)

    assert [await repaid(tx, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await owed(tx, *accounts) == [0] * 5


async def test_an_earning_is_reversed_once(tx):
    """What a ref earned goes back to whoever paid for it; the second call changes nothing."""
    anna, ref = make.account(), new_id()
    earning = Earning(anna, 40, ref, NOON, contra=123)
    await earn(tx, earnings=[earning], expires_on=QUARTER_END, now=NOON)
    await spent(tx, anna, 15)

    answers = [await reverse(tx, reversals=[Reversal(anna, ref, NOON)], now=NOON) for _ in range(2)]

    assert answers == [[ClawedBack(25, 15, 0)]] * 2
    row = await (
        await tx.execute("SELECT amount, contra, ref FROM entry WHERE kind = 8")
    ).fetchone()
    assert row == (-25, 123, ref)
    assert await owed(tx, anna) == [15]
    assert await broken(tx) == []


async def test_only_what_was_earned_is_reversed(tx):
    """Another account's ref, and one nobody earned for, are refused as a whole."""
    anna, boris = make.account(), make.account()
    ref = await earned(tx, anna, 40)
    good = Reversal(anna, ref, NOON)
    for bad in (Reversal(boris, ref, NOON), Reversal(anna, new_id(), NOON)):
        with pytest.raises(EarningNotFound):
            async with savepoint(tx):
                await reverse(tx, reversals=[good, bad], now=NOON)
    assert await available(tx, anna) == 40


moves = st.tuples(
    st.sampled_from(["earn", "hold", "release", "spend", "claw", "repay"]), st.integers(1, 60)
)


@given(history=st.lists(moves, max_size=20))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_debts_agree_with_plain_python(connection, history):
    """After any history: available, held, owed and borne are what a few lines of Python say."""
    left, held, owing, borne = 1, 0, 0, 0
    async with connection.transaction(force_rollback=True):
        anna = await make.rich(connection, 1)
        for verb, points in history:
            if verb == "earn":
                await earned(connection, anna, points)
                left += points
            elif verb == "hold" and points <= left:
                await hold.hold(connection, account_id=anna, points=points)
                left, held = left - points, held + points
            elif verb == "release" and points <= held:
                await hold.release(connection, account_id=anna, points=points)
                left, held = left + points, held - points
            elif verb == "spend" and points <= left:
                await spent(connection, anna, points)
                left -= points
            elif verb == "claw":
                [parts] = await taken(connection, claim(anna, points))
                assert parts.taken == min(points, left)
                missing = points - parts.taken
                assert parts.owed == min(missing, 100 - owing)
                left, owing = left - parts.taken, owing + parts.owed
                borne += missing - parts.owed
            elif verb == "repay":
                await repaid(connection)
                paid = min(left, owing)
                left, owing = left - paid, owing - paid
        view = await balances.balance(connection, account_id=anna)
        assert (view.available, view.held) == (left, held)
        assert await owed(connection, anna) == [owing]
        row = await (
            await connection.execute("SELECT coalesce(sum(borne), 0) FROM cause")
        ).fetchone()
        assert row == (borne,)
        assert await broken(connection) == []


async def test_claw_backs_repayments_and_purchases_race(committing):
    """Claims, runs, earnings and purchases of two accounts at once: every point is accounted for."""
    async with committing.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(2)]

    async def one(n):
        who = people if n % 2 else people[::-1]
        async with committing.writing() as tx:
            if n % 4 == 0:
                parts = await taken(tx, *(claim(each, 15) for each in who), cap=90)
                return "claimed", sum(each.taken + each.owed + each.borne for each in parts)
            if n % 4 == 1:
                return "repaid", await repaid(tx)
            if n % 4 == 2:
                await earned(tx, who[0], 5)
                return "earned", 5
            try:
                async with savepoint(tx):
                    await spent(tx, who[0], 6)
            except InsufficientPoints:
                return "spent", 0
            return "spent", 6

    answers = await asyncio.gather(*(one(n) for n in range(80)))

    def total(what):
        return sum(points for name, points in answers if name == what)

    async with committing.snapshot() as tx:
        left = sum([await available(tx, who) for who in people])
        owing = sum(await owed(tx, *people))
        row = await (await tx.execute("SELECT sum(borne) FROM cause")).fetchone()
        assert await broken(tx) == []
    assert total("claimed") == 20 * 2 * 15
    assert left == 200 + total("earned") - total("spent") - total("claimed") + owing + row[0]


async def test_a_repayment_waits_for_a_purchase_and_takes_the_rest(committing):
    """A purchase that is not committed yet is waited for; what it left is what is paid."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 10)
        await taken(tx, claim(anna, 100))
        await earned(tx, anna, 50)

    async def run():
        async with committing.writing() as tx:
            return await repaid(tx)

    async with committing.writing() as tx:
        await spent(tx, anna, 30)
        running = asyncio.create_task(run())
        done, _ = await asyncio.wait({running}, timeout=0.5)
        assert not done
    assert await running == 1
    async with committing.snapshot() as tx:
        assert await available(tx, anna) == 0
        assert await owed(tx, anna) == [70]
        assert await broken(tx) == []
