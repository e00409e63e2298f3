"""Notices, consents, claims of cards and guardians, as phones and providers ask for them."""

import pytest

from app.intake import providers
from app.people.register import register_citizen
from app.people.tokens import Audience
from tests import city, make
from tests.city import NOON

METER = "3200118877665544"


@pytest.fixture
async def anna(database, keys):
    """The headers of a citizen with a linked card."""
    async with database.writing() as tx:
        await city.programme(tx)
        person = await city.citizen(tx, "anna")
    return make.keyless(make.citizen_headers(keys, person.account_id))


@pytest.fixture
async def power(app, database):
    """The headers of a provider that wants the amount of the last bill."""
    async with database.writing() as tx:
        await providers.admit(
            tx, code="power", name_zh="供电", name_en="Power", proof="amount", now=NOON
        )
    return city.bearer(app.state.tokens, Audience.provider, "power")


def problem(response):
    """Status and code of a refusal."""
    return response.status_code, response.json()["code"]


async def test_notices_are_filled_in_from_the_methodology(client, anna):
    """Anybody reads what is collected, for how long and by whom; trips are sensitive."""
    asked = {"provider": "bikes", "scenario": "transit_rail"}
    [notice] = (await client.get("/v1/consent-notices", params=asked)).json()["items"]
    assert (notice["version"], notice["sensitive"]) == (1, True)
    assert "Zhenjiang Bikes" in notice["text_en"]
    assert "进站站点" in notice["text_zh"]
    assert len((await client.get("/v1/consent-notices")).json()["items"]) > 30
    unknown = await client.get("/v1/consent-notices", params={"scenario": "teleport"})
    assert problem(unknown) == (422, "scenario-unknown")
    stranger = await client.get("/v1/consent-notices", params={"provider": "nobody"})
    assert problem(stranger) == (404, "provider-not-found")


async def test_agreeing_and_taking_it_back(client, anna):
    """The edition must be the newest; what was taken back stays in the list with its time."""
    wish = {"provider": "bikes", "scenarios": ["ebike_ride"], "notice_version": 1}
    old = await client.post("/v1/me/consents", headers=anna, json=wish | {"notice_version": 2})
    assert problem(old) == (409, "notice-outdated")
    agreed = await client.post("/v1/me/consents", headers=anna, json=wish)
    assert agreed.status_code == 201
    assert {each["scenario"] for each in agreed.json()["items"]} == {"ebike_ride", *city.SCENARIOS}
    where = "/v1/me/consents/bikes/ebike_ride"
    assert (await client.delete(where, headers=anna)).status_code == 204
    assert problem(await client.delete(where, headers=anna)) == (404, "consent-not-found")
    items = (await client.get("/v1/me/consents", headers=anna)).json()["items"]
    [taken] = [each for each in items if each["scenario"] == "ebike_ride"]
    assert taken["withdrawn_at"] == "2026-03-01T04:00:00Z"
    none = await client.delete("/v1/me/consents/nobody/bike_ride", headers=anna)
    assert problem(none) == (404, "provider-not-found")


async def test_a_meter_from_the_claim_to_the_link(client, anna, power):
    """Refused as a plain link, claimed, asked by the provider, answered, linked."""
    wish = {"provider": "power", "card": METER, "scenarios": ["home_elec_hist"]}
    plain = await client.post("/v1/me/links", headers=anna, json=wish)
    assert (problem(plain), plain.json()["proof"]) == ((409, "proof-needed"), "amount")
    made = await client.post("/v1/me/link-claims", headers=anna, json=wish)
    assert (made.status_code, made.json()["state"]) == (201, "pending")
    mine = f"/v1/me/link-claims/{made.json()['claim_id']}"
    early = await client.post(f"{mine}/answer", headers=anna, json={"answer": "12650"})
    assert problem(early) == (409, "challenge-missing")

    [waiting] = (await client.get("/v1/provider/link-claims", headers=power)).json()["items"]
    assert waiting["subject"] == METER
    theirs = f"/v1/provider/link-claims/{waiting['claim_id']}"
    asked = await client.post(f"{theirs}/challenge", headers=power, json={"answer": "12650"})
    assert asked.status_code == 204
    wrong = await client.post(f"{theirs}/confirmation", headers=power, json={"confirmed": True})
    assert problem(wrong) == (404, "link-claim-not-found")

    no = (await client.post(f"{mine}/answer", headers=anna, json={"answer": "9999"})).json()
    assert (no["state"], no["tries_left"]) == ("pending", 4)
    yes = (await client.post(f"{mine}/answer", headers=anna, json={"answer": "12650"})).json()
    assert yes["state"] == "live"
    links = (await client.get("/v1/me/links", headers=anna)).json()["items"]
    assert {each["provider"] for each in links} == {"bikes", "power"}
    claims = (await client.get("/v1/me/link-claims", headers=anna)).json()["items"]
    assert [each["state"] for each in claims] == ["live"]
    assert (await client.get("/v1/provider/link-claims", headers=power)).json()["items"] == []


