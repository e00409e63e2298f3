"""Lots are worked out again from the sealed entries: a mark that was moved by hand is found."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from app.clock import points_expire_on
from app.ids import new_id
from app.ledger import lots_verify, units
from app.ledger.officer_adjust import OfficerAdjustment, adjust_accounts
from tests import make
from tests.ledger.histories import buy, gain, give_back, let_expire, owner
from tests.ledger.tampering import Inside

ZONE = ZoneInfo("Asia/Shanghai")
MONTHS = 24
MIDNIGHT = datetime(2026, 3, 31, 16, tzinfo=UTC)
"""The first moment of a quarter in the programme's zone."""
SPRING_ENDS = date(2027, 6, 30)


async def breaches(tx):
    """How many marks and bookings do not agree."""
    [law] = await lots_verify.checks(tx, zone=ZONE, life_months=MONTHS)
    assert law.rows
    return law.breaches


@pytest.fixture
async def town(committing):
    """A year of one citizen, with late, spent, refunded and expired points, and another unit."""
    anna, boris = 1024 * 50 + 5, 1024 * 51 + 6
    times = [
        MIDNIGHT - timedelta(days=40),
        MIDNIGHT - timedelta(microseconds=1),
        MIDNIGHT,
        MIDNIGHT - timedelta(seconds=2),
        MIDNIGHT + timedelta(days=200),
        MIDNIGHT + timedelta(days=201),
    ]
    async with committing.writing() as tx:
        for who in (anna, boris):
            for now in times:
                ends = points_expire_on(now.astimezone(ZONE).date(), months=MONTHS)
                await gain(tx, who, 30, ends=ends, now=now)
        bought = await buy(tx, anna, 70, now=times[-1])
        await give_back(tx, anna, 30, of=bought, now=times[-1])
        await let_expire(tx, date(2028, 4, 2), now=MIDNIGHT + timedelta(days=733))
        spring = await units.define(
            tx, code="spring", name_zh="春", name_en="Spring", last_day=SPRING_ENDS
        )
        summer = await units.define(
            tx, code="summer", name_zh="夏", name_en="Summer", life_months=1
        )
        for unit in (spring, summer):
            await adjust_accounts(
                tx,
                adjustments=[OfficerAdjustment(anna, 9, new_id())],
                expires_on=unit.expires_on(MIDNIGHT.astimezone(ZONE).date()),
                now=MIDNIGHT,
                unit=unit.id,
            )
    return committing


async def test_honest_lots_agree_with_the_bookings(town):
    """Turns of a quarter, a clock that stepped back, refunds, expiry and two other units agree."""
    async with town.snapshot() as tx:
        marks = await (await tx.execute("SELECT count(*) FROM lot")).fetchone()
        assert (marks[0] > 3, await breaches(tx)) == (True, 0)


HARMS = [
    "UPDATE lot SET expires_on = expires_on + 10 WHERE account_id = 51205 AND expires_on < '2028-06-01'",
    "UPDATE lot SET cum_earned = cum_earned + 1 WHERE account_id = 51205",
    "UPDATE lot SET cum_earned = cum_earned - 30 WHERE account_id = 52230 AND cum_earned = 120",
    "DELETE FROM lot WHERE account_id = 52230 AND cum_earned = (SELECT min(cum_earned) FROM lot)",
    "INSERT INTO lot VALUES (5, 51205, 1, DATE '2028-08-31', 130)",
    "UPDATE balance SET last_expiry = last_expiry + 365 WHERE account_id = 51205 AND unit = 1",
    "UPDATE balance SET last_expiry = DATE '2027-03-31' WHERE unit = 2",
    "UPDATE balance SET last_expiry = DATE '2026-09-30' WHERE unit = 3",
    "UPDATE balance SET last_expiry = '-infinity' WHERE account_id = 52230",
    "DELETE FROM balance WHERE account_id = 52230",
]


async def test_whoever_moves_a_mark_or_its_day_is_found(town, fresh_urls):
    """Longer, shorter, moved, deleted, split: each harm by itself breaks the law."""
    with owner(fresh_urls), psycopg.connect(fresh_urls.owner) as connection:
        for harm in HARMS:
            assert connection.execute(harm).rowcount, harm
            assert await breaches(Inside(connection)), harm
            connection.rollback()
        assert await breaches(Inside(connection)) == 0


async def test_a_clock_that_was_far_ahead_is_no_breach(tx):
    """Behind an entry of next year time is counted on; the points still expire by their own day."""
    anna = make.account()
    ends = points_expire_on(MIDNIGHT.astimezone(ZONE).date(), months=MONTHS)
    await gain(tx, anna, 30, ends=ends, now=MIDNIGHT)
    await buy(tx, anna, 10, now=MIDNIGHT + timedelta(days=300))
    await gain(tx, anna, 30, ends=ends, now=MIDNIGHT + timedelta(days=1))
    assert await breaches(tx) == 0


async def test_points_with_a_day_of_their_own_are_found(tx):
    """Points that were booked with another day than the rule's are a breach, not a lot."""
    await gain(tx, make.account(), 30, ends=date(2029, 3, 31), now=MIDNIGHT)
    assert await breaches(tx) == 1
