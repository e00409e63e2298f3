"""Rewards over HTTP: what phones, tills and passers-by are answered."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from limits.aio.storage import memory

from app.clock import current_time
from app.people.tokens import Audience, Tokens
from app.settings import LimitSettings, Settings
from tests import make
from tests.make import NOON, citizen_headers, merchant_headers

REDEMPTIONS = "/v1/me/redemptions"
SCAN = "/v1/merchant/coupons/redeem"


@pytest.fixture
async def anna(database):
    """A citizen with 1,000 points."""
    async with database.writing() as tx:
        return await make.rich(tx)


@pytest.fixture
async def offer(database):
    """An open offer of 100 points."""
    async with database.writing() as tx:
        return await make.offer(tx, per_citizen=5)


async def redeem(client, keys, account_id, offer, **changes):
    """A phone claims a unit."""
    return await client.post(
        REDEMPTIONS,
        json={"offer_id": str(offer.id)},
        headers=citizen_headers(keys, account_id, **changes),
    )


async def scan(client, keys, offer, coupon, order_no="A-1"):
    """A till scans a coupon."""
    return await client.post(
        SCAN,
        json={"coupon": coupon, "order_no": order_no},
        headers=merchant_headers(keys, offer.merchant.id),
    )


async def test_from_offer_to_counter(client, keys, anna, offer):
    """The whole story: find, claim, show, scan, and the claim is spent."""
    listed = (await client.get("/v1/offers", headers={"Accept-Language": "en"})).json()
    assert listed["items"][0]["offer_id"] == str(offer.id)

    response = await redeem(client, keys, anna, offer)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    claim = response.json()
    coupon = claim.pop("coupon")
    redemption_id = claim.pop("redemption_id")
    assert claim == {
        "state": "held",
        "points": 100,
        "unit": "points",
        "held_until": "2026-03-02T04:00:00Z",
        "offer_id": str(offer.id),
        "title": "One coffee",
        "title_zh": "一杯咖啡",
        "title_en": "One coffee",
    }

    mine = f"{REDEMPTIONS}/{redemption_id}"
    shown = (await client.get(mine, headers=citizen_headers(keys, anna))).json()
    assert (shown["state"], shown["coupon"], shown["resolved_at"]) == ("held", coupon, None)

    first = await scan(client, keys, offer, coupon)
    again = await scan(client, keys, offer, coupon)
    assert (first.status_code, first.json()["points"]) == (200, 100)
    assert first.json() == again.json()

    shown = (await client.get(mine, headers=citizen_headers(keys, anna))).json()
    assert (shown["state"], shown["coupon"]) == ("spent", None)


async def test_a_retry_gets_the_first_answer(client, keys, database, anna, offer):
    """The same key answers the same bytes, even after the coupon was given back."""
    first = await redeem(client, keys, anna, offer, key="same-key-1")
    redemption_id = first.json()["redemption_id"]
    await client.post(f"{REDEMPTIONS}/{redemption_id}/cancel", headers=citizen_headers(keys, anna))
    again = await redeem(client, keys, anna, offer, key="same-key-1")

    assert (again.status_code, again.content) == (201, first.content)
    async with database.reading() as tx:
        row = await tx.execute("SELECT response::text FROM request WHERE key = 'same-key-1'")
        assert first.json()["coupon"][5:] not in (await row.fetchone())[0]


async def test_an_idempotency_key_is_needed_and_means_one_thing(client, keys, database, anna):
    """Without a key 400; with a used key and another body 422."""
    async with database.writing() as tx:
        one, other = await make.offer(tx), await make.offer(tx)
    headers = citizen_headers(keys, anna)
    headers.pop("Idempotency-Key")
    missing = await client.post(REDEMPTIONS, json={"offer_id": str(one.id)}, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")

    await redeem(client, keys, anna, one, key="same-key-2")
    reused = await redeem(client, keys, anna, other, key="same-key-2")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_refusal_is_a_problem_document_and_keeps_no_key(client, keys, database, offer):
    """The phone learns how many points are missing; the same key works once there are enough."""
    boris = make.account()
    refused = await redeem(client, keys, boris, offer, key="same-key-3")
    problem = refused.json()
    assert refused.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (409, "insufficient-points")
    assert (problem["needed"], problem["available"]) == (100, 0)

    async with database.writing() as tx:
        await make.points(tx, boris, 100)
    assert (await redeem(client, keys, boris, offer, key="same-key-3")).status_code == 201


async def test_unknown_fields_and_offers_are_refused(client, keys, anna):
    """A typing error in a field is not ignored, and an unknown offer is 404."""
    headers = citizen_headers(keys, anna)
    body = {"offer_id": str(uuid4())}
    assert (await client.post(REDEMPTIONS, json=body, headers=headers)).status_code == 404
    wrong = await client.post(REDEMPTIONS, json=body | {"points": 1}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-request")


async def test_another_citizens_redemption_does_not_exist(client, keys, anna, offer):
    """Reading, cancelling and drawing somebody else's coupon are all 404."""
    redemption_id = (await redeem(client, keys, anna, offer)).json()["redemption_id"]
    headers = citizen_headers(keys, make.account())
    mine = f"{REDEMPTIONS}/{redemption_id}"
    answers = [
        await client.get(mine, headers=headers),
        await client.get(f"{mine}/qr.svg", headers=headers),
        await client.post(f"{mine}/cancel", headers=headers),
    ]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (404, "redemption-not-found")
    }


