"""Whom an offer is for: pure decisions, and the same over HTTP before a claim costs anything."""

import secrets
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.register import register_citizen
from app.rewards import offers_audience
from app.rewards.offers_audience import Facts
from app.rewards.offers_errors import NotForYou
from tests import make
from tests.make import NOON, citizen_headers

DAY = timedelta(days=1)


@given(
    district=st.sampled_from(["321102", "321111", ""]),
    days=st.integers(0, 60),
    born=st.none() | st.integers(1920, 2020),
    audience=st.fixed_dictionaries(
        {},
        optional={
            "districts": st.lists(st.sampled_from(["321102", "321111"]), min_size=1),
            "new_within_days": st.integers(1, 60),
            "age_at_least": st.integers(1, 100),
        },
    ),
)
def test_every_rule_must_be_met_and_what_is_unknown_does_not_meet_it(
    *, district, days, born, audience
):
    """The decision is the conjunction of its rules, each written down once more in plain words."""
    met = (
        ("districts" not in audience or district in audience["districts"])
        and ("new_within_days" not in audience or days < audience["new_within_days"])
        and (
            "age_at_least" not in audience
            or (born is not None and 2026 - born >= audience["age_at_least"])
        )
    )
    facts = Facts(district, NOON - days * DAY, born)
    if met:
        offers_audience.ensure_for(audience, facts, NOON)
        return
    with pytest.raises(NotForYou) as refusal:
        offers_audience.ensure_for(audience, facts, NOON)
    assert refusal.value.facts["rule"] in audience


@pytest.fixture
async def people(database):
    """A citizen of the district who is new, and one who is not and lives elsewhere."""
    found = []
    async with database.writing() as tx:
        for district, known in (("321102", NOON - DAY), ("321111", NOON - 90 * DAY)):
            person = await register_citizen(
                tx, nickname=secrets.token_hex(8), district_code=district, now=known
            )
            await make.points(tx, person.account_id, 500)
            found.append(person.account_id)
    return found


async def ask(client, keys, account_id, offer, **headers):
    """A phone claims a unit."""
    return await client.post(
        "/v1/me/redemptions",
        json={"offer_id": str(offer.id)},
        headers=citizen_headers(keys, account_id) | headers,
    )


async def test_an_audience_over_http(client, keys, database, people):
    """Who is meant gets a unit; the other is told which rule."""
    new, old = people
    async with database.writing() as tx:
        offer = await make.offer(tx, audience={"districts": ["321102"], "new_within_days": 30})
        elders = await make.offer(tx, audience={"age_at_least": 70})
    assert (await ask(client, keys, new, offer)).status_code == 201
    refused = await ask(client, keys, old, offer)
    assert (refused.status_code, refused.json()["code"], refused.json()["rule"]) == (
        409,
        "not-for-you",
        "districts",
    )
    unknown = await ask(client, keys, new, elders)
    assert (unknown.status_code, unknown.json()["rule"]) == (409, "age_at_least")
    assert unknown.json()["missing"] == "birth_year"


@pytest.mark.parametrize(("born", "status"), [(1956, 201), (1957, 409)])
async def test_an_age_over_http(client, keys, database, people, born, status):
    """Who completes the profile as the refusal says is let in from the year of the birthday on."""
    me, _ = people
    async with database.writing() as tx:
        elders = await make.offer(tx, audience={"age_at_least": 70})
    assert "in your profile" in (await ask(client, keys, me, elders)).json()["detail"]
    said = await client.patch(
        "/v1/me/profile", json={"birth_year": born}, headers=citizen_headers(keys, me)
    )
    assert said.status_code == 200
    answer = await ask(client, keys, me, elders)
    assert answer.status_code == status
    if status == 409:
        assert (answer.json()["rule"], answer.json()["age"]) == ("age_at_least", 70)
        assert "missing" not in answer.json()


async def test_a_quota_over_http(client, keys, database, people):
    """The district comes from the citizen's own record; another one hears that it is not for it."""
    mine, other = people
    async with database.writing() as tx:
        offer = await make.offer(tx, stock=0, quotas={"321102": 1})
    refused = (await ask(client, keys, other, offer)).json()
    assert (refused["code"], refused["rule"]) == ("not-for-you", "quotas")
    assert (await ask(client, keys, mine, offer)).status_code == 201
    gone = [(await ask(client, keys, each, offer)).json()["code"] for each in people]
    assert gone == ["offer-sold-out"] * 2


@pytest.mark.parametrize("stock", [0, 1])
async def test_a_district_whose_share_is_taken_over_http(client, keys, database, people, stock):
    """While other districts have units nobody is told that every unit is taken, gate or none."""
    mine, other = people
    async with database.writing() as tx:
        offer = await make.offer(tx, stock=stock, per_citizen=5, quotas={"321102": 1, "321111": 1})
    for _ in range(1 + stock):
        assert (await ask(client, keys, mine, offer)).status_code == 201
    for _ in range(3):  # the gate's tokens are for all districts, and may be there or used up
        refused = (await ask(client, keys, mine, offer)).json()
        assert refused["code"] == "district-share-taken"
    assert (await ask(client, keys, other, offer)).status_code == 201
    assert (await ask(client, keys, mine, offer)).json()["code"] == "offer-sold-out"


async def test_a_device_over_http(client, keys, database, people):
    """Where devices are counted, one must be named, and two people share it."""
    one, other = people
    limit = [{"by": "device", "per": "always", "units": 1}]
    async with database.writing() as tx:
        offer = await make.offer(tx, limits=limit)
    nameless = await ask(client, keys, one, offer)
    assert (nameless.status_code, nameless.json()["code"]) == (422, "device-needed")
    phone = {"Device-Id": "phone-of-the-family"}
    assert (await ask(client, keys, one, offer, **phone)).status_code == 201
    shared = await ask(client, keys, other, offer, **phone)
    assert (shared.json()["code"], shared.json()["by"]) == ("limit-reached", "device")


async def test_an_answer_is_repeated_when_the_audience_has_passed(client, keys, database, people):
    """A retry of a claim that succeeded is answered as before, though the citizen is new no more."""
    new, _ = people
    async with database.writing() as tx:
        offer = await make.offer(tx, audience={"new_within_days": 30})
    body, headers = {"offer_id": str(offer.id)}, citizen_headers(keys, new, key="one-intention")
    first = await client.post("/v1/me/redemptions", json=body, headers=headers)
    async with database.writing() as tx:
        await tx.execute(
            "UPDATE citizen SET created_at = %s WHERE account_id = %s", (NOON - 99 * DAY, new)
        )
    again = await client.post("/v1/me/redemptions", json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
