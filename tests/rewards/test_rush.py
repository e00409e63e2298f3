"""Everybody at once: nobody is told "sold out" too early, and nobody is stuck."""

import asyncio
from collections import Counter

import pytest

from app.problems import DomainError
from app.rewards.cancel import cancel
from tests import make
from tests.make import NOON
from tests.rewards.counter import claim, left, sound


async def attempt(database, act) -> str:
    """One transaction; a refusal's code is its answer."""
    try:
        async with database.writing() as tx:
            return await act(tx) or "done"
    except DomainError as error:
        return error.code()


async def _paid(act) -> str:
    await act
    return "paid"


@pytest.mark.parametrize("units", [1, 5, 20, 60])
async def test_nobody_is_sold_out_while_units_are_left(committing, units):
    """As many ask at once as there are units: each gets one, however they are cut into slots."""
    async with committing.writing() as tx:
        citizens = [await make.rich(tx) for _ in range(units)]
        offer = await make.offer(tx, stock=units)

    answers = await asyncio.gather(
        *(attempt(committing, lambda tx, one=one: _paid(claim(tx, one, offer))) for one in citizens)
    )

    assert Counter(answers) == {"paid": units}
    async with committing.snapshot() as tx:
        assert (await left(tx, offer.id, citizens[0])).units == 0
        await sound(tx)


async def test_selling_out_and_giving_back_never_deadlocks(committing):
    """Sixty units in slots, a hundred who ask, some of whom cancel at once: no one is stuck."""
    async with committing.writing() as tx:
        citizens = [await make.rich(tx) for _ in range(100)]
        offer = await make.offer(tx, stock=60)

    async def asking(number, account_id):
        made = []

        async def taking(tx):
            made.append(await claim(tx, account_id, offer))
            return "paid"

        answer = await attempt(committing, taking)
        if answer == "paid" and number % 3 == 0:
            one = made[0].redemption_id
            await attempt(
                committing,
                lambda tx: _paid(cancel(tx, account_id=account_id, redemption_id=one, now=NOON)),
            )
            return "cancelled"
        return answer

    answers = Counter(await asyncio.gather(*(asking(*each) for each in enumerate(citizens))))
    assert set(answers) <= {"paid", "cancelled", "offer-sold-out"}
    async with committing.snapshot() as tx:
        assert (await left(tx, offer.id, citizens[0])).units == 60 - answers["paid"]
        await sound(tx)