async def test_a_list_in_pages_is_the_whole_list(client, keys, anna, offer):
    """Newest first, nothing twice, nothing left out; closed ones show no code."""
    made = [(await redeem(client, keys, anna, offer)).json()["redemption_id"] for _ in range(5)]
    await client.post(f"{REDEMPTIONS}/{made[0]}/cancel", headers=citizen_headers(keys, anna))

    found, cursor = [], ""
    while cursor is not None:
        page = (
            await client.get(f"{REDEMPTIONS}?limit=2{cursor}", headers=citizen_headers(keys, anna))
        ).json()
        found += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"

    assert [each["redemption_id"] for each in found] == made[::-1]
    assert [each["coupon"] is None for each in found] == [False] * 4 + [True]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJub25zZW5zZSJd", "WzFd", "W10"])
@pytest.mark.parametrize("path", [REDEMPTIONS, "/v1/offers"])
async def test_a_foreign_cursor_is_refused(client, keys, anna, cursor, path):
    """A cursor of another list is 400, never a crash."""
    response = await client.get(f"{path}?cursor={cursor}", headers=citizen_headers(keys, anna))
    assert (response.status_code, response.json()["code"]) == (400, "bad-cursor")


async def test_cancelling_twice_answers_the_same(client, keys, anna, offer):
    """A phone that lost the answer asks again."""
    redemption_id = (await redeem(client, keys, anna, offer)).json()["redemption_id"]
    cancel = f"{REDEMPTIONS}/{redemption_id}/cancel"
    first = await client.post(cancel, headers=citizen_headers(keys, anna))
    again = await client.post(cancel, headers=citizen_headers(keys, anna))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["state"], first.json()["coupon"]) == ("cancelled", None)


async def test_a_coupon_is_drawn_while_it_can_be_used(client, keys, anna, offer):
    """A picture that nobody on the way may keep; afterwards a refusal."""
    made = (await redeem(client, keys, anna, offer)).json()
    picture = f"{REDEMPTIONS}/{made['redemption_id']}/qr.svg"
    drawn = await client.get(picture, headers=citizen_headers(keys, anna))
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.headers["cache-control"] == "no-store"
    assert drawn.text.startswith("<svg")

    await scan(client, keys, offer, made["coupon"])
    closed = await client.get(picture, headers=citizen_headers(keys, anna))
    assert (closed.status_code, closed.json()["state"]) == (409, "spent")


