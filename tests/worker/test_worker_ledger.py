"""The ledger's jobs: each day once, resumed after a crash, and harmless when run twice."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from app import worker_ledger
from app.ids import new_id
from app.ledger import balances, sweep, units, verify
from app.ledger.claw_back import ClawBack, claw_back
from app.ledger.earn import Earning, earn
from tests import city, make
from tests.make import NOON, QUARTER_END

MIDNIGHT = datetime(2028, 3, 31, 16, tzinfo=UTC)
"""When 1 April 2028 begins in the city."""


@pytest.fixture
async def town(committing):
    """A programme, and twenty accounts with a hundred points."""
    async with committing.writing() as tx:
        await city.programme(tx)
        accounts = [await make.rich(tx, 100) for _ in range(20)]
    return committing, accounts


async def left(database, accounts) -> int:
    """What they can spend together, in a book without a breach."""
    async with database.snapshot() as tx:
        views = [await balances.balance(tx, account_id=who) for who in accounts]
        assert [check.name for check in await verify.checks(tx) if check.breaches] == []
    return sum(view.available for view in views)


async def count(database, sql: str) -> int:
    """The one number of a query."""
    async with database.reading() as tx:
        row = await (await tx.execute(sql)).fetchone()
    assert row is not None
    return int(row[0])


async def test_points_expire_at_the_programmes_midnight(town):
    """A second before, nothing; a second after, all; once more, nothing more."""
    database, accounts = town

    assert await worker_ledger.expire_points(database, now=MIDNIGHT - timedelta(seconds=1)) == 0
    assert await left(database, accounts) == 2_000
    assert await worker_ledger.expire_points(database, now=MIDNIGHT) == 20
    assert await left(database, accounts) == 0
    assert await worker_ledger.expire_points(database, now=MIDNIGHT) == 0


async def test_a_day_that_is_done_is_not_walked_again(town):
    """Progress rests at the last bucket; the next day begins at the first."""
    database, _ = town
    await worker_ledger.expire_points(database, now=MIDNIGHT)
    async with database.writing() as tx:
        day = date(2028, 4, 1)
        assert await sweep.next_buckets(tx, name="expire_points", day=day) is None
        tomorrow = await sweep.next_buckets(tx, name="expire_points", day=day + timedelta(days=1))
    assert tomorrow == range(sweep.BUCKETS_PER_STEP)


async def test_a_sweep_that_died_goes_on(town, monkeypatch):
    """Killed after some ranges: the next run does the rest, and each account once."""
    database, accounts = town
    real, steps = worker_ledger.expire, []

    async def dying(tx, **how):
        steps.append(how["buckets"])
        if len(steps) == 30:
            raise RuntimeError("killed")
        return await real(tx, **how)

    monkeypatch.setattr(worker_ledger, "expire", dying)
    with pytest.raises(RuntimeError):
        await worker_ledger.expire_points(database, now=MIDNIGHT)
    await worker_ledger.expire_points(database, now=MIDNIGHT)

    assert steps[30] == steps[29]
    assert await left(database, accounts) == 0
    assert await count(database, "SELECT count(*) FROM entry WHERE kind = 4") == 20


async def test_two_sweeps_at_once_expire_once(town):
    """Two workers that see the same minute: one entry for each account."""
    database, accounts = town

    await asyncio.gather(*(worker_ledger.expire_points(database, now=MIDNIGHT) for _ in range(2)))

    assert await left(database, accounts) == 0
    assert await count(database, "SELECT count(*) FROM entry WHERE kind = 4") == 20


async def test_everybody_is_told_once_before(town):
    """One message to each at 30 days; the next day none; at 7 days one more."""
    database, _ = town
    for days_before, messages in ((30, 20), (30, 20), (29, 20), (7, 40)):
        now = MIDNIGHT - timedelta(days=days_before, hours=6)
        await worker_ledger.tell_of_expiry(database, now=now)
        assert await count(database, "SELECT count(*) FROM outbox") == messages
    async with database.reading() as tx:
        row = await (
            await tx.execute("SELECT template, facts FROM outbox ORDER BY id LIMIT 1")
        ).fetchone()
    assert row == (
        "points_expiring",
        {"unit": "points", "points": 100, "expires_on": "2028-03-31", "days_left": 30},
    )


async def test_a_campaign_has_its_own_messages_and_its_own_end(town):
    """Units are swept each by its own rule, in the same run."""
    database, [anna, *_] = town
    last_day = date(2026, 5, 31)
    async with database.writing() as tx:
        spring = await units.define(
            tx, code="spring", name_zh="春季", name_en="Spring", last_day=last_day
        )
        earning = Earning(anna, 7, new_id(), NOON)
        await earn(tx, earnings=[earning], expires_on=last_day, now=NOON, unit=spring.id)

    night = datetime(2026, 5, 31, 18, tzinfo=UTC)
    assert await worker_ledger.tell_of_expiry(database, now=night - timedelta(days=1)) == 1
    assert await worker_ledger.expire_points(database, now=night) == 1
    async with database.reading() as tx:
        wallet = await balances.wallet(tx, account_id=anna)
    assert {code: view.available for code, view in wallet.items()} == {"points": 100, "spring": 0}


async def test_debts_are_collected(town):
    """Whoever owes and has points pays within the minute."""
    database, [anna, *_] = town
    async with database.writing() as tx:
        claim = ClawBack(anna, 130, new_id(), NOON)
        await claw_back(tx, claw_backs=[claim], now=NOON)
        earning = Earning(anna, 50, new_id(), NOON)
        await earn(tx, earnings=[earning], expires_on=QUARTER_END, now=NOON)

    assert await worker_ledger.collect_debts(database, now=NOON) == 1

    assert await left(database, [anna]) == 20
    assert await count(database, "SELECT sum(owed) FROM debt") == 0


async def test_without_a_programme_there_is_nothing_to_do(committing):
    """Before a city is set up the jobs end in peace."""
    assert await worker_ledger.expire_points(committing, now=NOON) == 0
    assert await worker_ledger.tell_of_expiry(committing, now=NOON) == 0
    assert await worker_ledger.collect_debts(committing, now=NOON) == 0
