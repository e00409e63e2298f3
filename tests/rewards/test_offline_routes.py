"""A till in a store, over HTTP: batches of what it took without network, and its own day."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from app.merchants import secret_codes
from app.rewards.offline_judge import AGE_MAX
from tests import make
from tests.make import NOON, merchant_headers
from tests.merchants import front_door
from tests.rewards import offline_till, shop

BATCHES = "/v1/merchant/offline-batches"
REDEEM = "/v1/merchant/coupons/redeem"


@pytest.fixture
async def coupon(database):
    """A coupon in a citizen's hand."""
    async with database.writing() as tx:
        return await shop.held(tx)


def told(response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["code"]


@pytest.fixture
async def real_till(app, database, coupon):
    """A till in a store of the coupon's merchant: its secret and its headers."""
    async with database.writing() as tx:
        merchant_id = coupon.offer.merchant.id
        secret, seat = await offline_till.issued(tx, merchant_id)
    return secret, front_door.headers(app, merchant_id, seat)


async def hand_in(client, real_till, items, *, batch_id=None, sign=None):
    """A till signs a batch and sends it."""
    secret, headers = real_till
    raw = json.dumps({"batch_id": str(batch_id or uuid4()), "items": items}).encode()
    headers = headers | {"Batch-Signature": offline_till.signature(secret, sign or raw)}
    headers = headers | {"Content-Type": "application/json"}
    return await client.post(BATCHES, content=raw, headers=headers)


async def test_a_till_hands_in_what_it_took(client, keys, coupon, real_till):
    """Signed, settled line by line, the same when sent again, conflicts listed for both."""
    at, batch_id = (NOON - timedelta(minutes=1)).isoformat(), uuid4()
    items = [
        {"coupon": coupon.code, "order_no": "O-1", "accepted_at": at},
        {"coupon": "nonsense", "order_no": "O-2", "accepted_at": at},
    ]
    first = await hand_in(client, real_till, items, batch_id=batch_id)
    again = await hand_in(client, real_till, items, batch_id=batch_id)
    assert first.status_code == 200, first.text
    assert first.content == again.content
    found = first.json()
    assert (found["redeemed"], found["duplicates"], found["rejected"]) == (1, 0, 1)
    assert [each["reason"] for each in found["items"]] == [None, "unreadable"]

    lists = [
        ("/v1/merchant/offline-conflicts", real_till[1]),
        ("/v1/admin/offline-conflicts?limit=1", make.officer_headers(keys, uuid4())),
    ]
    for path, headers in lists:
        conflicts = (await client.get(path, headers=headers)).json()["items"]
        assert [each["order_no"] for each in conflicts] == ["O-2"]
    other = await hand_in(client, real_till, items[:1], batch_id=batch_id)
    assert told(other) == (422, "batch-id-used")


async def test_only_a_till_that_signs_hands_in(client, keys, coupon, real_till):
    """A signature over other bytes, another till's key, a person, and no signature at all."""
    item = {"coupon": coupon.code, "order_no": "O-1", "accepted_at": NOON.isoformat()}
    forged = await hand_in(client, real_till, [item], sign=b"other bytes")
    assert told(forged) == (401, "batch-signature-wrong")
    stolen = secret_codes.fresh(secret_codes.TILL).text
    assert told(await hand_in(client, (stolen, real_till[1]), [item])) == (
        401,
        "batch-signature-wrong",
    )
    manager = merchant_headers(keys, coupon.offer.merchant.id)
    assert told(await hand_in(client, (real_till[0], manager), [item])) == (403, "till-only")
    body = {"batch_id": str(uuid4()), "items": [item]}
    bare = await client.post(BATCHES, json=body, headers=real_till[1])
    assert told(bare) == (422, "invalid-request")


async def test_a_batch_has_a_bound(client, real_till):
    """501 lines, none, or a time without a zone are refused as a whole."""
    item = {"coupon": "x", "order_no": "O-1", "accepted_at": NOON.isoformat()}
    naive = item | {"accepted_at": "2026-03-01T12:00:00"}
    for items in ([item] * 501, [], [naive]):
        assert told(await hand_in(client, real_till, items)) == (422, "invalid-request")


async def test_an_old_batch_is_told_to_be_old(client, coupon, real_till):
    """Three days and a minute after it was taken, nothing is owed for it."""
    at = (NOON - AGE_MAX - timedelta(minutes=1)).isoformat()
    item = {"coupon": coupon.code, "order_no": "O-1", "accepted_at": at}
    answer = await hand_in(client, real_till, [item])
    assert answer.json()["items"][0]["reason"] == "too_old"


async def test_a_till_sees_its_own_stores_day(client, keys, database, coupon, real_till):
    """What the manager's desk took is not on the till's list."""
    desk = merchant_headers(keys, coupon.offer.merchant.id)
    body = {"coupon": coupon.code, "order_no": "A-1"}
    assert (await client.post(REDEEM, json=body, headers=desk)).status_code == 200
    headers = real_till[1]
    assert (await client.get("/v1/merchant/scans", headers=headers)).json()["items"] == []
    async with database.writing() as tx:
        other = await shop.held(tx, offer=coupon.offer)
    body = {"coupon": other.code, "order_no": "A-2"}
    assert (await client.post(REDEEM, json=body, headers=headers)).status_code == 200
    today = (await client.get("/v1/merchant/scans/today", headers=headers)).json()
    assert (today["sales"], today["points"]) == (1, 100)
