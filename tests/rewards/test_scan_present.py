"""A till asks what a coupon is, and has it in hand for a minute; several are taken at once."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.rewards.cancel import cancel
from app.rewards.coupons_rules import Desk
from app.rewards.errors import (
    CouponAtOtherTill,
    CouponElsewhere,
    CouponNotFound,
    CouponNotOpen,
    OrderNumberUsed,
    SaleRepeated,
)
from app.rewards.scan import Sale, scan_many
from tests import make
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import KEY, sound
from tests.rewards.test_search import store


async def test_a_coupon_in_hand_waits_for_its_till(tx):
    """For a minute the other till is refused, both to ask and to take; then it is free."""
    coupon = await shop.held(tx)
    shown = await shop.ask(tx, coupon)
    assert (shown.state, shown.points, shown.title_en) == ("presented", 100, "One coffee")
    assert shown.locked_until == NOON + timedelta(seconds=60)
    for act in (shop.ask, shop.take):
        with pytest.raises(CouponAtOtherTill):
            await act(tx, coupon, desk=shop.RIGHT, now=NOON + timedelta(seconds=59))
    minute = NOON + timedelta(seconds=60)
    assert (await shop.take(tx, coupon, desk=shop.RIGHT, now=minute)).points == 100
    await sound(tx)


async def test_what_cannot_be_used_is_told_and_not_locked(tx):
    """Spent, cancelled and late coupons are named; the answer is no refusal."""
    spent, cancelled, late = [await shop.held(tx) for _ in range(3)]
    await shop.take(tx, spent)
    await cancel(tx, account_id=cancelled.account_id, redemption_id=cancelled.id, now=NOON)
    seen = [
        await shop.ask(tx, spent),
        await shop.ask(tx, cancelled),
        await shop.ask(tx, late, now=late.held_until),
    ]
    assert [(each.state, each.locked_until) for each in seen] == [
        ("spent", None),
        ("cancelled", None),
        ("expired", None),
    ]


async def test_the_owner_can_cancel_what_a_till_has_in_hand(tx):
    """Until it is taken the coupon is its owner's; the till then sees that it is gone."""
    coupon = await shop.held(tx)
    await shop.ask(tx, coupon)
    await cancel(tx, account_id=coupon.account_id, redemption_id=coupon.id, now=NOON)
    with pytest.raises(CouponNotOpen):
        await shop.take(tx, coupon)
    await sound(tx)


async def test_another_merchant_sees_nothing(tx):
    """A coupon of somebody else is answered like a code that nobody has."""
    coupon, other = await shop.held(tx), await shop.held(tx)
    with pytest.raises(CouponNotFound):
        await shop.ask(tx, other, code=coupon.code)


async def test_a_coupon_is_good_in_its_stores_only(tx):
    """Bound to one store, it is refused in the other with a reason, and by nobody's till."""
    seller = await make.merchant(tx)
    mine = await store(tx, seller, north=1)
    here, there = Desk("till:here", mine.id), Desk("till:there", uuid4())
    coupon = await shop.held(tx, offer=await make.offer(tx, by=seller, store_ids=(mine.id,)))
    for desk in (there, Desk("staff:x")):
        for act in (shop.ask, shop.take):
            with pytest.raises(CouponElsewhere):
                await act(tx, coupon, desk=desk)
    assert (await shop.take(tx, coupon, desk=here)).points == 100


async def many(tx, offer, *sales):
    """A till takes several coupons."""
    return await scan_many(
        tx,
        merchant_id=offer.merchant.id,
        sales=[Sale(order_no, coupon.code) for order_no, coupon in sales],
        now=NOON,
        desk=shop.LEFT,
        coupon_key=KEY,
    )


async def test_several_are_taken_together_and_again_the_same(tx):
    """Three coupons, three numbers, one answer; a retry answers it again."""
    offer = await make.offer(tx, stock=9)
    basket = [(f"A-{n}", await shop.held(tx, offer=offer)) for n in range(3)]
    first = await many(tx, offer, *basket)
    assert [each.order_no for each in first] == ["A-0", "A-1", "A-2"]
    assert await many(tx, offer, *basket) == first
    await sound(tx)


async def test_all_or_nothing(committing):
    """One coupon that is spent refuses the basket, and the others stay as they were."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, stock=9)
        basket = [(f"A-{n}", await shop.held(tx, offer=offer)) for n in range(3)]
        await shop.take(tx, basket[1][1], order_no="before")
    with pytest.raises(CouponNotOpen):
        async with committing.writing() as tx:
            await many(tx, offer, *basket)
    async with committing.writing() as tx:
        assert await shop.purse(tx, basket[0][1]) == (0, 100, 0)
        await sound(tx)


async def test_a_basket_names_everything_once(tx):
    """The same coupon or number twice, or a number of another sale, is refused."""
    offer = await make.offer(tx, stock=9)
    one, two = await shop.held(tx, offer=offer), await shop.held(tx, offer=offer)
    for basket in ([("A-1", one), ("A-2", one)], [("A-1", one), ("A-1", two)]):
        with pytest.raises(SaleRepeated):
            await many(tx, offer, *basket)
    await shop.take(tx, one, order_no="A-1")
    with pytest.raises(OrderNumberUsed):
        await many(tx, offer, ("A-1", two))
