"""Which version, factors and tariff an act of a day is judged by."""

from datetime import date

import pytest

from app.catalogue import register
from app.catalogue.errors import CatalogueEmpty, VersionChanged
from app.catalogue.versions import Catalogue
from tests import city
from tests.city import NOON


async def test_registering_twice_changes_nothing(tx):
    """What is shipped is written down once, whoever starts first."""
    await city.programme(tx)
    before = await (await tx.execute("SELECT count(*) FROM methodology_version")).fetchone()
    await city.programme(tx)
    after = await (await tx.execute("SELECT count(*) FROM methodology_version")).fetchone()
    assert before == after


async def test_a_registered_version_cannot_change(tx):
    """Other content under a known version number is refused."""
    await tx.execute(
        "INSERT INTO methodology_version VALUES"
        " (99, 'bike_ride', '1.0.0', 'other', '{}', NULL, NULL, now(), 'checked', 'x')"
    )
    with pytest.raises(VersionChanged):
        await register.register_shipped(tx, active_from=date(2021, 1, 1), now=NOON)


async def test_an_empty_database_says_what_to_do(tx):
    """Without a programme nothing is guessed."""
    with pytest.raises(CatalogueEmpty):
        await Catalogue().versions(tx)


async def test_the_day_of_the_act_chooses_version_and_tariff(tx):
    """Before the first day there is none; a newer tariff counts from its own first day."""
    await city.programme(tx)
    await tx.execute("INSERT INTO tariff VALUES ('bike_ride', '2026-04-01', 50)")
    versions = await Catalogue().versions(tx)

    assert versions.of("bike_ride", date(2020, 12, 31)) is None
    found = versions.of("bike_ride", date(2021, 1, 1))
    assert found is not None
    assert found.name == "bike_ride@1.0.0"
    assert versions.points_per_kg("bike_ride", date(2026, 3, 31)) == 100
    assert versions.points_per_kg("bike_ride", date(2026, 4, 1)) == 50
    assert versions.points_per_kg("unknown", date(2026, 4, 1)) == 0


async def test_a_new_tariff_reaches_a_running_process(tx, monkeypatch):
    """The picture is looked at again, and replaced when the tables have changed."""
    monkeypatch.setattr("app.catalogue.versions.LOOK_AGAIN_NS", 0)
    await city.programme(tx)
    catalogue = Catalogue()
    first = await catalogue.versions(tx)
    assert await catalogue.versions(tx) is first
    await tx.execute("INSERT INTO tariff VALUES ('bike_ride', '2026-04-01', 50)")
    assert (await catalogue.versions(tx)).points_per_kg("bike_ride", date(2026, 4, 1)) == 50


async def test_the_public_sees_methodologies_and_factors(client, database):
    """The document served has the hash it is listed with, and factors carry their source."""
    async with database.writing() as tx:
        await city.programme(tx)
    listed = (await client.get("/v1/methodologies")).json()["items"]
    factors = (await client.get("/v1/factors")).json()["items"]
    bike = next(item for item in listed if item["methodology"] == "bike_ride")
    whole = await client.get(f"/v1/methodologies/bike_ride/versions/{bike['version']}")
    etag = whole.headers["etag"]
    again = await client.get(
        f"/v1/methodologies/bike_ride/versions/{bike['version']}", headers={"If-None-Match": etag}
    )
    missing = await client.get("/v1/methodologies/bike_ride/versions/9.9.9")

    assert etag == f'"{bike["content_hash"]}"'
    assert whole.json()["id"] == "bike_ride"
    assert (again.status_code, missing.status_code) == (304, 404)
    assert all(factor["issuer"] and factor["grade"] in "PRTUD" for factor in factors)
