"""Points for a kilogram: agreed on by two officers, never for days that are over, public."""

from datetime import date
from uuid import uuid4

import pytest

from app.catalogue import tariffs
from app.catalogue.errors import CatalogueEmpty, TariffUnsound
from app.database import savepoint
from app.main import ACTIONS
from tests import city
from tests.city import NOON, ride
from tests.make import officer_headers


def tariff(**changes):
    """A sound payload."""
    return {"methodology": "bike_ride", "valid_from": "2026-04-01", "points_per_kg": 80} | changes


async def test_a_tariff_counts_from_its_day(tx):
    """Set today for April, it leaves March as it was."""
    await city.programme(tx)
    await tariffs.apply(tx, payload=tariff(), now=NOON)

    versions = await city.versions(tx)
    assert versions.points_per_kg("bike_ride", date(2026, 3, 31)) == 100
    assert versions.points_per_kg("bike_ride", date(2026, 4, 1)) == 80
    row = await (await tx.execute("SELECT action, subject FROM audit_record")).fetchone()
    assert row == ("catalogue.set_tariff", "tariff:bike_ride")


async def test_a_tariff_may_count_from_today_once(tx):
    """Today is not over; but what counts from today already is not replaced."""
    await city.programme(tx)
    await city.citizen(tx)
    await tariffs.apply(tx, payload=tariff(valid_from="2026-03-01"), now=NOON)
    with pytest.raises(TariffUnsound):
        await tariffs.apply(tx, payload=tariff(valid_from="2026-03-01", points_per_kg=1), now=NOON)

    today = await city.one(tx, ride(start=NOON.replace(hour=1)))
    assert (today.grams, today.points) == (180, 14)


async def test_what_is_scheduled_can_be_changed(tx):
    """Until its day comes, a tariff may be proposed again for the same day."""
    await city.programme(tx)
    await tariffs.apply(tx, payload=tariff(), now=NOON)
    await tariffs.apply(tx, payload=tariff(points_per_kg=90), now=NOON)

    found = await tariffs.history(tx, scheduled_after=NOON.date())
    assert [(each.valid_from, each.points_per_kg) for each in found] == [(date(2026, 4, 1), 90)]


UNSOUND = [
    {},
    tariff(colour="red"),
    tariff(methodology="flying"),
    tariff(methodology=7),
    tariff(valid_from="2026-02-28"),
    tariff(valid_from="20260401"),
    tariff(valid_from="2026-04-31"),
    tariff(valid_from=None),
    tariff(points_per_kg=-1),
    tariff(points_per_kg=True),
    tariff(points_per_kg="80"),
    tariff(points_per_kg=10**9),
]


@pytest.mark.parametrize("payload", UNSOUND, ids=str)
async def test_an_unsound_tariff_is_refused(tx, payload):
    """Malformed, unknown or back-dated: nothing is set."""
    await city.programme(tx)
    before = await tariffs.history(tx)
    with pytest.raises(TariffUnsound):
        async with savepoint(tx):
            await tariffs.apply(tx, payload=payload, now=NOON)
    assert await tariffs.history(tx) == before


async def test_without_a_programme_there_is_no_tariff(tx):
    """The day begins in some city's zone, so there must be a city."""
    with pytest.raises(CatalogueEmpty):
        await tariffs.apply(tx, payload=tariff(), now=NOON)


async def test_the_day_is_the_citys(tx):
    """At 01:00 on 2 March in Shanghai it is still 1 March in London, and too late for the 1st."""
    await city.programme(tx)
    with pytest.raises(TariffUnsound):
        await tariffs.apply(tx, payload=tariff(valid_from="2026-03-01"), now=NOON.replace(hour=17))


async def test_two_officers_set_it_and_everybody_sees_it(client, keys, database):
    """Proposed by one, approved by another, and in the public history with its state."""
    async with database.writing() as tx:
        await city.programme(tx)
    maker, checker = (officer_headers(keys, uuid4()) for _ in range(2))
    proposal = {"kind": "catalogue.set_tariff", "payload": tariff(), "reason": "spring"}
    made = (await client.post("/v1/admin/proposals", json=proposal, headers=maker)).json()
    url = f"/v1/admin/proposals/{made['proposal_id']}/approve"
    assert (await client.post(url, headers=maker)).status_code == 409
    assert (await client.post(url, headers=checker)).status_code == 200

    listed = (await client.get("/v1/tariffs", params={"methodology": "bike_ride"})).json()["items"]
    assert [(each["points_per_kg"], each["state"], each["valid_to"]) for each in listed] == [
        (100, "current", "2026-04-01"),
        (80, "scheduled", None),
    ]
    scheduled = (await client.get("/v1/admin/tariffs", headers=maker)).json()["items"]
    assert [each["valid_from"] for each in scheduled] == ["2026-04-01"]
    everything = (await client.get("/v1/tariffs")).json()["items"]
    assert len(everything) == len(city.RATES) + 1


async def test_an_unsound_proposal_is_refused_at_approval(client, keys, database):
    """The second officer is told why, and the proposal stays open."""
    async with database.writing() as tx:
        await city.programme(tx)
    payload = tariff(valid_from="2026-01-01")
    made = await client.post(
        "/v1/admin/proposals",
        json={"kind": "catalogue.set_tariff", "payload": payload, "reason": "x"},
        headers=officer_headers(keys, uuid4()),
    )
    url = f"/v1/admin/proposals/{made.json()['proposal_id']}"
    answer = await client.post(f"{url}/approve", headers=officer_headers(keys, uuid4()))
    assert (answer.status_code, answer.json()["code"]) == (422, "tariff-unsound")
    assert (
        await client.post(f"{url}/reject", headers=officer_headers(keys, uuid4()))
    ).status_code == 200


def test_the_actions_are_wired():
    """What officers can propose here, the service can carry out."""
    assert {"catalogue.set_tariff", "catalogue.set_budget"} <= ACTIONS.keys()
