"""What the worker does behind the book each minute: roll up, seal, close yesterday, look."""

import asyncio
from datetime import timedelta

import pytest

from app import worker_books
from app.demo import proof
from app.ledger import follow, seal_days, seal_verify
from tests import city, make
from tests.ledger.histories import gain
from tests.make import NOON, QUARTER_END


@pytest.fixture
async def founded(committing):
    """A programme with some points."""
    async with committing.writing() as tx:
        await city.programme(tx)
        for _ in range(4):
            await gain(tx, make.account(), 30, ends=QUARTER_END)
    return committing


async def test_a_city_nobody_has_founded_has_nothing_to_roll_up(committing):
    """No programme, no zone, no day; seals need none."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30, ends=QUARTER_END)
    assert await worker_books.roll_up(committing) == 0
    assert await worker_books.seal_books(committing, now=NOON) == 1


async def test_a_minute_of_the_worker_leaves_the_books_proved(founded):
    """Two workers at once: each entry is rolled up and sealed once, yesterday is closed once."""
    rolled = await asyncio.gather(*(worker_books.roll_up(founded) for _ in range(2)))
    sealed = await asyncio.gather(*(worker_books.seal_books(founded, now=NOON) for _ in range(2)))
    again = await worker_books.seal_books(founded, now=NOON + timedelta(minutes=1))

    assert (sum(rolled), sum(sealed), again) == (4, 4, 0)
    checks = await proof.prove(founded)
    # The points here have no reductions; the book itself is sound.
    ledger = [each for each in checks if each.name.startswith("ledger.")]
    assert [each.name for each in ledger if each.breaches] == []
    assert {"ledger.seal_chains_are_contiguous"} <= {each.name for each in checks}
    async with founded.snapshot() as tx:
        [day] = await seal_days.page(tx, before=None, limit=9)
        report = await seal_verify.verify_seals(tx)
    assert (day.day.isoformat(), report.days, report.breaches) == ("2026-02-28", 1, [])


async def test_an_open_transaction_makes_the_watermark_old(founded):
    """The gauge grows while one transaction stays open, and falls when it ends."""
    await worker_books.seal_books(founded, now=NOON)
    watermark = worker_books.Watermark()

    async def age(minutes):
        async with founded.reading() as tx:
            return watermark.age(await follow.lags(tx), NOON + timedelta(minutes=minutes))

    async with founded.writing() as slow:
        await gain(slow, make.account(), 30)
        async with founded.writing() as tx:
            await gain(tx, make.account(), 30, ends=QUARTER_END)
        assert await age(0) == timedelta(0)
        assert await age(7) == timedelta(minutes=7)
        await worker_books.look(founded, watermark, now=NOON + timedelta(minutes=8))
    assert await age(9) == timedelta(0)
