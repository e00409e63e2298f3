"""Fixtures of a methodology's life: two officers, and a town with one citizen."""

import pytest

from tests import city, make
from tests.make import officer_headers


@pytest.fixture
def looks_at_once(monkeypatch):
    """The picture of the catalogue is never old."""
    monkeypatch.setattr("app.catalogue.versions.LOOK_AGAIN_NS", 0)


@pytest.fixture
def ana(keys):
    """The officer who writes."""
    return officer_headers(keys, make.new_id())


@pytest.fixture
def bo(keys):
    """The officer who checks."""
    return officer_headers(keys, make.new_id())


@pytest.fixture
async def town(database):
    """A programme with one citizen who agreed to scooters, and a tariff for them."""
    async with database.writing() as tx:
        await city.programme(tx)
        await tx.execute("INSERT INTO tariff VALUES ('kick_scooter', '2026-01-01', 1000)")
        return await city.citizen(tx, scenarios=("bike_ride", "kick_scooter"))
