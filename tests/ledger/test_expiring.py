"""Notices of expiry: 30, 7 and 1 days before, each once, however often and late it is asked."""

from datetime import date, timedelta

import pytest

from app.database import savepoint
from app.ledger import hold
from app.ledger.expiring import Expiring, expiring
from tests import make
from tests.ledger.book import ALL, earned
from tests.make import NOON, QUARTER_END


async def told(tx, days_before: int, *, limit: int = 100) -> list[Expiring]:
    """Who is told that many days before the quarter ends."""
    today = QUARTER_END - timedelta(days=days_before)
    return await expiring(tx, buckets=ALL, limit=limit, today=today, now=NOON)


async def test_each_is_told_three_times(tx):
    """Asked every day of the last weeks, an account is named on three of them."""
    anna = await make.rich(tx, 100)

    named = {days: await told(tx, days) for days in range(40, -3, -1)}

    assert {days for days, found in named.items() if found} == {30, 7, 1}
    assert named[7] == [Expiring(anna, 100, QUARTER_END, 7)]


async def test_a_late_run_tells_what_is_nearest(tx):
    """Six days before, with nothing told yet: one notice, and no second one for the thirty."""
    anna = await make.rich(tx, 100)

    assert await told(tx, 6) == [Expiring(anna, 100, QUARTER_END, 6)]
    assert await told(tx, 6) == []
    assert await told(tx, 0) == [Expiring(anna, 100, QUARTER_END, 0)]


async def test_only_what_is_left_is_named(tx):
    """Held and spent points are not announced; whoever has nothing left is not told."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 100)
    await hold.hold(tx, account_id=anna, points=60)
    await hold.hold(tx, account_id=boris, points=100)

    assert await told(tx, 30) == [Expiring(anna, 40, QUARTER_END, 30)]


async def test_a_later_lot_is_not_announced(tx):
    """Of two lots the one that ends soon is named, with its own points, closed or implicit."""
    anna = await make.rich(tx, 100)
    await earned(tx, anna, 50, expires_on=date(2028, 6, 30))

    assert await told(tx, 30) == [Expiring(anna, 100, QUARTER_END, 30)]
    later = date(2028, 6, 30) - QUARTER_END
    assert await told(tx, 30 - later.days) == [Expiring(anna, 50, date(2028, 6, 30), 30)]


async def test_a_crash_undoes_the_telling(tx):
    """Told and written down are one transaction: undone together, found again together."""
    await make.rich(tx, 100)
    with pytest.raises(RuntimeError):
        async with savepoint(tx):
            assert len(await told(tx, 30)) == 1
            raise RuntimeError
    assert len(await told(tx, 30)) == 1


async def test_notices_come_step_by_step(tx):
    """At most as many as asked for; together everybody once."""
    accounts = {await make.rich(tx, 5) for _ in range(7)}

    steps = [await told(tx, 30, limit=3) for _ in range(4)]

    assert [len(step) for step in steps] == [3, 3, 1, 0]
    assert {each.account_id for step in steps for each in step} == accounts
