"""The front door over HTTP: apply, check, approve, come in, set up shop, sign in, be stopped."""

import asyncio

import pytest

from app.people import officers
from app.people.register import register_officer
from app.people.seats import Role, Seat
from tests import make
from tests.make import NOON, officer_headers
from tests.merchants import front_door
from tests.merchants.front_door import CHECKER, MAKER, from_elsewhere, headers, signed_in

APPLICATIONS = "/v1/merchants/applications"
STORE = {
    "code": "main",
    "name_zh": "西津渡店",
    "name_en": "Ferry store",
    "address": "西津渡街 12 号",
    "district_code": "321102",
    "latitude": "32.209800",
    "longitude": "119.430100",
    "opening_hours": "09:00-21:00",
}
TILL = {"code": "till-1", "label": "前台"}


def application(**changes):
    """What a café sends."""
    return {
        "name_zh": "街角咖啡",
        "name_en": "Corner Coffee",
        "credit_code": front_door.credit_code(),
        "contact_name": "王女士",
        "phone": "0511-8888 0000",
        "bank_name": "镇江银行",
        "bank_holder": "街角咖啡有限公司",
        "bank_account": "6222 0000 0000 1234",
        "district_code": "321102",
        "categories": ["cafe"],
        "agreement_version": 1,
    } | changes


def says(response, status, code=None):
    """The answer, if it is the expected one."""
    assert response.status_code == status, response.text
    body = response.json() if response.content else None
    assert code is None or body["code"] == code
    return body


def bearer(signed_in):
    """The header made of a sign-in's answer."""
    return {"Authorization": f"Bearer {signed_in['access_token']}", "Accept-Language": "en"}


async def test_from_the_application_to_the_till(app, keys):
    """A company becomes a merchant whose till signs in, with nothing but HTTP; then it is stopped."""
    maker, checker = [officer_headers(keys, each) for each in (MAKER, CHECKER)]
    async with from_elsewhere(app) as client:
        body = application()
        made = says(await client.post(APPLICATIONS, json=body), 202)
        assert says(await client.post(APPLICATIONS, json=body), 202) == made
        mine = f"{APPLICATIONS}/{made['application_id']}"
        assert says(await client.get(mine), 200)["state"] == "applied"
        office = f"/v1/admin/merchant-applications/{made['application_id']}"
        shown = says(await client.get(office, headers=maker), 200)
        assert shown["contact"]["bank_account"] == "**** 1234"
        check = {"code": "corner-coffee", "notes": "Licence seen."}
        asked = says(await client.post(f"{office}/check", json=check, headers=maker), 200)
        proposal = f"/v1/admin/proposals/{asked['proposal_id']}/approve"
        says(await client.post(proposal, headers=maker), 409, "same-hands")
        says(await client.post(proposal, headers=checker), 200)
        assert says(await client.get(mine), 200)["state"] == "approved"
        listed = says(
            await client.get("/v1/admin/merchants?state=approved&limit=100", headers=maker), 200
        )
        merchant_id = next(
            each["merchant_id"] for each in listed["items"] if each["code"] == "corner-coffee"
        )
        invited = says(
            await client.post(
                f"/v1/admin/merchants/{merchant_id}/managers",
                json={"name": "王店长"},
                headers=maker,
            ),
            201,
        )
        code = {"secret": invited["code"]}
        joining = code | {"password": "correct horse battery"}
        joined = says(await client.post("/v1/auth/invitations", json=joining), 201)
        says(await client.post("/v1/auth/invitations", json=joining), 401, "invitation-refused")
        assert (joined["role"], joined["merchant_id"]) == ("manager", merchant_id)
        manager = await signed_in(client, joined)
        profile = says(await client.get("/v1/merchant/profile", headers=bearer(manager)), 200)
        assert (profile["state"], profile["payout_account"]) == ("active", "**** 1234")
        await _till(client, bearer(manager), merchant_id)
        await _stopped(client, maker, merchant_id, bearer(manager))


async def _till(client, manager, merchant_id):
    """The manager sets up a store and a till, and the till signs in."""
    store = says(await client.post("/v1/merchant/stores", json=STORE, headers=manager), 201)
    tills = f"/v1/merchant/stores/{store['store_id']}/tills"
    answer = await client.post(tills, json=TILL, headers=manager)
    assert answer.headers["cache-control"] == "no-store"
    issued = says(answer, 201)
    says(await client.post(tills, json=TILL, headers=manager), 409, "store-code-taken")
    signed = says(await client.post("/v1/auth/till", json={"secret": issued["key"]}), 200)
    assert (signed["role"], signed["expires_in_s"]) == ("cashier", 600)
    seen = says(await client.get("/v1/merchant/profile", headers=bearer(signed)), 200)
    assert (seen["till_id"], seen["store_id"], seen["merchant_id"]) == (
        issued["till_id"],
        store["store_id"],
        merchant_id,
    )
    public = says(await client.get("/v1/stores?latitude=32.21&longitude=119.43"), 200)
    assert store["store_id"] in {each["store_id"] for each in public["items"]}


