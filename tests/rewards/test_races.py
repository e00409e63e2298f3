"""Every operation runs concurrently with itself, and with its rivals. Commits are real."""

import asyncio
from collections import Counter
from datetime import timedelta

from app.ids import bucket_of
from app.ledger import balances
from app.problems import DomainError
from app.rewards import release
from app.rewards.cancel import cancel
from tests import make
from tests.make import NOON, citizen_headers, merchant_headers
from tests.rewards.counter import Left, claim, code, left, sound, till

REDEMPTIONS = "/v1/me/redemptions"


async def attempt(database, act) -> str:
    """One transaction; a refusal's code is its answer."""
    try:
        async with database.writing() as tx:
            return await act(tx) or "done"
    except DomainError as error:
        return error.code()


async def test_six_tills_scan_one_coupon(committing):
    """One till is paid, five are refused."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        offer = await make.offer(tx)
        coupon = code(anna, (await claim(tx, anna, offer)).redemption_id)

    async def scanning(number):
        return await attempt(
            committing, lambda tx: _paid(till(tx, offer, coupon, order_no=f"A-{number}"))
        )

    answers = await asyncio.gather(*(scanning(number) for number in range(6)))

    assert sorted(answers) == ["coupon-not-open"] * 5 + ["paid"]
    async with committing.snapshot() as tx:
        assert (await balances.balance(tx, account_id=anna)).consumed == 100
        await sound(tx)


async def test_one_till_sends_one_scan_six_times(live_client, committing, keys):
    """The impatient till gets six equal answers, and one payment."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        offer = await make.offer(tx)
        coupon = code(anna, (await claim(tx, anna, offer)).redemption_id)
    headers = merchant_headers(keys, offer.merchant.id)
    body = {"coupon": coupon, "order_no": "A-1"}

    answers = await asyncio.gather(
        *(
            live_client.post("/v1/merchant/coupons/redeem", json=body, headers=headers)
            for _ in range(6)
        )
    )

    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_one_order_number_for_six_coupons_at_once(committing):
    """The number stands for one coupon; the other five stay usable."""
    async with committing.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx, per_citizen=6)
        coupons = [code(anna, (await claim(tx, anna, offer)).redemption_id) for _ in range(6)]

    answers = await asyncio.gather(
        *(
            attempt(committing, lambda tx, each=each: _paid(till(tx, offer, each)))
            for each in coupons
        )
    )

    assert sorted(answers) == ["order-number-used"] * 5 + ["paid"]
    async with committing.snapshot() as tx:
        balance = await balances.balance(tx, account_id=anna)
        assert (balance.consumed, balance.held) == (100, 500)
        await sound(tx)


async def test_twenty_citizens_want_five_units(live_client, committing, keys):
    """Exactly five are sold, and nobody is told "sold out" while one is left."""
    async with committing.writing() as tx:
        citizens = [await make.rich(tx) for _ in range(20)]
        offer = await make.offer(tx, stock=5)
    body = {"offer_id": str(offer.id)}

    answers = await asyncio.gather(
        *(
            live_client.post(REDEMPTIONS, json=body, headers=citizen_headers(keys, each))
            for each in citizens
        )
    )

    codes = Counter(each.json().get("code", "sold") for each in answers)
    assert codes == {"sold": 5, "offer-sold-out": 15}
    assert len({each.json()["coupon"] for each in answers if each.status_code == 201}) == 5
    async with committing.snapshot() as tx:
        assert (await left(tx, offer.id, citizens[0])).units == 0
        await sound(tx)


async def test_one_citizen_fires_ten_claims_with_points_for_one(live_client, committing, keys):
    """The last points are taken once."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 199)
        offer = await make.offer(tx, per_citizen=10)
    body = {"offer_id": str(offer.id)}

    answers = await asyncio.gather(
        *(
            live_client.post(REDEMPTIONS, json=body, headers=citizen_headers(keys, anna))
            for _ in range(10)
        )
    )

    codes = Counter(each.json().get("code", "sold") for each in answers)
    assert codes == {"sold": 1, "insufficient-points": 9}
    async with committing.snapshot() as tx:
        assert (await balances.balance(tx, account_id=anna)).available == 99
        assert await left(tx, offer.id, anna) == Left(units=9, used=1)
        await sound(tx)


async def test_one_citizen_fires_ten_claims_for_two_units(committing):
    """The limit of one person holds against the person's own haste."""
    async with committing.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx, per_citizen=2)

    answers = await asyncio.gather(
        *(attempt(committing, lambda tx: _paid(claim(tx, anna, offer))) for _ in range(10))
    )

    assert Counter(answers) == {"paid": 2, "limit-reached": 8}
    async with committing.snapshot() as tx:
        assert await left(tx, offer.id, anna) == Left(units=8, used=2)
        await sound(tx)


