"""A till takes a coupon: the merchant is owed its points, once."""

from datetime import timedelta

import pytest

from app.ledger import balances, statement
from app.rewards import scans
from app.rewards.cancel import cancel
from app.rewards.errors import CouponNotFound, CouponNotOpen, OrderNumberUsed
from tests import make
from tests.make import NOON
from tests.rewards.counter import claim, code, sound, till


async def test_scanning_pays_the_merchant(tx):
    """The hold becomes one entry in favour of the merchant's counter-account."""
    anna = await make.rich(tx, 100)
    offer = await make.offer(tx)
    made = await claim(tx, anna, offer)

    scanned = await till(tx, offer, code(anna, made.redemption_id))

    assert (scanned.points, scanned.redemption_id) == (100, made.redemption_id)
    balance = await balances.balance(tx, account_id=anna)
    assert (balance.held, balance.available) == (0, 0)
    [line, _] = await statement.page(tx, account_id=anna, before_seq=None, limit=10)
    assert (line.kind, line.points, line.ref) == ("redeem", -100, made.redemption_id)
    row = await tx.execute("SELECT contra FROM entry WHERE ref = %s", (made.redemption_id,))
    assert await row.fetchone() == (offer.merchant.contra,)
    await sound(tx)


async def test_the_same_order_number_answers_the_same(tx):
    """A till that lost the answer asks again, even a day later, and nothing moves twice."""
    anna = await make.rich(tx)
    offer = await make.offer(tx)
    coupon = code(anna, (await claim(tx, anna, offer)).redemption_id)

    first = await till(tx, offer, coupon)
    again = await till(tx, offer, coupon.lower(), now=NOON + timedelta(days=2))

    assert first == again
    assert (await balances.balance(tx, account_id=anna)).consumed == 100
    await sound(tx)


async def test_one_number_one_coupon(tx):
    """An order number stands for one coupon, and a coupon for one order number."""
    anna = await make.rich(tx)
    offer = await make.offer(tx)
    one, other = [code(anna, (await claim(tx, anna, offer)).redemption_id) for _ in range(2)]
    await till(tx, offer, one, order_no="A-1")

    with pytest.raises(OrderNumberUsed):
        await till(tx, offer, other, order_no="A-1")
    with pytest.raises(CouponNotOpen) as refusal:
        await till(tx, offer, one, order_no="A-2")

    assert refusal.value.facts == {"state": "spent"}
    assert (await balances.balance(tx, account_id=anna)).consumed == 100
    await sound(tx)


async def test_another_merchants_coupon_does_not_exist(tx):
    """A till learns nothing about coupons that are not its own; nor does an unknown code."""
    anna = await make.rich(tx)
    offer, elsewhere = await make.offer(tx), await make.offer(tx)
    made = await claim(tx, anna, offer)

    with pytest.raises(CouponNotFound):
        await till(tx, elsewhere, code(anna, made.redemption_id))
    with pytest.raises(CouponNotFound):
        await till(tx, offer, code(anna, offer.id))
    await sound(tx)


async def test_closed_coupons_are_refused_with_their_state(tx):
    """Cancelled and late coupons are not taken."""
    anna = await make.rich(tx)
    offer = await make.offer(tx)
    given_back, late = await claim(tx, anna, offer), await claim(tx, anna, offer)
    await cancel(tx, account_id=anna, redemption_id=given_back.redemption_id, now=NOON)

    with pytest.raises(CouponNotOpen) as refusal:
        await till(tx, offer, code(anna, given_back.redemption_id))
    assert refusal.value.facts == {"state": "cancelled"}
    with pytest.raises(CouponNotOpen) as refusal:
        await till(tx, offer, code(anna, late.redemption_id), now=late.held_until)
    assert refusal.value.facts == {"state": "expired"}


async def test_no_code_is_kept(tx):
    """Nothing in the database gives the coupon away."""
    anna = await make.rich(tx)
    offer = await make.offer(tx)
    coupon = code(anna, (await claim(tx, anna, offer)).redemption_id)
    rows = await tx.execute("SELECT r::text FROM redemption r")
    assert all(coupon[5:] not in text for (text,) in await rows.fetchall())


async def test_a_merchants_day_begins_at_midnight_in_the_city(tx):
    """Noon's scans are today's; yesterday's late ones are not."""
    began = await scans.day_start(tx, now=NOON)
    assert began.isoformat() == "2026-02-28T16:00:00+00:00"
    anna = await make.rich(tx)
    offer = await make.offer(tx, per_citizen=9, opens_at=NOON - timedelta(days=3))
    for hours, order_no in ((13, "yesterday"), (2, "early"), (2, "late"), (0, "noon")):
        then = NOON - timedelta(hours=hours)
        made = await claim(tx, anna, offer, now=then)
        await till(tx, offer, code(anna, made.redemption_id), order_no=order_no, now=then)

    found, before = [], None
    while page := await scans.page(
        tx, merchant_id=offer.merchant.id, since=began, before=before, limit=2
    ):
        found += [each.order_no for each in page]
        before = (page[-1].scanned_at, page[-1].order_no)

    assert found == ["noon", "late", "early"]
