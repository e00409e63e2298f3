"""Expiry: what is past its day leaves once; held points wait; a crash changes nothing."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ids import new_id
from app.ledger import balances, hold, statement, units
from app.ledger.errors import InsufficientPoints
from app.ledger.refund import Refund, refund
from tests import make
from tests.ledger.book import available, broken, earned, expired, spent
from tests.make import QUARTER_END

AFTER = QUARTER_END + timedelta(days=1)
LATER = date(2028, 6, 30)
NIGHT = datetime(2028, 4, 1, 3, tzinfo=UTC)


async def test_points_leave_after_their_last_day(tx):
    """On the last day they are good; on the next they go, and a second run finds nothing."""
    anna = await make.rich(tx, 100)
    assert await expired(tx, today=QUARTER_END) == 0

    assert await expired(tx, today=AFTER, now=NIGHT) == 1
    assert await expired(tx, today=AFTER, now=NIGHT) == 0

    [line, _] = await statement.page(tx, account_id=anna, before_seq=None, limit=9)
    assert (line.kind, line.points, line.balance_after) == ("expire", -100, 0)
    assert line.effective_at == datetime(2028, 3, 31, 16, tzinfo=UTC)  # midnight in the city
    assert await broken(tx) == []


async def test_only_the_lot_that_is_due_expires(tx):
    """What was spent came from the oldest lot; the rest of it goes, the later lot stays."""
    anna = make.account()
    await earned(tx, anna, 50)
    await earned(tx, anna, 30, expires_on=LATER)
    await spent(tx, anna, 20)

    await expired(tx, today=AFTER, now=NIGHT)

    [lot] = (await balances.balance(tx, account_id=anna)).lots
    assert (lot.expires_on, lot.points) == (LATER, 30)
    assert await broken(tx) == []


async def test_a_hold_protects_its_points(tx):
    """A coupon that is open at quarter end stays good; given back, its points go in the next run."""
    anna = await make.rich(tx, 100)
    await hold.hold(tx, account_id=anna, points=30)

    await expired(tx, today=AFTER, now=NIGHT)
    view = await balances.balance(tx, account_id=anna)
    assert (view.available, view.held) == (0, 30)

    await hold.release(tx, account_id=anna, points=30)
    assert await expired(tx, today=AFTER, now=NIGHT) == 1
    assert await available(tx, anna) == 0
    assert await broken(tx) == []


async def test_points_that_come_back_after_their_day_expire_again(tx):
    """A refund re-opens what was spent; the sweep takes what is past its day, later than it."""
    anna = await make.rich(tx, 100)
    purchase = await spent(tx, anna, 40)
    await expired(tx, today=AFTER, now=NIGHT)
    back_at = NIGHT + timedelta(days=9)
    await refund(tx, refunds=[Refund(anna, 40, purchase, new_id(), back_at)], now=back_at)

    assert await expired(tx, today=AFTER + timedelta(days=10), now=back_at) == 1

    times = [
        line.effective_at
        for line in await statement.page(tx, account_id=anna, before_seq=None, limit=9)
    ]
    assert times == sorted(times, reverse=True)
    assert await available(tx, anna) == 0
    assert await broken(tx) == []


async def test_a_campaign_expires_on_its_own_day(tx):
    """Units are swept one by one: a campaign's end takes nothing from ordinary points."""
    anna = await make.rich(tx, 100)
    spring = await units.define(
        tx, code="spring", name_zh="春季", name_en="Spring", last_day=date(2026, 5, 31)
    )
    await earned(tx, anna, 7, expires_on=date(2026, 5, 31), unit=spring.id)

    assert await expired(tx, today=date(2026, 6, 1), unit=spring.id) == 1
    assert await expired(tx, today=date(2026, 6, 1)) == 0

    wallet = await balances.wallet(tx, account_id=anna)
    assert {code: view.available for code, view in wallet.items()} == {"points": 100, "spring": 0}
    assert await broken(tx) == []


async def test_a_sweep_goes_step_by_step(tx):
    """At most as many accounts as asked for; together the steps find everybody once."""
    accounts = [await make.rich(tx, 5) for _ in range(7)]

    steps = [await expired(tx, today=AFTER, now=NIGHT, limit=3) for _ in range(4)]

    assert steps == [3, 3, 1, 0]
    assert [await available(tx, who) for who in accounts] == [0] * 7


