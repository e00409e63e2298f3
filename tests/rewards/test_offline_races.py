"""Batches of tills without network against tills, against claims and against themselves."""

import asyncio
from uuid import uuid4

from app.problems import DomainError
from tests import make
from tests.rewards import shop
from tests.rewards.counter import claim, sound
from tests.rewards.offline_till import HOUR, SECOND, hand_in, line, swept


async def attempt(database, act):
    """One transaction; a refusal's code is its answer."""
    try:
        async with database.writing() as tx:
            return await act(tx)
    except DomainError as error:
        return error.code()


async def test_batches_race_a_till_and_themselves(committing):
    """Two batches and two tills with the same coupons: each coupon is owed once."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, stock=40)
        basket = [await shop.held(tx, offer=offer) for _ in range(12)]

    def batch(name, order):
        lines = [line(each, f"{name}-{n}") for n, each in order]
        return attempt(committing, lambda tx: hand_in(tx, offer, *lines))

    def online(name, coupon):
        return attempt(committing, lambda tx: shop.take(tx, coupon, order_no=name, desk=shop.RIGHT))

    order = list(enumerate(basket))
    answers = await asyncio.gather(
        batch("B", order),
        batch("C", order[::-1]),
        *(online(f"D-{n}", each) for n, each in order),
    )
    batches, tills = answers[:2], answers[2:]
    redeemed = sum(each.outcome == "redeemed" for batch in batches for each in batch)
    taken = sum(each != "coupon-not-open" for each in tills)
    assert redeemed + taken == 12
    assert {each.reason for batch in batches for each in batch} <= {None, "redeemed_elsewhere"}
    async with committing.snapshot() as tx:
        for each in basket:
            assert await shop.purse(tx, each) == (0, 0, 100)
        await sound(tx)


async def test_one_batch_sent_six_times_at_once(committing):
    """Six equal answers and one payment, also for holds that ran out."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, stock=40)
        basket = [await shop.held(tx, offer=offer) for _ in range(5)]
        for each in basket:
            await swept(tx, each, now=each.held_until)
    end, batch_id = basket[0].held_until, uuid4()
    lines = [line(each, f"B-{n}", at=end - SECOND) for n, each in enumerate(basket)]

    async def send(tx):
        return await hand_in(tx, offer, *lines, batch_id=batch_id, now=end + HOUR)

    answers = await asyncio.gather(*(attempt(committing, send) for _ in range(6)))
    assert [each.outcome for each in answers[0]] == ["redeemed"] * 5
    assert all(each == answers[0] for each in answers)
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_holds_that_are_taken_again_race_claims_of_the_last_units(committing):
    """Five late coupons and five claims want five units: five of ten get one, none too many."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, stock=5, per_citizen=1)
        basket = [await shop.held(tx, offer=offer) for _ in range(5)]
        for each in basket:
            await swept(tx, each, now=each.held_until)
        others = [await make.rich(tx) for _ in range(5)]
    end = basket[0].held_until

    def batch(coupon):
        item = line(coupon, str(coupon.id), at=end - SECOND)
        return attempt(committing, lambda tx: hand_in(tx, offer, item, now=end + HOUR))

    def buy(account_id):
        return attempt(committing, lambda tx: claim(tx, account_id, offer, now=end))

    answers = await asyncio.gather(*map(batch, basket), *map(buy, others))
    revived = [each[0].reason or "got" for each in answers[:5]]
    bought = ["got" if not isinstance(each, str) else each for each in answers[5:]]
    assert revived.count("got") + bought.count("got") == 5
    assert set(revived) <= {"got", "sold_out"}
    assert set(bought) <= {"got", "offer-sold-out"}
    async with committing.snapshot() as tx:
        await sound(tx)
