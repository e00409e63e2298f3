"""Crediting: one entry, one balance, and a lot only when a later quarter begins."""

import asyncio
import time
from datetime import date

import psycopg
import pytest

from app.ids import new_id
from app.ledger import balances, verify
from app.ledger.axis import close_lots
from app.ledger.earn import Earning, earn
from app.ledger.units import POINTS, POINTS_MAX
from tests import make
from tests.make import NOON, QUARTER_END

NEXT_QUARTER = date(2028, 6, 30)


async def lots(tx) -> list[tuple]:
    """The marks that are written down."""
    return await (
        await tx.execute("SELECT account_id, expires_on, cum_earned FROM lot ORDER BY 1, 2")
    ).fetchall()


async def credit(tx, *accounts: int, points: int = 10, expires_on: date = QUARTER_END, unit=POINTS):
    """Each account earns once."""
    earnings = [Earning(account, points, new_id(), NOON) for account in accounts]
    await earn(tx, earnings=earnings, expires_on=expires_on, now=NOON, unit=unit)


async def test_a_usual_credit_writes_no_lot(tx):
    """However often an account is credited in a quarter, its newest lot is the balance's own."""
    anna = make.account()
    for _ in range(3):
        await credit(tx, anna)

    assert await lots(tx) == []
    [lot] = (await balances.balance(tx, account_id=anna)).lots
    assert (lot.expires_on, lot.points) == (QUARTER_END, 30)


async def test_the_first_credit_of_a_quarter_closes_the_lot_before(tx):
    """One batch over the turn of a quarter: who had points gets a mark, who had none does not."""
    anna, boris, chen = sorted(make.account() for _ in range(3))
    await credit(tx, anna, boris)
    await credit(tx, boris, expires_on=NEXT_QUARTER)

    await credit(tx, anna, boris, chen, anna, points=1, expires_on=NEXT_QUARTER)

    assert await lots(tx) == [(anna, QUARTER_END, 10), (boris, QUARTER_END, 10)]
    views = [await balances.balance(tx, account_id=who) for who in (anna, boris, chen)]
    assert [[(lot.expires_on, lot.points) for lot in view.lots] for view in views] == [
        [(QUARTER_END, 10), (NEXT_QUARTER, 2)],
        [(QUARTER_END, 10), (NEXT_QUARTER, 11)],
        [(NEXT_QUARTER, 1)],
    ]
    assert [check.name for check in await verify.checks(tx) if check.breaches] == []


async def test_a_usual_credit_is_one_statement(tx, monkeypatch):
    """No read, no lot, no second run; only the turn of a quarter takes two statements more."""
    anna, asked = make.account(), []
    execute = tx.execute

    async def counted(query, *rest, **how):
        asked.append(query)
        return await execute(query, *rest, **how)

    monkeypatch.setattr(tx, "execute", counted)
    await credit(tx, anna)
    await credit(tx, anna)
    assert len(asked) == 2
    await credit(tx, anna, expires_on=NEXT_QUARTER)
    assert len(asked) == 5


async def test_only_lots_that_end_earlier_are_closed(tx):
    """Closing says whose lot it closed; who ends later already, or earned nothing, is left alone."""
    anna, boris = make.account(), make.account()
    await credit(tx, anna)
    await credit(tx, boris, expires_on=NEXT_QUARTER)

    closed = await close_lots(
        tx, account_ids=[anna, boris, make.account()], unit=POINTS, expires_on=NEXT_QUARTER
    )

    assert closed == [anna]


async def test_credits_race_over_the_turn_of_a_quarter(committing):
    """Sixty credits of either quarter at once: every point lies in exactly one lot."""
    anna, boris = make.account(), make.account()

    async def one(n):
        async with committing.writing() as tx:
            pair = (anna, boris) if n % 3 else (boris, anna)
            await credit(tx, *pair, expires_on=NEXT_QUARTER if n % 2 else QUARTER_END)

    await asyncio.gather(*(one(n) for n in range(60)))

    async with committing.snapshot() as tx:
        for who in (anna, boris):
            view = await balances.balance(tx, account_id=who)
            assert view.earned == sum(lot.points for lot in view.lots) == 600
        assert [check.name for check in await verify.checks(tx) if check.breaches] == []


@pytest.mark.parametrize("points", [0, -1, POINTS_MAX + 1])
def test_what_an_entry_cannot_hold_is_not_earned(points):
    """Nothing, less than nothing and more than an entry's column are refused before any SQL."""
    with pytest.raises(AssertionError):
        Earning(make.account(), points, new_id(), NOON)


async def test_updates_of_balances_stay_on_their_page(fresh_urls, committing):
    """Balances change without touching an index (HOT), however often batches hit a page."""
    accounts = sorted(make.account() for _ in range(4_000))
    for batch in [accounts, *(accounts[n % 20 :: 20] for n in range(40))]:
        async with committing.writing() as tx:
            await credit(tx, *batch, points=1)
    await committing.close()
    # A connection that was closed ends, and tells what it did, a moment later.
    row, deadline = (0, 0), time.monotonic() + 60
    with psycopg.connect(fresh_urls.owner, autocommit=True) as owner:
        while row[0] < 40 * 200 and time.monotonic() < deadline:
            row = owner.execute(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'balance'"
            ).fetchone()
            await asyncio.sleep(0.02)
    assert row[0] == 40 * 200
    assert row[1] > 39 * 200, row