@given(
    history=st.lists(
        st.tuples(
            st.sampled_from(["earn", "hold", "release", "spend", "expire"]),
            st.integers(1, 9),
            st.integers(0, 3),
        ),
        max_size=20,
    )
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_expiry_agrees_with_a_list_of_lots(connection, history):
    """Lots in plain Python, consumed from the oldest, say what is left after any history."""
    days = [QUARTER_END + timedelta(days=91 * n) for n in range(4)]
    lots, held, today, newest = [1, 0, 0, 0], 0, QUARTER_END, 0
    async with connection.transaction(force_rollback=True):
        anna = await make.rich(connection, 1)
        for verb, points, quarter in history:
            if verb == "earn" and days[max(quarter, newest)] >= today:
                newest = max(quarter, newest)
                await earned(connection, anna, points, expires_on=days[quarter])
                lots[newest] += points
            elif verb == "hold" and points <= sum(lots) - held:
                await hold.hold(connection, account_id=anna, points=points)
                held += points
            elif verb == "release" and points <= held:
                await hold.release(connection, account_id=anna, points=points)
                held -= points
            elif verb == "spend" and points <= sum(lots) - held:
                await spent(connection, anna, points)
                take(lots, points)
            elif verb == "expire":
                today = max(today, days[quarter] + timedelta(days=1))
                await expired(connection, today=today, now=NIGHT)
                due = sum(left for left, day in zip(lots, days, strict=True) if day < today)
                take(lots, max(0, due - held))
        view = await balances.balance(connection, account_id=anna)
        assert (view.held, view.available) == (held, sum(lots) - held)
        assert await broken(connection) == []


def take(lots: list[int], points: int) -> None:
    """Consume from the oldest lot on."""
    for n, left in enumerate(lots):
        taken = min(left, points)
        lots[n] -= taken
        points -= taken


async def test_expiry_races_with_redemptions(committing):
    """Sweeps and purchases of the same points at quarter end: each point goes one way."""
    async with committing.writing() as tx:
        accounts = [await make.rich(tx, 100) for _ in range(4)]

    async def sweep():
        async with committing.writing() as tx:
            await expired(tx, today=AFTER, now=NIGHT)

    async def buy(n):
        try:
            async with committing.writing() as tx:
                await spent(tx, accounts[n % 4], 7)
        except InsufficientPoints:
            return 0
        return 7

    answers = await asyncio.gather(*(sweep() if n % 5 == 4 else buy(n) for n in range(50)))

    async with committing.snapshot() as tx:
        gone = await (
            await tx.execute("SELECT coalesce(-sum(amount), 0) FROM entry WHERE kind = 4")
        ).fetchone()
        left = sum([await available(tx, who) for who in accounts])
        assert await broken(tx) == []
    assert gone is not None
    assert left == 0
    assert gone[0] + sum(answer or 0 for answer in answers) == 400


async def test_a_lot_that_ends_today_is_good_while_an_older_one_goes(tx):
    """Two lots, the older past its day, the newer on its last: only the older leaves."""
    anna = make.account()
    await earned(tx, anna, 50)
    await earned(tx, anna, 30, expires_on=LATER)

    await expired(tx, today=LATER, now=NIGHT)

    assert await available(tx, anna) == 30


async def test_a_sweep_waits_for_a_purchase_and_takes_the_rest(committing):
    """A purchase that is not committed yet is waited for; what it left is what expires."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)

    async def sweep():
        async with committing.writing() as tx:
            return await expired(tx, today=AFTER, now=NIGHT)

    async with committing.writing() as tx:
        await spent(tx, anna, 30)
        sweeping = asyncio.create_task(sweep())
        done, _ = await asyncio.wait({sweeping}, timeout=0.5)
        assert not done
    assert await sweeping == 1
    async with committing.snapshot() as tx:
        row = await (await tx.execute("SELECT amount FROM entry WHERE kind = 4")).fetchone()
        assert row == (-70,)
        assert await broken(tx) == []
