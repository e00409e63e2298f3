"""Refunds: never more than was spent, once per id, back onto the axis."""

import asyncio
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import savepoint
from app.ids import new_id
from app.ledger import balances, statement
from app.ledger.errors import RefundTooLarge
from app.ledger.refund import Refund, refund
from tests import make
from tests.ledger.book import available, broken, earned, spent
from tests.make import NOON, QUARTER_END


async def test_parts_of_a_purchase_come_back(tx):
    """Twice a part, from the merchant who had received the points; the rest stays spent."""
    anna = await make.rich(tx, 100)
    purchase = await spent(tx, anna, 60, contra=1_234)
    first, second = (Refund(anna, n, purchase, new_id(), NOON) for n in (10, 20))

    assert await refund(tx, refunds=[first], now=NOON) == [True]
    assert await refund(tx, refunds=[second], now=NOON) == [True]

    assert await available(tx, anna) == 70
    rows = await tx.execute("SELECT amount, contra, ref FROM entry WHERE kind = 3 ORDER BY seq")
    assert await rows.fetchall() == [(10, 1_234, first.ref), (20, 1_234, second.ref)]
    assert await broken(tx) == []


async def test_the_same_refund_is_booked_once(tx):
    """A retry with the refund's own id changes nothing and says so."""
    anna = await make.rich(tx, 100)
    purchase = await spent(tx, anna, 60)
    once = Refund(anna, 60, purchase, new_id(), NOON)

    answers = [await refund(tx, refunds=[once], now=NOON) for _ in range(2)]

    assert answers == [[True], [False]]
    assert await available(tx, anna) == 100


async def test_more_than_was_spent_is_refused(tx):
    """The refusal says what is left; nothing of the call is booked, also not its good part."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 100)
    purchases = [await spent(tx, who, 60) for who in (anna, boris)]
    await refund(tx, refunds=[Refund(anna, 50, purchases[0], new_id(), NOON)], now=NOON)

    too_much = [
        Refund(boris, 60, purchases[1], new_id(), NOON),
        Refund(anna, 6, purchases[0], new_id(), NOON),
        Refund(anna, 5, purchases[0], new_id(), NOON),
    ]
    with pytest.raises(RefundTooLarge) as refused:
        async with savepoint(tx):
            await refund(tx, refunds=too_much, now=NOON)

    assert refused.value.facts == {"wanted": 11, "left": 10}
    assert [await available(tx, who) for who in (anna, boris)] == [90, 40]


async def test_only_ones_own_purchase_comes_back(tx):
    """Somebody else's purchase, and one that never was, leave nothing to refund."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 100)
    purchase = await spent(tx, anna, 60)
    for of in (purchase, new_id()):
        with pytest.raises(RefundTooLarge):
            async with savepoint(tx):
                await refund(tx, refunds=[Refund(boris, 1, of, new_id(), NOON)], now=NOON)


async def test_points_come_back_to_the_lot_that_ends_last(tx):
    """What was spent over two lots comes back to the later one first: never a worse lot."""
    anna, later = make.account(), date(2028, 6, 30)
    await earned(tx, anna, 10)
    await earned(tx, anna, 10, expires_on=later)
    purchase = await spent(tx, anna, 15)

    await refund(tx, refunds=[Refund(anna, 7, purchase, new_id(), NOON)], now=NOON)

    lots = (await balances.balance(tx, account_id=anna)).lots
    assert [(lot.expires_on, lot.points) for lot in lots] == [(QUARTER_END, 2), (later, 10)]
    assert await broken(tx) == []


@given(parts=st.lists(st.integers(1, 40), max_size=8), price=st.integers(1, 100))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_refunds_add_up(connection, parts, price):
    """Whatever parts are asked for, those that fit are booked and never more than the price."""
    async with connection.transaction(force_rollback=True):
        anna = await make.rich(connection, 100)
        purchase = await spent(connection, anna, price)
        back = 0
        for part in parts:
            wish = Refund(anna, part, purchase, new_id(), NOON)
            if back + part <= price:
                assert await refund(connection, refunds=[wish], now=NOON) == [True]
                back += part
            else:
                with pytest.raises(RefundTooLarge):
                    await refund(connection, refunds=[wish], now=NOON)
        assert await available(connection, anna) == 100 - price + back
        lines = await statement.page(connection, account_id=anna, before_seq=None, limit=100)
        assert sum(line.points for line in lines) == 100 - price + back
        assert await broken(connection) == []


async def test_refunds_of_one_purchase_race(committing):
    """Forty tills give back 10 of 100 points at once: ten succeed, thirty are refused."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        purchase = await spent(tx, anna, 100)

    async def one():
        try:
            async with committing.writing() as tx:
                wish = Refund(anna, 10, purchase, new_id(), NOON)
                return await refund(tx, refunds=[wish], now=NOON)
        except RefundTooLarge:
            return "refused"

    answers = await asyncio.gather(*(one() for _ in range(40)))

    assert answers.count([True]) == 10
    assert answers.count("refused") == 30
    async with committing.snapshot() as tx:
        assert await available(tx, anna) == 100
        assert await broken(tx) == []


async def test_one_refund_that_is_sent_twenty_times_at_once_is_booked_once(committing):
    """The same id from twenty connections: one booking, nineteen answers that it was booked."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        purchase = await spent(tx, anna, 100)
    wish = Refund(anna, 10, purchase, new_id(), NOON)

    async def one():
        async with committing.writing() as tx:
            return (await refund(tx, refunds=[wish], now=NOON))[0]

    assert sum(await asyncio.gather(*(one() for _ in range(20)))) == 1
    async with committing.snapshot() as tx:
        assert await available(tx, anna) == 10