async def test_what_a_till_is_refused(client, keys, database, anna, offer):
    """Each refusal has its own status and code."""
    async with database.writing() as tx:
        elsewhere = await make.offer(tx)
    one, other = [(await redeem(client, keys, anna, offer)).json()["coupon"] for _ in range(2)]
    await scan(client, keys, offer, one)
    refusals = {
        "coupon-unreadable": (422, await scan(client, keys, offer, "c1.hello", "A-2")),
        "coupon-not-found": (404, await scan(client, keys, elsewhere, other, "A-2")),
        "order-number-used": (422, await scan(client, keys, offer, other, "A-1")),
        "coupon-not-open": (409, await scan(client, keys, offer, one, "A-2")),
        "invalid-request": (422, await scan(client, keys, offer, one, "A\x00")),
    }
    for code, (status, response) in refusals.items():
        assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_merchant_sees_todays_scans(client, keys, anna, offer):
    """The till's list is the merchant's own, newest first, and says nothing about citizens."""
    for order_no in ("A-1", "A-2", "A-3"):
        coupon = (await redeem(client, keys, anna, offer)).json()["coupon"]
        await scan(client, keys, offer, coupon, order_no)
    mine = merchant_headers(keys, offer.merchant.id)
    first = (await client.get("/v1/merchant/scans?limit=2", headers=mine)).json()
    cursor = first["next_cursor"]
    rest = (await client.get(f"/v1/merchant/scans?limit=2&cursor={cursor}", headers=mine)).json()

    assert [each["order_no"] for each in first["items"] + rest["items"]] == ["A-3", "A-2", "A-1"]
    assert rest["next_cursor"] is None
    assert str(anna) not in str(first)
    theirs = merchant_headers(keys, uuid4())
    assert (await client.get("/v1/merchant/scans", headers=theirs)).json()["items"] == []


async def test_a_door_is_for_its_audience(client, keys, anna, offer):
    """A till cannot claim, a phone cannot scan, and a stranger can do neither."""
    till = merchant_headers(keys, offer.merchant.id) | {"Idempotency-Key": "k" * 8}
    body = {"offer_id": str(offer.id)}
    assert (await client.post(REDEMPTIONS, json=body, headers=till)).status_code == 403
    assert (await client.post(REDEMPTIONS, json=body)).status_code == 401
    scanning = {"coupon": "c1.x", "order_no": "1"}
    phone = citizen_headers(keys, anna)
    assert (await client.post(SCAN, json=scanning, headers=phone)).status_code == 403


async def test_a_flood_is_refused(app, client, keys, anna, offer, monkeypatch):
    """A citizen, and a till, may write so many times a minute and no more."""
    # All in one minute: the next one would let them in again.
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: 1_800_000_030.0))
    limits = LimitSettings(citizen_writes_per_minute=2, merchant_scans_per_minute=2)
    app.state.settings = Settings(environment="test", limits=limits)
    phone = [(await redeem(client, keys, anna, offer)).status_code for _ in range(3)]
    till = [(await scan(client, keys, offer, "c1.x")).status_code for _ in range(3)]
    assert phone == [201, 201, 429]
    assert till == [422, 422, 429]


async def test_a_hold_that_ran_out_shows_no_code(app, client, keys, anna, offer):
    """Before the sweep has come, the phone says what the till would say."""
    redemption_id = (await redeem(client, keys, anna, offer)).json()["redemption_id"]
    headers = citizen_headers(keys, anna)
    app.dependency_overrides[current_time] = lambda: NOON + timedelta(hours=24)
    # The token is of yesterday: sign in again.
    headers |= {"Authorization": _signed_in_tomorrow(keys, anna)}
    shown = (await client.get(f"{REDEMPTIONS}/{redemption_id}", headers=headers)).json()
    assert (shown["state"], shown["coupon"]) == ("expired", None)
    cancel = await client.post(f"{REDEMPTIONS}/{redemption_id}/cancel", headers=headers)
    assert (cancel.status_code, cancel.json()["state"]) == (409, "expired")


def _signed_in_tomorrow(keys, account_id):
    now = NOON + timedelta(hours=24)
    token = Tokens(keys.token).sign(
        Audience.citizen, subject=str(uuid4()), account_id=account_id, now=now
    )
    return f"Bearer {token}"
