"""Holds of many accounts at once are the same moves as one by one."""

import asyncio

import pytest

from app.database import savepoint
from app.ids import new_id
from app.ledger import balances
from app.ledger.hold_many import Hold, Spending, hold_many, release_many, spend_many
from tests import make
from tests.ledger.book import broken
from tests.make import NOON


async def shown(tx, *accounts: int) -> list[tuple[int, int]]:
    """Available and held, of each."""
    views = [await balances.balance(tx, account_id=who) for who in accounts]
    return [(view.available, view.held) for view in views]


async def test_each_hold_is_answered(tx):
    """In their order, as long as there are points; an account nobody credited has none."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 10)
    holds = [Hold(anna, 60), Hold(boris, 11), Hold(anna, 50), Hold(anna, 40), Hold(boris, 10)]

    answers = await hold_many(tx, holds=[*holds, Hold(make.account(), 1)])

    assert answers == [True, False, False, True, True, False]
    assert await shown(tx, anna, boris) == [(0, 100), (0, 10)]


async def test_holds_are_spent_and_released_together(tx):
    """Entries for what was spent, nothing for what was given back."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 100)
    await hold_many(tx, holds=[Hold(anna, 60), Hold(boris, 60)])
    refs = [new_id() for _ in range(3)]

    await spend_many(
        tx,
        spendings=[
            Spending(anna, 10, 1_000, refs[0]),
            Spending(boris, 20, 1_001, refs[1]),
            Spending(anna, 5, 1_001, refs[2]),
        ],
        now=NOON,
    )
    await release_many(tx, holds=[Hold(anna, 40), Hold(boris, 40), Hold(anna, 5)])

    assert await shown(tx, anna, boris) == [(85, 0), (80, 0)]
    rows = await tx.execute("SELECT amount, contra, ref FROM entry WHERE kind = 2 ORDER BY ref")
    assert await rows.fetchall() == [
        (-10, 1_000, refs[0]),
        (-20, 1_001, refs[1]),
        (-5, 1_001, refs[2]),
    ]
    assert await broken(tx) == []


async def test_what_was_not_held_is_neither_spent_nor_released(tx):
    """A caller's bug stops the transaction; nothing of the call is booked."""
    anna = await make.rich(tx, 100)
    await hold_many(tx, holds=[Hold(anna, 10)])
    with pytest.raises(AssertionError):
        async with savepoint(tx):
            await release_many(tx, holds=[Hold(anna, 11)])
    with pytest.raises(AssertionError):
        async with savepoint(tx):
            await spend_many(tx, spendings=[Spending(anna, 11, 1_000, new_id())], now=NOON)
    assert await shown(tx, anna) == [(90, 10)]


async def test_the_number_of_statements_is_constant(tx, monkeypatch):
    """One account or two hundred: as many statements."""
    accounts = [await make.rich(tx, 10) for _ in range(200)]
    execute, asked = tx.execute, []

    async def counted(query, *rest, **how):
        asked.append(query)
        return await execute(query, *rest, **how)

    monkeypatch.setattr(tx, "execute", counted)
    counts = []
    for people in (accounts[:1], accounts):
        asked.clear()
        holds = [Hold(who, 3) for who in people]
        await hold_many(tx, holds=holds)
        await spend_many(
            tx, spendings=[Spending(who, 1, 1_000, new_id()) for who in people], now=NOON
        )
        await release_many(tx, holds=[Hold(who, 2) for who in people])
        counts.append(len(asked))
    assert counts[0] == counts[1]


async def test_batches_of_holds_race_without_deadlock(committing):
    """Batches over the same accounts in opposite order: all end, nothing is held twice."""
    async with committing.writing() as tx:
        accounts = [await make.rich(tx, 100) for _ in range(20)]

    async def one(n):
        order = accounts if n % 2 else accounts[::-1]
        async with committing.writing() as tx:
            return await hold_many(tx, holds=[Hold(who, 7) for who in order])

    answers = await asyncio.gather(*(one(n) for n in range(30)))

    assert sum(sum(each) for each in answers) == 20 * 14
    async with committing.reading() as tx:
        assert await shown(tx, *accounts) == [(2, 98)] * 20
