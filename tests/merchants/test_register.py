"""Merchants are admitted once, each with a counter-account of its own."""

import asyncio
from uuid import uuid4

import pytest

from app.ledger import contra
from app.merchants import directory
from app.merchants.errors import MerchantNotFound
from app.merchants.register import register
from tests import make
from tests.make import NOON

CAFE = {
    "code": "cafe",
    "name_zh": "街角咖啡",
    "name_en": "Corner Coffee",
    "category": "food",
    "district_code": "321102",
    "now": NOON,
}


async def test_the_same_code_is_the_same_merchant(tx):
    """Registering twice changes nothing: neither the number nor the name."""
    first = await register(tx, **CAFE)
    again = await register(tx, **CAFE | {"name_en": "Another name"})
    assert first == again
    assert first.contra >= contra.FIRST_MERCHANT


async def test_every_merchant_has_its_own_counter_account(tx):
    """Two merchants are never paid into one account."""
    one, other = await make.merchant(tx), await make.merchant(tx)
    assert one.contra != other.contra


async def test_the_directory_finds_by_code_and_by_ids(tx):
    """What was registered is what is found; unknown ids are left out, one alone is refused."""
    one, other = await make.merchant(tx), await make.merchant(tx)
    assert await directory.by_code(tx, code=one.code) == one
    assert await directory.by_id(tx, merchant_id=other.id) == other
    found = await directory.by_ids(tx, merchant_ids=[one.id, other.id, other.id, uuid4()])
    assert found == {one.id: one, other.id: other}
    assert await directory.by_ids(tx, merchant_ids=[]) == {}
    with pytest.raises(MerchantNotFound):
        await directory.by_id(tx, merchant_id=uuid4())
    with pytest.raises(MerchantNotFound):
        await directory.by_code(tx, code="nobody")


async def test_ten_registrations_at_once_are_one_merchant(committing):
    """Two officers who press the button together admit one merchant."""

    async def admit():
        async with committing.writing() as tx:
            return await register(tx, **CAFE)

    assert len(set(await asyncio.gather(*(admit() for _ in range(10))))) == 1