async def test_claims_of_many_cards_come_in_pages(client, anna, power):
    """A provider walks through what waits, page by page; a claim that is taken back is gone."""
    for n in range(3):
        wish = {"provider": "power", "card": f"m-{n}", "scenarios": ["home_elec_hist"]}
        made = await client.post("/v1/me/link-claims", headers=anna, json=wish)
    gone = f"/v1/me/link-claims/{made.json()['claim_id']}"
    assert (await client.delete(gone, headers=anna)).status_code == 204
    first = (
        await client.get("/v1/provider/link-claims", headers=power, params={"limit": 1})
    ).json()
    more = {"limit": 1, "cursor": first["next_cursor"]}
    second = (await client.get("/v1/provider/link-claims", headers=power, params=more)).json()
    found = [each["subject"] for page in (first, second) for each in page["items"]]
    assert (found, second["next_cursor"]) == (["m-0", "m-1"], None)
    bad = await client.get("/v1/provider/link-claims", headers=power, params={"cursor": "x"})
    assert problem(bad) == (400, "bad-cursor")


async def test_a_provider_without_a_proof_links_at_once(client, anna):
    """The same door serves both kinds: a claim that needs no proof is live in its answer."""
    wish = {"provider": "bikes", "card": "card-2", "scenarios": ["bike_ride"]}
    made = await client.post("/v1/me/link-claims", headers=anna, json=wish)
    assert (made.status_code, made.json()["state"]) == (201, "live")
    assert len((await client.get("/v1/me/links", headers=anna)).json()["items"]) == 2


async def test_a_child_and_its_guardian(client, database, keys, anna):
    """Refused, confirmed with a code, allowed; settings and the end are the guardian's."""
    async with database.writing() as tx:
        person = await register_citizen(tx, nickname="kid", district_code="321102", now=NOON)
    kid = make.citizen_headers(keys, person.account_id)
    told = await client.post("/v1/me/guardian", headers=kid, json={"birth_year": 2016})
    assert (told.status_code, told.json()["needed"]) == (201, True)
    other = await client.post("/v1/me/guardian", headers=kid, json={"birth_year": 1990})
    assert problem(other) == (409, "birth-year-said")
    unborn = await client.post("/v1/me/guardian", headers=anna, json={"birth_year": 2027})
    assert problem(unborn) == (422, "birth-year-unsound")
    wish = {"provider": "bikes", "scenarios": ["bike_ride"], "notice_version": 1}
    refused = await client.post("/v1/me/consents", headers=kid, json=wish)
    assert problem(refused) == (403, "guardian-needed")
    card = {"provider": "bikes", "card": "kids", "scenarios": ["bike_ride"]}
    assert problem(await client.post("/v1/me/links", headers=kid, json=card)) == (
        403,
        "guardian-needed",
    )

    code = {"code": told.json()["code"]}
    ageless = await client.post("/v1/me/wards", headers=anna, json=code)
    assert problem(ageless) == (409, "guardian-unfit")
    assert ageless.json()["missing"] == "birth_year"
    year = await client.patch("/v1/me/profile", headers=anna, json={"birth_year": 1990})
    assert year.status_code == 200
    ward = await client.post("/v1/me/wards", headers=anna, json=code)
    assert ward.json()["account_id"] == person.account_id
    assert problem(await client.post("/v1/me/wards", headers=anna, json=code)) == (
        404,
        "ward-not-found",
    )
    assert (await client.post("/v1/me/consents", headers=kid, json=wish)).status_code == 201
    where = f"/v1/me/wards/{person.account_id}"
    settings = {"ranked": True, "pooled": False}
    assert (await client.put(where, headers=anna, json=settings)).status_code == 204
    [mine] = (await client.get("/v1/me/wards", headers=anna)).json()["items"]
    assert (mine["ranked"], mine["pooled"]) == (True, False)
    assert problem(await client.delete(where, headers=kid)) == (404, "ward-not-found")
    assert (await client.delete(where, headers=anna)).status_code == 204
    [taken] = (await client.get("/v1/me/consents", headers=kid)).json()["items"]
    assert taken["withdrawn_at"] is not None
