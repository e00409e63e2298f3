"""Points of a sale come back, in part or whole, and never more than was paid."""

from datetime import timedelta

import pytest

from app.rewards import claims
from app.rewards.errors import RefundAboveSale, RefundNumberUsed, SaleNotFound, SaleUndone
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import sound


async def test_parts_come_back_until_nothing_is_left(tx):
    """40, 60, and the next point is refused; the coupon is then called refunded."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    first = await shop.give(tx, coupon, 40)
    assert await shop.purse(tx, coupon) == (40, 0, 60)
    second = await shop.give(tx, coupon, 60, refund_no="R-2", now=NOON + timedelta(days=30))
    assert (first.refunded_points, second.refunded_points) == (40, 100)
    with pytest.raises(RefundAboveSale) as refusal:
        await shop.give(tx, coupon, 1, refund_no="R-3")
    assert refusal.value.facts == {"left": 0}

    contra = coupon.offer.merchant.contra
    assert await shop.entries(tx, coupon) == [(contra, -100), (contra, 40), (contra, 60)]
    claim = await claims.claim(tx, account_id=coupon.account_id, redemption_id=coupon.id, now=NOON)
    assert (claim.shown, claim.refunded_points) == ("refunded", 100)
    await sound(tx)


async def test_the_same_refund_number_answers_the_same(tx):
    """A retry moves nothing, also after another refund; another meaning is refused."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    first = await shop.give(tx, coupon, 40)
    await shop.give(tx, coupon, 10, refund_no="R-2")
    assert await shop.give(tx, coupon, 40, now=NOON + timedelta(hours=1)) == first
    with pytest.raises(RefundNumberUsed):
        await shop.give(tx, coupon, 41)
    assert await shop.purse(tx, coupon) == (50, 0, 50)


async def test_there_is_nothing_to_refund_without_a_sale(tx):
    """An unknown number, another merchant's sale, and a sale that was undone."""
    coupon, other = await shop.held(tx), await shop.held(tx)
    await shop.take(tx, coupon)
    with pytest.raises(SaleNotFound):
        await shop.give(tx, coupon, 1, order_no="A-2")
    with pytest.raises(SaleNotFound):
        await shop.give(tx, other, 1)
    await shop.take_back(tx, coupon)
    with pytest.raises(SaleUndone):
        await shop.give(tx, coupon, 1)
    await sound(tx)


async def test_a_sale_after_an_undo_is_refunded_from_its_own_entry(tx):
    """The second sale's points come back once, the first sale's had come back before."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    await shop.take_back(tx, coupon)
    await shop.take(tx, coupon, order_no="A-2")
    await shop.give(tx, coupon, 100, order_no="A-2")
    assert await shop.purse(tx, coupon) == (100, 0, 0)
    await sound(tx)
