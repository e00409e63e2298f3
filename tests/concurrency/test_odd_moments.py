"""Bad neighbours, opposite orders, last instants and late refunds: each ends in one right state."""

import asyncio
from collections import Counter
from datetime import timedelta

from app.demo import proof
from app.ids import new_id
from app.ledger import balances
from app.ledger.expire import expire
from app.ledger.refund import Refund, refund
from app.rewards import release
from app.rewards.errors import CouponNotOpen
from tests import city, make
from tests.city import MORNING, ride
from tests.make import NOON
from tests.rewards.counter import claim, code, sound, till


async def test_one_bad_record_among_a_thousand_spoils_no_other(committing):
    """999 rides are credited or capped as if the bad one had not been there; it alone is refused."""
    async with committing.writing() as tx:
        await city.programme(tx)
        for n in range(111):
            await city.citizen(tx, f"p{n}")
    records = [
        ride(f"r{n}", subject=f"card-p{n % 111}", start=MORNING - timedelta(hours=n // 111))
        for n in range(999)
    ]
    bad = ride("bad", subject="card-p0", distance_km="twelve")
    records.insert(500, bad)

    async with committing.writing() as tx:
        outcomes = (await city.send(tx, *records)).outcomes

    verdicts = Counter(each.verdict for each in outcomes)
    assert outcomes[500].verdict == "rejected"
    assert outcomes[500].field == "data.distance_km"
    assert [each.ref for each in outcomes if each.reason not in {None, "rides_per_day"}] == ["bad"]
    assert verdicts["credited"] > 500
    assert [check.name for check in await proof.prove(committing) if check.breaches] == []


async def test_one_batch_from_two_workers_in_opposite_order(committing):
    """Forwards and backwards at the same moment, five times over: each once, and no deadlock."""
    async with committing.writing() as tx:
        await city.programme(tx)
        for n in range(40):
            await city.citizen(tx, f"p{n}")

    async def send(records):
        async with committing.writing() as tx:
            return Counter(each.verdict for each in (await city.send(tx, *records)).outcomes)

    for batch in range(5):
        records = [
            ride(f"b{batch}-{n}", subject=f"card-p{n}", start=MORNING - timedelta(hours=batch))
            for n in range(40)
        ]
        both = await asyncio.gather(send(records), send(records[::-1]))
        assert sum(both, Counter()) == {"credited": 40, "duplicate": 40}
    late = [  # re-ordered: the day before arrives after the day
        ride(f"late-{n}", subject=f"card-p{n}", start=MORNING - timedelta(days=1))
        for n in range(40)
    ]
    assert await send(late) == {"credited": 40}
    assert [check.name for check in await proof.prove(committing) if check.breaches] == []


async def test_a_hold_ends_at_the_instant_of_its_scan(committing):
    """Thirty coupons are scanned while the sweep ends their holds: each is spent or released, once."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, points=10, stock=30, per_citizen=1)
        people = [await make.rich(tx, 10) for _ in range(30)]
        made = [await claim(tx, who, offer) for who in people]
    end = max(each.held_until for each in made)

    async def scan(number):
        coupon = code(people[number], made[number].redemption_id)
        moment = end - timedelta(microseconds=1)
        try:
            async with committing.writing() as tx:
                await till(tx, offer, coupon, order_no=f"A-{number}", now=moment)
        except CouponNotOpen:
            return "late"
        return "spent"

    async def sweep():
        async with committing.reading() as tx:
            due = await release.buckets_due(tx, now=end)
        for bucket in due:
            async with committing.writing() as tx:
                await release.release_late(tx, bucket=bucket, limit=100, now=end)

    answers = await asyncio.gather(sweep(), *(scan(number) for number in range(30)), sweep())
    spent = Counter(answers)["spent"]

    async with committing.snapshot() as tx:
        await sound(tx)
        row = await tx.execute(
            "SELECT count(*) FILTER (WHERE state = 2), count(*) FROM redemption WHERE state IN (2, 4)"
        )
        assert await row.fetchone() == (spent, 30)
        left = [(await balances.balance(tx, account_id=who)).available for who in people]
    assert sum(left) == 10 * (30 - spent)


async def test_a_refund_after_its_points_expired_expires_again(committing):
    """Points that come back too late are booked, shown, and leave with the next sweep."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, points=10)
        anna = await make.rich(tx, 10)
        made = await claim(tx, anna, offer)
        await till(tx, offer, code(anna, made.redemption_id))
    late = NOON + timedelta(days=900)

    async def sweep():
        async with committing.writing() as tx:
            return await expire(
                tx, buckets=range(1024), limit=10, today=late.date(), zone="Asia/Shanghai",
                ref=new_id(), now=late,
            )  # fmt: skip

    assert await sweep() == 0
    async with committing.writing() as tx:
        await refund(tx, refunds=[Refund(anna, 10, made.redemption_id, new_id(), late)], now=late)
        assert (await balances.balance(tx, account_id=anna)).available == 10
    assert (await sweep(), await sweep()) == (1, 0)
    async with committing.snapshot() as tx:
        assert (await balances.balance(tx, account_id=anna)).available == 0
        await sound(tx)