async def _stopped(client, officer, merchant_id, manager):
    """An officer stops the merchant: its stores are listed nowhere, and it can read why not."""
    says(
        await client.post(
            f"/v1/admin/merchants/{merchant_id}/suspend", json={"reason": "x"}, headers=officer
        ),
        204,
    )
    public = says(await client.get("/v1/stores?district_code=321102&limit=100"), 200)
    assert merchant_id not in {each["merchant_id"] for each in public["items"]}
    profile = says(await client.get("/v1/merchant/profile", headers=manager), 200)
    assert profile["state"] == "suspended"


async def test_only_finance_sees_the_whole_account(app, client, keys, tx):
    """A maker is refused, a finance officer reads it, and a merchant without one has none."""
    merchant = await front_door.onboarded(tx)
    path = f"/v1/admin/merchants/{merchant.id}/payout-account"
    finance = await register_officer(tx, name="qian", role=officers.FINANCE, now=NOON)
    maker = await register_officer(tx, name="wang", role="maker", now=NOON)
    says(await client.post(path, headers=officer_headers(keys, maker)), 403, "wrong-office")
    whole = says(await client.post(path, headers=officer_headers(keys, finance)), 200)
    assert whole["bank_account"] == "6222000000001234"
    bare = await make.merchant(tx)
    says(
        await client.post(
            f"/v1/admin/merchants/{bare.id}/payout-account", headers=officer_headers(keys, finance)
        ),
        404,
        "application-not-found",
    )


async def test_no_answer_but_finances_holds_the_account(app, client, keys, tx):
    """Every officer's and merchant's page about the merchant is searched for the number."""
    merchant = await front_door.onboarded(tx)
    row = await tx.execute("SELECT application_id FROM merchant WHERE id = %s", (merchant.id,))
    (application_id,) = await row.fetchone()
    officer = officer_headers(keys, MAKER)
    for path, who in (
        (f"/v1/admin/merchant-applications/{application_id}", officer),
        ("/v1/admin/merchant-applications?state=approved", officer),
        (f"/v1/admin/merchants/{merchant.id}", officer),
        ("/v1/merchant/profile", headers(app, merchant.id)),
        (f"{APPLICATIONS}/{application_id}", {}),
    ):
        answer = await client.get(path, headers=who)
        assert answer.status_code == 200
        assert "62220000" not in answer.text
        assert "8888" not in front_door.DRAWN.sub("", answer.text)


async def test_a_revoked_tills_token_dies_within_seconds(app, tx):
    """The token still verifies; two seconds later it opens nothing."""
    merchant = await make.merchant(tx)
    store = await front_door.store(tx, merchant.id)
    issued = await front_door.till(tx, merchant.id, store.id)
    async with from_elsewhere(app) as client:
        signed = says(await client.post("/v1/auth/till", json={"secret": issued.key}), 200)
        says(await client.get("/v1/merchant/stores", headers=bearer(signed)), 200)
        revoke = f"/v1/merchant/tills/{issued.till_id}/revoke"
        says(await client.post(revoke, headers=bearer(signed)), 403, "wrong-role")
        says(await client.post(revoke, headers=headers(app, merchant.id)), 204)
        await asyncio.sleep(2.1)
        says(await client.get("/v1/merchant/stores", headers=bearer(signed)), 401, "not-signed-in")
        says(
            await client.post("/v1/auth/till", json={"secret": issued.key}), 401, "till-key-refused"
        )


async def test_guessing_keys_is_counted(app):
    """After the limit of an address a minute, even a typing error is not answered any more."""
    limit = app.state.settings.limits.sign_ins_per_minute
    async with from_elsewhere(app) as client:
        codes = [
            (await client.post("/v1/auth/till", json={"secret": "till_X"})).status_code
            for _ in range(2 * limit + 1)  # two minutes may be touched
        ]
    assert codes[0] == 422
    assert 429 in codes
    assert set(codes) <= {422, 429}


async def test_applications_are_counted(app):
    """Nobody fills the officers' list by machine."""
    limit = app.state.settings.limits.merchant_applications_per_minute
    async with from_elsewhere(app) as client:
        codes = [
            (await client.post(APPLICATIONS, json=application())).status_code
            for _ in range(2 * limit + 1)
        ]
    assert codes[0] == 202
    assert 429 in codes


