"""A claim's door: read by hand while all is in order, by the framework when it is not."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.rewards.redeem import Redeemed
from app.rewards.schemas import ClaimView, claim_json
from tests import make
from tests.make import citizen_headers

REDEMPTIONS = "/v1/me/redemptions"
GOOD = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def citizen(database):
    """Somebody with points."""
    async with database.writing() as tx:
        return await make.rich(tx)


@pytest.mark.parametrize("english", [True, False])
def test_a_claim_is_written_as_its_schema_says(english):
    """Read back through the documented model and written by it, the body is the same bytes."""
    held_until = datetime(2027, 3, 31, 15, 59, 59, 250_000, tzinfo=UTC)
    made = Redeemed(
        redemption_id=UUID(GOOD),
        offer_id=UUID(int=7),
        title_zh='一杯"咖啡"',
        title_en="One <coffee>",
        points=100,
        unit="points",
        held_until=held_until,
        coupon="c1.0N7Z",
    )
    body = claim_json(made, english=english)
    assert "0N7Z" not in repr(made)
    read = ClaimView.model_validate_json(body)
    assert read.model_dump_json().encode() == body
    assert read.title == (made.title_en if english else made.title_zh)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"offer_id": "%s", "units": 2}' % GOOD.encode(), "application/json", 422),
        (b'{"offer_id": 7}', "application/json", 422),
        (b'{"offer_id": ', "application/json", 422),
        (b"", "application/json", 422),
        (b'{"offer_id": "%s"}' % GOOD.encode(), "text/plain", 415),
        (b'{"offer_id": "%s"%s}' % (GOOD.encode(), b" " * 5_000), "application/json", 404),
        (b'{"offer_id": "%s"}' % GOOD.encode(), "application/json; charset=utf-8", 404),
        (b'{"offer_id": "%s"}' % GOOD.encode(), "application/vnd.x+json", 404),
    ],
)
async def test_what_is_out_of_order_is_answered_by_the_framework(
    client, keys, citizen, content, kind, status
):
    """Each kind of body has the status and the problem document that every other route gives."""
    headers = citizen_headers(keys, citizen) | {"Content-Type": kind}
    answer = await client.post(REDEMPTIONS, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_who_asks_is_looked_at_before_what_is_asked(client, keys, citizen):
    """Without a token 401, then without a key 400, whatever the body holds."""
    nonsense = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    answer = await client.post(REDEMPTIONS, **nonsense)
    assert answer.status_code == 401
    headers = citizen_headers(keys, citizen) | {"Content-Type": "application/json"}
    headers.pop("Idempotency-Key", None)
    answer = await client.post(REDEMPTIONS, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_a_refused_claim_leaves_nothing_without_a_transaction(live_client, keys, committing):
    """The one statement undoes itself: no key, no hold, no unit, and the same key tries again."""
    async with committing.writing() as tx:
        poor, offer = await make.rich(tx, 10), await make.offer(tx)
    headers = citizen_headers(keys, poor)
    asked = {"json": {"offer_id": str(offer.id)}, "headers": headers}
    assert (await live_client.post(REDEMPTIONS, **asked)).status_code == 409
    async with committing.reading() as tx:
        left = await tx.execute(
            "SELECT (SELECT count(*) FROM request), (SELECT sum(held) FROM balance),"
            " (SELECT sum(initial - remaining) FROM offer_stock)"
        )
        assert [int(each) for each in await left.fetchone()] == [0, 0, 0]
    async with committing.writing() as tx:
        await make.points(tx, poor, 500)
    first = await live_client.post(REDEMPTIONS, **asked)
    assert first.status_code == 201, first.text
    again = await live_client.post(REDEMPTIONS, **asked)
    assert json.loads(again.content) == json.loads(first.content)
