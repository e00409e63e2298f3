"""Holds that ran out give their points, uses and units back."""

from datetime import timedelta

from app.ids import bucket_of
from app.ledger import balances
from app.rewards import claims, release
from tests import make
from tests.make import NOON
from tests.rewards.counter import Left, claim, code, left, sound, till

TOMORROW = NOON + timedelta(hours=24)


async def test_late_holds_come_back_and_spent_ones_do_not(tx):
    """What was not fetched in time is available again, to the citizen and to everybody."""
    anna = await make.rich(tx, 300)
    offer, other = await make.offer(tx, per_citizen=2), await make.offer(tx, points=50)
    spent = await claim(tx, anna, offer)
    await till(tx, offer, code(anna, spent.redemption_id))
    late = await claim(tx, anna, offer)
    await claim(tx, anna, other)

    assert bucket_of(anna) in await release.buckets_due(tx, now=TOMORROW)
    assert bucket_of(anna) not in await release.buckets_due(tx, now=NOON)
    released = await release.release_late(tx, bucket=bucket_of(anna), limit=100, now=TOMORROW)

    assert released == 2
    balance = await balances.balance(tx, account_id=anna)
    assert (balance.available, balance.held, balance.consumed) == (200, 0, 100)
    assert await left(tx, offer.id, anna) == Left(units=9, used=1)
    assert await left(tx, other.id, anna) == Left(units=10, used=0)
    seen = await claims.claim(tx, account_id=anna, redemption_id=late.redemption_id, now=TOMORROW)
    assert (seen.state.name, seen.resolved_at) == ("expired", TOMORROW)
    assert bucket_of(anna) not in await release.buckets_due(tx, now=TOMORROW)
    await sound(tx)


async def test_a_step_takes_the_oldest_and_no_more_than_its_limit(tx):
    """A long night is swept in steps; running a step twice is safe."""
    anna = await make.rich(tx, 500)
    offer = await make.offer(tx, per_citizen=5)
    made = [
        await claim(tx, anna, offer, now=NOON + timedelta(minutes=minute)) for minute in range(5)
    ]
    late = TOMORROW + timedelta(minutes=3)

    steps = [
        await release.release_late(tx, bucket=bucket_of(anna), limit=3, now=late) for _ in range(3)
    ]

    assert steps == [3, 1, 0]
    last = made[-1].redemption_id
    seen = await claims.claim(tx, account_id=anna, redemption_id=last, now=late)
    assert seen.state.name == "held"
    await sound(tx)


async def test_a_bucket_with_nothing_late_changes_nothing(tx):
    """The sweep may come at any time."""
    assert await release.release_late(tx, bucket=7, limit=10, now=NOON) == 0
