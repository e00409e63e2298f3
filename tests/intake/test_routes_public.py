"""Whom a citizen can link a card with."""

from app.intake import providers
from tests import city
from tests.city import NOON


async def test_everybody_sees_whose_records_are_taken(client, tx):
    """Names in the reader's language, and what others agreed to; a suspended one is not offered."""
    await city.programme(tx)
    await city.citizen(tx, "anna", scenarios=("bike_ride",))
    gone = await providers.admit(tx, code="gone", name_zh="已停", name_en="Gone", now=NOON)
    await tx.execute("UPDATE provider SET suspended_at = %s WHERE id = %s", (NOON, gone.id))
    answer = await client.get("/v1/providers", headers={"Accept-Language": "en"})
    assert answer.json()["items"] == [
        {
            "provider": "bikes",
            "name": "Zhenjiang Bikes",
            "name_zh": "镇江单车",
            "name_en": "Zhenjiang Bikes",
            "scenarios": ["bike_ride"],
        }
    ]