async def test_one_intention_sent_twenty_times(live_client, committing, keys):
    """One redemption, and twenty answers of the same bytes."""
    async with committing.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx, per_citizen=20, stock=100)
    headers = citizen_headers(keys, anna, key="one-intention")
    body = {"offer_id": str(offer.id)}

    answers = await asyncio.gather(
        *(live_client.post(REDEMPTIONS, json=body, headers=headers) for _ in range(20))
    )

    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    async with committing.snapshot() as tx:
        assert (await balances.balance(tx, account_id=anna)).held == 100
        await sound(tx)


async def test_a_cancel_races_a_scan(committing):
    """Either the merchant is paid or the citizen has the points back, never both."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 2_000)
        offer = await make.offer(tx, per_citizen=20, stock=20)
        made = [(await claim(tx, anna, offer)).redemption_id for _ in range(20)]

    async def cancelling(redemption_id):
        return await attempt(
            committing,
            lambda tx: _paid(cancel(tx, account_id=anna, redemption_id=redemption_id, now=NOON)),
        )

    async def scanning(redemption_id):
        coupon, order_no = code(anna, redemption_id), str(redemption_id)
        return await attempt(
            committing, lambda tx: _paid(till(tx, offer, coupon, order_no=order_no))
        )

    pairs = await asyncio.gather(
        *(asyncio.gather(cancelling(each), scanning(each)) for each in made)
    )

    assert all(sorted(pair) == ["coupon-not-open", "paid"] for pair in pairs)
    scanned = sum(scan == "paid" for _, scan in pairs)
    async with committing.snapshot() as tx:
        balance = await balances.balance(tx, account_id=anna)
        assert (balance.consumed, balance.held) == (100 * scanned, 0)
        assert await left(tx, offer.id, anna) == Left(units=20 - scanned, used=scanned)
        await sound(tx)


async def test_a_sweep_races_scans_and_cancels_and_claims(committing):
    """At the moment a hold runs out each coupon is resolved once, whatever clock a till has."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 5_000)
        offer = await make.offer(tx, per_citizen=50, stock=25)
        made = [await claim(tx, anna, offer) for _ in range(20)]
    just_before = NOON + timedelta(hours=24) - timedelta(seconds=1)
    just_after = NOON + timedelta(hours=24)

    def scanning(redemption_id):
        coupon, order_no = code(anna, redemption_id), str(redemption_id)
        return attempt(
            committing,
            lambda tx: _paid(till(tx, offer, coupon, order_no=order_no, now=just_before)),
        )

    def cancelling(redemption_id):
        return attempt(
            committing,
            lambda tx: _paid(
                cancel(tx, account_id=anna, redemption_id=redemption_id, now=just_before)
            ),
        )

    def sweeping():
        return attempt(committing, sweep)

    async def sweep(tx):
        bucket = bucket_of(anna)
        return str(await release.release_late(tx, bucket=bucket, limit=5, now=just_after))

    def claiming():
        return attempt(committing, lambda tx: _paid(claim(tx, anna, offer)))

    acts = [scanning(each.redemption_id) for each in made[:10]]
    acts += [cancelling(each.redemption_id) for each in made[10:]]
    acts += [sweeping() for _ in range(6)] + [claiming() for _ in range(8)]
    answers = await asyncio.gather(*acts)

    scanned, cancelled = answers[:10].count("paid"), answers[10:20].count("paid")
    swept = sum(int(each) for each in answers[20:26])
    assert set(answers[:20]) <= {"paid", "coupon-not-open"}
    assert set(answers[26:]) <= {"paid", "offer-sold-out"}
    async with committing.writing() as tx:
        while step := int(await sweep(tx)):
            swept += step
        claimed = answers[26:].count("paid")
        assert scanned + cancelled + swept == 20 + claimed
        balance = await balances.balance(tx, account_id=anna)
        assert (balance.consumed, balance.held) == (100 * scanned, 0)
        assert await left(tx, offer.id, anna) == Left(units=25 - scanned, used=scanned)
        await sound(tx)


async def test_two_sweeps_of_shared_offers_do_not_deadlock(committing):
    """Buckets are swept side by side; the offers they share are locked in one order."""
    async with committing.writing() as tx:
        offers = [await make.offer(tx, stock=100) for _ in range(5)]
        citizens = [await make.rich(tx, 1_000) for _ in range(8)]
        for number, each in enumerate(citizens):
            for offer in offers if number % 2 else offers[::-1]:
                await claim(tx, each, offer)
    tomorrow = NOON + timedelta(hours=24)

    async def sweep(bucket):
        async def act(tx):
            return str(await release.release_late(tx, bucket=bucket, limit=100, now=tomorrow))

        return await attempt(committing, act)

    buckets = {bucket_of(each) for each in citizens}
    swept = await asyncio.gather(*(sweep(bucket) for bucket in buckets for _ in range(2)))

    async with committing.snapshot() as tx:
        assert sum(map(int, swept)) == 40
        await sound(tx)


async def _paid(act) -> str:
    await act
    return "paid"
