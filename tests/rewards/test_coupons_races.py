"""Tills against each other, over HTTP and with real commits: exactly one wins."""

import asyncio
from collections import Counter

from app.people.seats import Role
from app.problems import DomainError
from tests import make
from tests.make import citizen_headers, merchant_headers
from tests.rewards import shop
from tests.rewards.counter import sound

REDEEM = "/v1/merchant/coupons/redeem"
UNDO = "/v1/merchant/coupons/undo"
REFUNDS = "/v1/merchant/refunds"


def caller(live_client, keys, offer):
    """Posts as the offer's merchant; its answer is the problem's code, or ``ok``."""
    headers = merchant_headers(keys, offer.merchant.id, role=Role.manager)

    async def post(path, **body):
        answer = await live_client.post(path, json=body, headers=headers)
        return answer.json().get("code", "ok")

    return post


async def test_ten_tills_take_one_coupon(live_client, committing, keys):
    """One is paid, nine are told that it is spent."""
    async with committing.writing() as tx:
        coupon = await shop.held(tx)
    post = caller(live_client, keys, coupon.offer)
    answers = await asyncio.gather(
        *(post(REDEEM, coupon=coupon.code, order_no=f"A-{n}") for n in range(10))
    )
    assert Counter(answers) == {"ok": 1, "coupon-not-open": 9}
    async with committing.snapshot() as tx:
        assert await shop.purse(tx, coupon) == (0, 0, 100)
        await sound(tx)


async def test_two_tills_ask_about_one_coupon_and_take_it(committing):
    """One has it in hand and takes it; the other is told so, and never takes it as well."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, stock=40)
        basket = [await shop.held(tx, offer=offer) for _ in range(10)]

    async def serve(coupon, desk):
        try:
            async with committing.writing() as tx:
                await shop.ask(tx, coupon, desk=desk)
            async with committing.writing() as tx:
                await shop.take(tx, coupon, desk=desk, order_no=f"{desk.actor}-{coupon.id}")
        except DomainError as error:
            return error.code()
        return "ok"

    for coupon in basket:
        answers = await asyncio.gather(serve(coupon, shop.LEFT), serve(coupon, shop.RIGHT))
        assert sorted(answers) in (
            ["coupon-at-other-till", "ok"],
            ["coupon-not-open", "ok"],
        )
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_undos_and_refunds_of_one_sale_race(live_client, committing, keys):
    """Either the sale is undone or it is refunded; the points come back once."""
    async with committing.writing() as tx:
        offer = await make.offer(tx, stock=40)
        basket = [await shop.held(tx, offer=offer) for _ in range(8)]
        for n, each in enumerate(basket):
            await shop.take(tx, each, order_no=f"A-{n}")
    post = caller(live_client, keys, offer)
    answers = await asyncio.gather(
        *(post(UNDO, order_no=f"A-{n}") for n in range(8)),
        *(post(REFUNDS, order_no=f"A-{n}", refund_no=f"R-{n}", points=100) for n in range(8)),
        *(post(UNDO, order_no=f"A-{n}") for n in range(8)),
    )
    for n, coupon in enumerate(basket):
        undone, refunded, again = answers[n], answers[8 + n], answers[16 + n]
        assert (undone == "ok" or again == "ok") == (refunded == "sale-undone")
        assert {undone, again} <= {"ok", "sale-refunded"}
        async with committing.snapshot() as tx:
            expected = (100, 0, 0) if refunded == "ok" else (0, 100, 0)
            assert await shop.purse(tx, coupon) == expected
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_partial_refunds_never_exceed_the_price(live_client, committing, keys):
    """Seven times thirty of a hundred: three are given, four are refused."""
    async with committing.writing() as tx:
        coupon = await shop.held(tx)
        await shop.take(tx, coupon)
    post = caller(live_client, keys, coupon.offer)
    answers = await asyncio.gather(
        *(post(REFUNDS, order_no="A-1", refund_no=f"R-{n}", points=30) for n in range(7))
    )
    assert Counter(answers) == {"ok": 3, "refund-above-sale": 4}
    async with committing.snapshot() as tx:
        assert await shop.purse(tx, coupon) == (90, 0, 10)
        await sound(tx)


async def test_one_refund_number_for_two_sales_at_once(live_client, committing, keys):
    """The number stands for one of them; the other sale keeps its points."""
    async with committing.writing() as tx:
        offer = await make.offer(tx)
        basket = [await shop.held(tx, offer=offer) for _ in range(2)]
        for n, each in enumerate(basket):
            await shop.take(tx, each, order_no=f"A-{n}")
    post = caller(live_client, keys, offer)
    answers = await asyncio.gather(
        *(post(REFUNDS, order_no=f"A-{n}", refund_no="R-1", points=10) for n in range(2))
    )
    assert Counter(answers) == {"ok": 1, "refund-number-used": 1}
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_taking_undoing_and_cancelling_without_end(live_client, committing, keys):
    """A till takes and undoes again and again while the owner cancels: the books always agree."""
    async with committing.writing() as tx:
        coupon = await shop.held(tx)
    post = caller(live_client, keys, coupon.offer)

    async def till(name):
        told = []
        for turn in range(4):
            told.append(await post(REDEEM, coupon=coupon.code, order_no=f"{name}-{turn}"))
            told.append(await post(UNDO, order_no=f"{name}-{turn}"))
        return told

    async def owner():
        path = f"/v1/me/redemptions/{coupon.id}/cancel"
        for _ in range(12):
            answer = await live_client.post(path, headers=citizen_headers(keys, coupon.account_id))
            if answer.status_code == 200:
                assert answer.json()["state"] == "cancelled"
                return "cancelled"
        return "kept"

    first, second, owned = await asyncio.gather(till("L"), till("R"), owner())
    assert set(first + second) <= {"ok", "coupon-not-open", "sale-not-found", "undone-too-often"}
    async with committing.snapshot() as tx:
        available, held, consumed = await shop.purse(tx, coupon)
        assert (available, held, consumed) == ((100, 0, 0) if owned == "cancelled" else (0, 100, 0))
        await sound(tx)
