"""A sale is taken back: the coupon is the customer's again, and the books agree."""

from datetime import timedelta

import pytest

from app.rewards import claims, release
from app.rewards.coupons_rules import UNDO_TIMES_MAX, Desk
from app.rewards.errors import (
    CouponElsewhere,
    SaleNotFound,
    SaleRefunded,
    SaleSettled,
    SaleUndone,
    UndoneTooOften,
    UndoTooLate,
)
from tests import make
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import sound


async def test_an_undone_sale_leaves_the_coupon_as_it_was(tx):
    """The points are held again, validity has not changed, the merchant is owed nothing."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    undone = await shop.take_back(tx, coupon)

    assert (undone.points, undone.held_until) == (100, coupon.held_until)
    assert await shop.purse(tx, coupon) == (0, 100, 0)
    contra = coupon.offer.merchant.contra
    assert await shop.entries(tx, coupon) == [(contra, -100), (contra, 100)]
    claim = await claims.claim(tx, account_id=coupon.account_id, redemption_id=coupon.id, now=NOON)
    assert (claim.shown, claim.resolved_at) == ("held", None)
    await sound(tx)


async def test_undoing_again_answers_the_same(tx):
    """A till that lost the answer asks again, even much later, and nothing moves twice."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    first = await shop.take_back(tx, coupon)
    assert await shop.take_back(tx, coupon, now=NOON + timedelta(days=1)) == first
    assert await shop.purse(tx, coupon) == (0, 100, 0)
    await sound(tx)


async def test_a_coupon_can_be_taken_again_under_a_new_number(tx):
    """The old number stays undone, the new sale is an entry of its own."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    await shop.take_back(tx, coupon)
    with pytest.raises(SaleUndone):
        await shop.take(tx, coupon)
    await shop.take(tx, coupon, order_no="A-2")

    assert await shop.purse(tx, coupon) == (0, 0, 100)
    contra = coupon.offer.merchant.contra
    assert await shop.entries(tx, coupon) == [(contra, -100), (contra, 100), (contra, -100)]
    # The old number's undo answers as before and does not touch the new sale.
    await shop.take_back(tx, coupon)
    assert await shop.purse(tx, coupon) == (0, 0, 100)
    await sound(tx)


async def test_ten_minutes_and_no_more(tx):
    """The last moment counts, the one after is a manager's business."""
    coupon = await shop.held(tx)
    await shop.take(tx, coupon)
    with pytest.raises(UndoTooLate):
        await shop.take_back(tx, coupon, now=NOON + timedelta(minutes=10, seconds=1))
    assert (await shop.take_back(tx, coupon, now=NOON + timedelta(minutes=10))).points == 100


async def test_ten_times_and_no_more(tx):
    """Taking and undoing the same coupon ends after ten rounds."""
    coupon = await shop.held(tx)
    for turn in range(UNDO_TIMES_MAX):
        await shop.take(tx, coupon, order_no=f"A-{turn}")
        await shop.take_back(tx, coupon, order_no=f"A-{turn}")
    await shop.take(tx, coupon, order_no="last")
    with pytest.raises(UndoneTooOften):
        await shop.take_back(tx, coupon, order_no="last")
    await sound(tx)


async def test_what_was_refunded_or_settled_is_not_undone(tx):
    """Points that came back, or money that was paid out, are not taken back by a cashier."""
    refunded, settled = await shop.held(tx), await shop.held(tx)
    await shop.take(tx, refunded)
    await shop.give(tx, refunded, 1)
    with pytest.raises(SaleRefunded):
        await shop.take_back(tx, refunded)
    await shop.take(tx, settled)
    await tx.execute("UPDATE redemption SET settled_on = '2026-03-01' WHERE id = %s", (settled.id,))
    with pytest.raises(SaleSettled):
        await shop.take_back(tx, settled)


async def test_only_ones_own_sales_are_undone(tx):
    """Another merchant's sale does not exist; another store's is told to be elsewhere."""
    here, there = make.account(), make.account()
    coupon, other = await shop.held(tx), await shop.held(tx)
    desks = [Desk(f"till:{n}", shop.UUID(int=n)) for n in (here, there)]
    await shop.take(tx, coupon, desk=desks[0])
    with pytest.raises(SaleNotFound):
        await shop.take_back(tx, other)
    with pytest.raises(CouponElsewhere):
        await shop.take_back(tx, coupon, desk=desks[1])
    assert (await shop.take_back(tx, coupon, desk=desks[0])).points == 100


async def test_a_coupon_that_ran_out_meanwhile_gives_its_points_back(tx):
    """Undone after its end, the next sweep returns what it held."""
    coupon = await shop.held(tx)
    just_before = coupon.held_until - timedelta(seconds=1)
    await shop.take(tx, coupon, now=just_before)
    after = coupon.held_until + timedelta(minutes=1)
    await shop.take_back(tx, coupon, now=after)
    assert await release.release_late(
        tx, bucket=coupon.account_id % 1024, limit=9, now=after
    ) == 1  # fmt: skip
    assert await shop.purse(tx, coupon) == (100, 0, 0)
    await sound(tx)
