"""Codes that change every half minute: a picture of a coupon is worth nothing."""

from datetime import timedelta

import pytest

from app.rewards import rotating, rotating_rules
from app.rewards.errors import CodeStale, LiveCodeNeeded, OfferNotFound
from tests import make
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import sound

HALF_MINUTE = timedelta(seconds=30)


async def rotating_coupon(tx, **changes):
    """A coupon whose merchant wants live codes."""
    coupon = await shop.held(tx, **changes)
    await switch(tx, coupon, on=True)
    return coupon


async def switch(tx, coupon, *, on, offer_id=None):
    """The merchant's manager moves the switch."""
    await rotating_rules.switch(
        tx,
        merchant_id=coupon.offer.merchant.id,
        offer_id=offer_id,
        rotating=on,
        actor="staff:x",
        now=NOON,
    )


async def test_only_the_live_code_takes_the_coupon(tx):
    """The part that never changes is not enough any more, neither to ask nor to take."""
    coupon = await rotating_coupon(tx)
    for act in (shop.ask, shop.take):
        with pytest.raises(LiveCodeNeeded):
            await act(tx, coupon)
    await shop.take(tx, coupon, code=coupon.live(NOON))
    await sound(tx)


@pytest.mark.parametrize("beside", [-1, 0, 1])
async def test_a_clock_may_be_half_a_minute_off(tx, beside):
    """The half minute before and the one after are as good as this one."""
    coupon = await rotating_coupon(tx)
    code = coupon.live(NOON + beside * HALF_MINUTE)
    assert (await shop.take(tx, coupon, code=code)).points == 100


@pytest.mark.parametrize("seconds", [-3_600, -60, 60, 86_400])
async def test_a_picture_is_refused(tx, seconds):
    """A screenshot that is a minute old, or a code of the future, takes nothing."""
    coupon = await rotating_coupon(tx)
    code = coupon.live(NOON + timedelta(seconds=seconds))
    for act in (shop.ask, shop.take):
        with pytest.raises(CodeStale):
            await act(tx, coupon, code=code)
    assert await shop.purse(tx, coupon) == (0, 100, 0)


async def test_another_coupons_live_part_is_refused(tx):
    """The eight symbols belong to one coupon."""
    coupon, other = await rotating_coupon(tx), await shop.held(tx)
    with pytest.raises(CodeStale):
        await shop.take(tx, coupon, code=f"{coupon.code}.{other.live(NOON)[-8:]}")


async def test_a_live_code_takes_a_coupon_once(tx):
    """After an undo the same half minute's code, photographed meanwhile, is refused."""
    coupon = await rotating_coupon(tx)
    code = coupon.live(NOON)
    await shop.take(tx, coupon, code=code)
    await shop.take_back(tx, coupon)
    with pytest.raises(CodeStale):
        await shop.take(tx, coupon, code=code, order_no="A-2")
    await shop.take(tx, coupon, code=coupon.live(NOON + HALF_MINUTE), order_no="A-2")


async def test_what_a_till_was_shown_it_may_take_within_its_minute(tx):
    """The cashier reads, asks and presses after 50 seconds; another till may not."""
    coupon = await rotating_coupon(tx)
    code = coupon.live(NOON)
    await shop.ask(tx, coupon, code=code)
    later = NOON + timedelta(seconds=59)
    assert (await shop.take(tx, coupon, code=code, now=later)).points == 100


async def test_the_offers_switch_wins(tx):
    """On for the merchant, off for this offer: the plain code works."""
    coupon = await rotating_coupon(tx)
    await switch(tx, coupon, on=False, offer_id=coupon.offer.id)
    assert (await shop.take(tx, coupon)).points == 100


async def test_a_foreign_offer_has_no_switch(tx):
    """Another merchant's offer does not exist."""
    coupon, other = await shop.held(tx), await make.offer(tx)
    with pytest.raises(OfferNotFound):
        await switch(tx, coupon, on=True, offer_id=other.id)


def test_steps_begin_where_they_say():
    """A half minute's number and its first moment are each other's inverse."""
    step = rotating.step_of(NOON)
    assert rotating.begins_at(step) == NOON
    assert rotating.step_of(NOON + timedelta(seconds=29)) == step
    assert rotating.step_of(NOON + HALF_MINUTE) == step + 1


async def test_a_phone_gets_the_codes_of_ten_minutes(client, keys, database):
    """Twenty codes, each for its half minute; whose coupon does not rotate gets none."""
    async with database.writing() as tx:
        coupon = await rotating_coupon(tx)
    mine = f"/v1/me/redemptions/{coupon.id}"
    headers = make.citizen_headers(keys, coupon.account_id)
    answer = await client.get(f"{mine}/live-codes", headers=headers)
    codes = answer.json()["codes"]
    assert answer.headers["cache-control"] == "no-store"
    assert [each["coupon"] for each in codes] == [
        coupon.live(NOON + HALF_MINUTE * place) for place in range(20)
    ]
    assert (await client.get(mine, headers=headers)).json()["rotating"] is True

    theirs = make.citizen_headers(keys, make.account())
    assert (await client.get(f"{mine}/live-codes", headers=theirs)).status_code == 404
    async with database.writing() as tx:
        await switch(tx, coupon, on=False)
    assert (await client.get(f"{mine}/live-codes", headers=headers)).json()["codes"] == []
