"""A citizen claims an offer; the points wait until the merchant has given something for them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.ledger import balances
from app.ledger.errors import InsufficientPoints
from app.rewards.cancel import cancel
from app.rewards.errors import (
    CouponNotOpen,
    LimitReached,
    OfferNotFound,
    OfferNotYetOpen,
    OfferSoldOut,
    RedemptionNotFound,
)
from app.rewards.redeem import redeem
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, Left, claim, code, left, sound, till

HOUR = timedelta(hours=1)


async def test_the_price_moves_from_available_to_held(tx):
    """The citizen keeps the points until the merchant has given something for them."""
    anna = await make.rich(tx, 150)
    offer = await make.offer(tx, points=100)

    made = await claim(tx, anna, offer)

    balance = await balances.balance(tx, account_id=anna)
    assert (balance.available, balance.held) == (50, 100)
    assert made.held_until == NOON + 24 * HOUR
    assert await left(tx, offer.id, anna) == Left(units=9, used=1)
    await sound(tx)


async def test_a_hold_ends_with_its_offer(tx):
    """A coupon cannot be used after the offer has closed."""
    anna = await make.rich(tx)
    offer = await make.offer(tx, closes_at=NOON + HOUR)
    assert (await claim(tx, anna, offer)).held_until == NOON + HOUR


async def test_what_cannot_be_claimed(database):
    """Unknown, unpublished, closed and future offers are refused, each with its reason."""
    async with database.writing() as tx:
        anna = await make.rich(tx)
        draft = await make.offer(tx, published=False)
        later = await make.offer(tx, opens_at=NOON + HOUR)
        offer = await make.offer(tx)

    async def refused(offer_id, refusal, now=NOON):
        with pytest.raises(refusal) as raised:
            async with database.writing() as tx:
                await redeem(tx, account_id=anna, offer_id=offer_id, coupon_key=KEY, now=now)
        return raised.value.facts

    await refused(uuid4(), OfferNotFound)
    await refused(draft.id, OfferNotFound)
    await refused(offer.id, OfferNotFound, now=NOON + timedelta(days=7))
    facts = await refused(later.id, OfferNotYetOpen)
    assert facts == {"opens_at": "2026-03-01T05:00:00+00:00"}


async def test_a_poor_citizen_leaves_no_trace(database):
    """A refused claim takes nothing: the whole transaction is undone."""
    async with database.writing() as tx:
        anna, boris = make.account(), await make.rich(tx)
        offer = await make.offer(tx, stock=1)

    with pytest.raises(InsufficientPoints):
        async with database.writing() as tx:
            await claim(tx, anna, offer)

    async with database.writing() as tx:
        assert await left(tx, offer.id, anna) == Left(units=1, used=0)
        await claim(tx, boris, offer)
    with pytest.raises(OfferSoldOut):
        async with database.writing() as tx:
            await claim(tx, boris, offer)


async def test_one_person_gets_as_many_as_the_limit_says(database):
    """The third unit is refused, and its price is not held."""
    async with database.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx, per_citizen=2)
        await claim(tx, anna, offer)
        await claim(tx, anna, offer)

    with pytest.raises(LimitReached) as refusal:
        async with database.writing() as tx:
            await claim(tx, anna, offer)

    assert refusal.value.facts == {"per_citizen": 2}
    async with database.reading() as tx:
        assert (await balances.balance(tx, account_id=anna)).held == 200
        assert await left(tx, offer.id, anna) == Left(units=8, used=2)
        await sound(tx)


async def test_cancelling_gives_points_use_and_unit_back(tx):
    """After a cancel it is as if nothing had been claimed, and a second cancel changes nothing."""
    anna = await make.rich(tx, 100)
    offer = await make.offer(tx, stock=1, per_citizen=1)
    made = await claim(tx, anna, offer)

    first = await cancel(tx, account_id=anna, redemption_id=made.redemption_id, now=NOON)
    again = await cancel(tx, account_id=anna, redemption_id=made.redemption_id, now=NOON + HOUR)

    assert first == again
    assert first.state.name == "cancelled"
    assert (await balances.balance(tx, account_id=anna)).available == 100
    assert await left(tx, offer.id, anna) == Left(units=1, used=0)
    await claim(tx, anna, offer)
    await sound(tx)


async def test_what_cannot_be_cancelled(tx):
    """A spent coupon, one whose hold has run out, and another citizen's."""
    anna = await make.rich(tx)
    offer = await make.offer(tx)
    spent, late = await claim(tx, anna, offer), await claim(tx, anna, offer)
    await till(tx, offer, code(anna, spent.redemption_id))

    with pytest.raises(CouponNotOpen) as refusal:
        await cancel(tx, account_id=anna, redemption_id=spent.redemption_id, now=NOON)
    assert refusal.value.facts == {"state": "spent"}
    with pytest.raises(CouponNotOpen) as refusal:
        await cancel(tx, account_id=anna, redemption_id=late.redemption_id, now=NOON + 24 * HOUR)
    assert refusal.value.facts == {"state": "expired"}
    with pytest.raises(RedemptionNotFound):
        await cancel(tx, account_id=make.account(), redemption_id=late.redemption_id, now=NOON)
    assert (await balances.balance(tx, account_id=anna)).held == 100
    await sound(tx)
