"""The counter over HTTP: what tills, managers and phones are answered."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.merchants import standing
from app.people.seats import Role
from tests.make import NOON, citizen_headers, merchant_headers
from tests.rewards import shop

PRESENT = "/v1/merchant/coupons/present"
REDEEM = "/v1/merchant/coupons/redeem"
REDEEM_ALL = "/v1/merchant/coupons/redeem-all"
POINTS = {"unit": "points", "unit_zh": "积分", "unit_en": "Points"}
UNDO = "/v1/merchant/coupons/undo"
REFUNDS = "/v1/merchant/refunds"


@pytest.fixture
async def coupon(database):
    """A coupon in a citizen's hand."""
    async with database.writing() as tx:
        return await shop.held(tx)


@pytest.fixture
def till(client, keys, coupon):
    """Posts as the coupon's merchant; ``role`` and ``by`` change who."""

    async def post(path, body, *, role=Role.cashier, by=None):
        headers = merchant_headers(keys, by or coupon.offer.merchant.id, role=role)
        return await client.post(path, json=body, headers=headers)

    return post


def told(response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return response.status_code, response.json()["code"]


async def test_ask_take_undo_take_refund(client, keys, coupon, till):
    """The whole story at a counter, each step answered the same when it is sent again."""
    seen = await till(PRESENT, {"coupon": coupon.code})
    assert seen.json()["state"] == "presented"
    assert str(coupon.account_id) not in seen.text
    mine = f"/v1/me/redemptions/{coupon.id}"
    phone = citizen_headers(keys, coupon.account_id)
    assert (await client.get(mine, headers=phone)).json()["state"] == "presented"

    steps = [
        (REDEEM, {"coupon": coupon.code, "order_no": "A-1"}, "spent"),
        (UNDO, {"order_no": "A-1"}, "held"),
        (REDEEM, {"coupon": coupon.code, "order_no": "A-2"}, "spent"),
        (REFUNDS, {"order_no": "A-2", "refund_no": "R-1", "points": 40}, "spent"),
        (REFUNDS, {"order_no": "A-2", "refund_no": "R-2", "points": 60}, "refunded"),
    ]
    for path, body, state in steps:
        first = await till(path, body, role=Role.manager)
        again = await till(path, body, role=Role.manager)
        assert (first.status_code, again.content) == (200, first.content), first.text
        assert (await client.get(mine, headers=phone)).json()["state"] == state

    manager = merchant_headers(keys, coupon.offer.merchant.id)
    lines = (await client.get("/v1/merchant/scans", headers=manager)).json()["items"]
    assert [
        (each["order_no"], each["undone_at"] is None, each["refunded_points"]) for each in lines
    ] == [("A-2", True, 100), ("A-1", False, 0)]
    today = (await client.get("/v1/merchant/scans/today", headers=manager)).json()
    assert today == {
        "day": "2026-03-01",
        "sales": 1,
        "points": 100,
        "undone": 1,
        "refunds": 2,
        "refunded_points": 100,
        "net_points": 0,
        "units": [POINTS | {"points": 100, "refunded_points": 100}],
    }


async def test_refunds_are_a_managers(coupon, till):
    """A cashier takes and undoes; giving points back is not theirs."""
    await till(REDEEM, {"coupon": coupon.code, "order_no": "A-1"})
    body = {"order_no": "A-1", "refund_no": "R-1", "points": 1}
    assert told(await till(REFUNDS, body)) == (403, "wrong-role")
    assert told(await till(UNDO, {"order_no": "A-1"}, role=Role.accountant)) == (403, "wrong-role")


async def test_another_merchant_finds_nothing(coupon, till):
    """Asking, taking, undoing and refunding somebody else's coupon or sale are all 404."""
    await till(REDEEM, {"coupon": coupon.code, "order_no": "A-1"})
    theirs = uuid4()
    answers = [
        await till(PRESENT, {"coupon": coupon.code}, by=theirs),
        await till(REDEEM, {"coupon": coupon.code, "order_no": "A-1"}, by=theirs),
        await till(UNDO, {"order_no": "A-1"}, by=theirs),
        await till(
            REFUNDS,
            {"order_no": "A-1", "refund_no": "R", "points": 1},
            by=theirs,
            role=Role.manager,
        ),
    ]
    assert [told(each) for each in answers] == [
        (404, "coupon-not-found"),
        (404, "coupon-not-found"),
        (404, "sale-not-found"),
        (404, "sale-not-found"),
    ]


async def test_a_suspended_merchant_takes_nothing(database, coupon, till):
    """Stopped by an officer, no coupon is asked about, taken, undone or refunded."""
    await till(REDEEM, {"coupon": coupon.code, "order_no": "A-1"})
    async with database.writing() as tx:
        other = await shop.held(tx, offer=coupon.offer)
        await standing.suspend(
            tx,
            merchant_id=coupon.offer.merchant.id,
            reason="Complaints.",
            officer_id=uuid4(),
            now=NOON,
        )
    refund = {"order_no": "A-1", "refund_no": "R-1", "points": 1}
    for path, body in [
        (PRESENT, {"coupon": other.code}),
        (REDEEM, {"coupon": other.code, "order_no": "A-2"}),
        (UNDO, {"order_no": "A-1"}),
        (REFUNDS, refund),
    ]:
        answer = await till(path, body, role=Role.manager)
        assert told(answer) == (409, "merchant-suspended"), path


async def test_several_at_once(database, coupon, till):
    """Two coupons in one call; the first number for another coupon is refused with 422."""
    async with database.writing() as tx:
        other = await shop.held(tx, offer=coupon.offer)
    sales = [
        {"coupon": coupon.code, "order_no": "A-1"},
        {"coupon": other.code, "order_no": "A-2"},
    ]
    first = await till(REDEEM_ALL, {"sales": sales})
    again = await till(REDEEM_ALL, {"sales": sales})
    assert (first.status_code, again.content) == (200, first.content)
    swapped = [sales[0] | {"order_no": "A-2"}, sales[1] | {"order_no": "A-1"}]
    assert told(await till(REDEEM_ALL, {"sales": swapped})) == (422, "order-number-used")
    assert told(await till(REDEEM_ALL, {"sales": []})) == (422, "invalid-request")


async def test_a_typing_error_is_told(coupon, till):
    """The check symbol of a typed code tells the slip before anything is looked up."""
    typed = "c1." + "0" * 26 + "1"
    assert told(await till(PRESENT, {"coupon": typed})) == (422, "coupon-mistyped")


async def test_pictures_are_not_kept_but_recognised(client, keys, coupon):
    """SVG and PNG, no-store, and 304 for a phone that shows it already."""
    phone = citizen_headers(keys, coupon.account_id)
    for name, kind in (("qr.svg", "image/svg+xml"), ("qr.png", "image/png")):
        path = f"/v1/me/redemptions/{coupon.id}/{name}"
        drawn = await client.get(path, headers=phone)
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, kind)
        assert drawn.headers["cache-control"] == "no-store"
        known = {"If-None-Match": drawn.headers["etag"]}
        again = await client.get(path, headers=phone | known)
        assert (again.status_code, again.content) == (304, b"")


