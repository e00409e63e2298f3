"""Donations: out of what is available, once, to a pool that exists."""

import asyncio

import pytest

from app.database import savepoint
from app.ids import new_id
from app.ledger import contra, hold, statement
from app.ledger.donate import Donation, donate
from app.ledger.errors import InsufficientPoints, PoolNotFound
from tests import make
from tests.ledger.book import available, broken
from tests.make import NOON, citizen_headers


async def pool(tx) -> int:
    """A forest."""
    return (await contra.name(tx, kind="pool", name_zh="植树", name_en="Trees", now=NOON)).number


async def test_a_donation_is_an_entry_for_the_pool(tx):
    """Points leave for good; the entry's ref is the certificate; a retry books nothing."""
    anna, trees = await make.rich(tx, 100), await pool(tx)
    given = Donation(anna, 30, trees, new_id())

    answers = [await donate(tx, donations=[given], now=NOON) for _ in range(2)]

    assert answers == [[True], [False]]
    [line, _] = await statement.page(tx, account_id=anna, before_seq=None, limit=9)
    assert (line.kind, line.points, line.ref) == ("donate", -30, given.ref)
    row = await (await tx.execute("SELECT contra FROM entry WHERE kind = 7")).fetchone()
    assert row == (trees,)
    assert await broken(tx) == []


async def test_held_points_cannot_be_given(tx):
    """What a coupon holds is not there to be given; nothing of the call is booked."""
    anna, boris, trees = await make.rich(tx, 100), await make.rich(tx, 100), await pool(tx)
    await hold.hold(tx, account_id=anna, points=80)
    wishes = [Donation(boris, 1, trees, new_id()), Donation(anna, 21, trees, new_id())]

    with pytest.raises(InsufficientPoints) as refused:
        async with savepoint(tx):
            await donate(tx, donations=wishes, now=NOON)

    assert refused.value.facts == {"needed": 21, "available": 20}
    assert await available(tx, boris) == 100


async def test_a_sponsor_is_no_pool(tx):
    """Points are given to pools only."""
    anna = await make.rich(tx, 100)
    names = {"name_zh": "甲", "name_en": "First"}
    sponsor = await contra.name(tx, kind="sponsor", **names, now=NOON)
    for number in (sponsor.number, contra.PROGRAMME, 999):
        with pytest.raises(PoolNotFound):
            await donate(tx, donations=[Donation(anna, 1, number, new_id())], now=NOON)


async def test_donations_race(committing):
    """Thirty donations of 10 out of 100 points: ten are booked, and never one too many."""
    async with committing.writing() as tx:
        anna, trees = await make.rich(tx, 100), await pool(tx)

    async def one():
        try:
            async with committing.writing() as tx:
                return await donate(tx, donations=[Donation(anna, 10, trees, new_id())], now=NOON)
        except InsufficientPoints:
            return "refused"

    answers = await asyncio.gather(*(one() for _ in range(30)))

    assert answers.count([True]) == 10
    assert answers.count("refused") == 20
    async with committing.snapshot() as tx:
        assert await available(tx, anna) == 0
        assert await broken(tx) == []


async def test_a_citizen_donates_over_http(client, keys, tx):
    """One key, one donation: the same answer again; another body is refused; so is too much."""
    anna, trees = await make.rich(tx, 100), await pool(tx)
    headers = citizen_headers(keys, anna)
    body = {"pool": trees, "points": 30}

    first = await client.post("/v1/me/donations", json=body, headers=headers)
    again = await client.post("/v1/me/donations", json=body, headers=headers)
    other = await client.post("/v1/me/donations", json=body | {"points": 31}, headers=headers)
    much = await client.post(
        "/v1/me/donations", json=body | {"points": 71}, headers=citizen_headers(keys, anna)
    )

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency-key-reused"
    assert (much.status_code, much.json()["code"]) == (409, "insufficient-points")
    assert await available(tx, anna) == 70