@pytest.mark.parametrize(
    "change",
    [{"state": "approved"}, {"code": "mine"}, {"checked_by": str(MAKER)}, {"id": str(MAKER)},
     {"name_zh": ""}, {"name_en": "a\nb"}, {"district_code": "٣٢١١٠٢"}, {"categories": []},
     {"categories": ["magic"]}, {"credit_code": "91350100M000100Y44"}, {"bank_account": "x" * 9},
     {"phone": "call me"}, {"agreement_version": 2}, {"agreement_version": True}],
)  # fmt: skip
async def test_an_application_holds_what_is_asked_and_no_more(app, change):
    """Fields that are nobody's to set, and values that cannot be right, are 422."""
    async with from_elsewhere(app) as client:
        answer = await client.post(APPLICATIONS, json=application(**change))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "change",
    [{"merchant_id": str(MAKER)}, {"id": str(MAKER)}, {"latitude": "90.000001"},
     {"longitude": "-181"}, {"latitude": "NaN"}, {"latitude": "1.1234567"}, {"state": "gone"},
     {"code": "Main Store"}, {"address": " "}, {"name_zh": "x" * 81}],
)  # fmt: skip
async def test_a_store_holds_what_is_asked_and_no_more(app, client, tx, change):
    """Another merchant's id, places off the earth and empty lines are 422."""
    merchant = await make.merchant(tx)
    answer = await client.post(
        "/v1/merchant/stores", json=STORE | change, headers=headers(app, merchant.id)
    )
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "query",
    ["", "latitude=32.2", "district_code=321102&latitude=32.2&longitude=119.4", "radius_m=5",
     "district_code=321102&radius_m=5",
     "latitude=91&longitude=0", "latitude=32.2&longitude=119.4&radius_m=50001", "district_code=1"],
)  # fmt: skip
async def test_stores_are_asked_for_by_one_place(client, query):
    """Neither, both, half a point, off the earth, too far: 422."""
    assert (await client.get(f"/v1/stores?{query}")).status_code == 422


async def test_public_pages_go_on_where_they_stopped(client, tx):
    """Cursors of both lists lead through all stores once; a foreign cursor is refused."""
    merchant = await make.merchant(tx)
    mine = {str((await front_door.store(tx, merchant.id)).id) for _ in range(5)}
    for query in ("district_code=321102", "latitude=32.2&longitude=119.4&radius_m=9000"):
        seen, cursor = [], ""
        while cursor is not None:
            page = says(await client.get(f"/v1/stores?{query}&limit=2{cursor}"), 200)
            seen += [each["store_id"] for each in page["items"]]
            following = page["next_cursor"]
            cursor = f"&cursor={following}" if following else None
        assert len(seen) == len(set(seen))
        assert mine <= set(seen)
        says(await client.get(f"/v1/stores?{query}&cursor=bm9uZQ"), 400, "bad-cursor")


MATRIX = {
    ("GET", "/v1/merchant/profile"): {"manager", "cashier", "accountant"},
    ("GET", "/v1/merchant/stores"): {"manager", "cashier", "accountant"},
    ("POST", "/v1/merchant/stores"): {"manager"},
    ("GET", "/v1/merchant/tills"): {"manager"},
    ("GET", "/v1/merchant/staff"): {"manager"},
    ("POST", "/v1/merchant/staff"): {"manager"},
    ("POST", f"/v1/merchant/tills/{MAKER}/rotate"): {"manager"},
    ("POST", f"/v1/merchant/tills/{MAKER}/revoke"): {"manager"},
    ("POST", f"/v1/merchant/stores/{MAKER}/tills"): {"manager"},
    ("PUT", f"/v1/merchant/stores/{MAKER}"): {"manager"},
    ("GET", f"/v1/merchant/stores/{MAKER}"): {"manager", "cashier", "accountant"},
    ("POST", f"/v1/merchant/staff/{MAKER}/invite"): {"manager"},
    ("POST", f"/v1/merchant/staff/{MAKER}/remove"): {"manager"},
}


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_what_it_is_for(app, client, tx, role):
    """Each role at each of this room's doors: 403 where it has no business, and only there."""
    merchant = await make.merchant(tx)
    for (method, path), roles in MATRIX.items():
        answer = await client.request(
            method, path, json={}, headers=headers(app, merchant.id, Seat(role))
        )
        refused = answer.status_code == 403 and answer.json()["code"] == "wrong-role"
        assert refused is (role.value not in roles), f"{role} {method} {path} {answer.text}"
