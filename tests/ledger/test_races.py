"""The last points of an account go to exactly one of many."""

import asyncio
from datetime import UTC, date, datetime

from app.ids import new_id
from app.ledger import balances, hold, verify
from app.ledger.earn import Earning, earn
from app.ledger.errors import InsufficientPoints

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
ANNA = 1024 * 7 + 1


async def test_the_last_points_are_held_once(committing):
    """Forty requests for the same ten points: one hold, thirty-nine refusals, nothing below zero."""
    async with committing.writing() as tx:
        earnings = [Earning(ANNA, 10, new_id(), NOON)]
        await earn(tx, earnings=earnings, expires_on=date(2028, 3, 31), now=NOON)

    async def attempt():
        try:
            async with committing.writing() as tx:
                await hold.hold(tx, account_id=ANNA, points=10)
        except InsufficientPoints:
            return "refused"
        return "held"

    answers = await asyncio.gather(*(attempt() for _ in range(40)))

    assert sorted(answers) == ["held"] + ["refused"] * 39
    async with committing.reading() as tx:
        assert (await balances.balance(tx, account_id=ANNA)).held == 10


async def test_earning_and_holding_at_once_keep_the_book(committing):
    """Credits and holds of one account interleave; the fold of the entries is the balance."""

    async def credit():
        async with committing.writing() as tx:
            earnings = [Earning(ANNA, 2, new_id(), NOON)]
            await earn(tx, earnings=earnings, expires_on=date(2028, 3, 31), now=NOON)

    async def spend():
        try:
            async with committing.writing() as tx:
                await hold.hold(tx, account_id=ANNA, points=1)
                await hold.spend(tx, account_id=ANNA, points=1, contra=1000, ref=new_id(), now=NOON)
        except InsufficientPoints:
            return 0
        return 1

    answers = await asyncio.gather(*(credit() if n % 2 else spend() for n in range(60)))

    async with committing.snapshot() as tx:
        view = await balances.balance(tx, account_id=ANNA)
        checks = await verify.checks(tx)
    spent = sum(answer for answer in answers if answer is not None)
    assert (view.earned, view.consumed, view.held) == (60, spent, 0)
    assert [check.name for check in checks if check.breaches] == []
