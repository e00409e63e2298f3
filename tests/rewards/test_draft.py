"""A draft is refused for what it cannot hold, by the name of the field."""

import json
from uuid import uuid4

import pytest

from app.people.register import register_officer
from tests import make
from tests.make import NOON, officer_headers
from tests.rewards.test_search import store


@pytest.fixture
async def drafted(client, keys, database):
    """A way to draft a cup of coffee, changed; and its merchant."""
    async with database.writing() as tx:
        officer = await register_officer(tx, name="drafter", role="rewards", now=NOON)
        merchant = await make.merchant(tx)

    async def draft(**changes):
        body = {
            "merchant_id": str(merchant.id),
            "title_zh": "一杯咖啡",
            "title_en": "One coffee",
            "points": 100,
            "stock": 10,
            "opens_at": "2026-02-28T00:00:00Z",
            "closes_at": "2026-04-01T00:00:00Z",
            **changes,
        }
        text = json.dumps(body)  # the client's own encoder knows no half characters
        headers = {"Content-Type": "application/json", "Accept-Language": "en"}
        headers |= officer_headers(keys, officer)
        return await client.post("/v1/admin/offers", content=text, headers=headers)

    draft.merchant = merchant
    return draft


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("opens_at", "0001-01-01T00:00:00+14:00", "year_unlikely"),
        ("closes_at", "9999-12-31T23:59:59Z", "year_unlikely"),
        ("usable_until", "9999-12-31T23:59:59Z", "year_unlikely"),
        ("draws_at", "1999-12-31T23:59:59Z", "year_unlikely"),
    ],
)
async def test_an_unlikely_year_is_refused(drafted, field, value, code):
    """A moment that could be written and not be read again never becomes a draft."""
    answer = await drafted(**{field: value})
    assert answer.status_code == 422
    [wrong] = answer.json()["errors"]
    assert (wrong["field"], wrong["code"]) == (f"body.{field}", code)
    assert "2000 to 2200" in wrong["problem"]


@pytest.mark.parametrize("field", ["title_en", "text_zh", "category", "picture", "district_code"])
async def test_half_a_character_is_refused(drafted, field):
    """Half a surrogate pair, which JSON can write and PostgreSQL cannot keep, names its field."""
    answer = await drafted(**{field: "\ud800"})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [f"body.{field}"]


@pytest.mark.parametrize(
    "changes", [{"points": True}, {"points": "10"}, {"stock": 2.0}, {"quotas": {"321102": "5"}}]
)
async def test_a_number_in_disguise_is_refused(drafted, changes):
    """`true`, a text and a fraction are no prices and no units."""
    answer = await drafted(**changes)
    assert answer.status_code == 422
    [wrong] = answer.json()["errors"]
    assert wrong["code"] == "int_type"
    assert wrong["field"].startswith(f"body.{next(iter(changes))}")


async def test_only_open_stores_of_the_merchant_take_an_offer(drafted, database):
    """Another's store, one nobody has and one that is closed get the same answer, by their id."""
    async with database.writing() as tx:
        mine = await store(tx, drafted.merchant, north=1)
        shut = await store(tx, drafted.merchant, north=2, code="S2")
        theirs = await store(tx, await make.merchant(tx), north=3)
        await tx.execute("UPDATE store SET state = 'closed' WHERE id = %s", (shut.id,))
    unknown = uuid4()
    told = []
    for bad in (theirs.id, unknown, shut.id):
        answer = await drafted(store_ids=[str(mine.id), str(bad), str(uuid4())])
        body = answer.json()
        assert (answer.status_code, body["code"]) == (422, "offer-unsound")
        assert (body["field"], body["store_id"]) == ("store_ids", str(bad))
        told.append(body["detail"].replace(str(bad), "it"))
    assert len(set(told)) == 1
    assert (await drafted(store_ids=[str(mine.id)])).status_code == 201