async def test_the_wallet_shows_the_code_to_read_aloud(client, keys, coupon):
    """Lost or not, the same code is worked out again and again, and is never issued anew."""
    phone = citizen_headers(keys, coupon.account_id)
    path = f"/v1/me/redemptions/{coupon.id}"
    shown = [(await client.get(path, headers=phone)).json() for _ in range(2)]
    assert shown[0] == shown[1]
    assert shown[0]["coupon"] == coupon.code
    assert shown[0]["coupon_spelled"].replace(" ", "")[:-1] == coupon.code


async def test_live_codes_are_switched_by_a_manager(client, keys, coupon, till):
    """From then on the plain code is refused, the live one is good, a screenshot is stale."""
    headers = merchant_headers(keys, coupon.offer.merchant.id)
    switch = {"offer_id": str(coupon.offer.id), "rotating": True}
    cashier = merchant_headers(keys, coupon.offer.merchant.id, role=Role.cashier)
    refused = await client.put("/v1/merchant/rotating-codes", json=switch, headers=cashier)
    assert told(refused) == (403, "wrong-role")
    done = await client.put("/v1/merchant/rotating-codes", json=switch, headers=headers)
    assert done.status_code == 204
    answers = {
        "live-code-needed": coupon.code,
        "code-stale": coupon.live(NOON - timedelta(minutes=2)),
    }
    for code, shown in answers.items():
        answer = await till(REDEEM, {"coupon": shown, "order_no": "A-1"})
        assert told(answer) == (409, code)
    good = await till(REDEEM, {"coupon": coupon.live(NOON), "order_no": "A-1"})
    assert good.status_code == 200


async def test_an_undo_that_comes_late_is_told(app, client, database, coupon, till):
    """Eleven minutes after the sale the till is sent to the manager."""
    async with database.writing() as tx:
        await shop.take(tx, coupon, now=NOON - timedelta(minutes=11))
    assert told(await till(UNDO, {"order_no": "A-1"})) == (409, "undo-too-late")
