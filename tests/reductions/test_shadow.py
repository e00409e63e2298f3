"""A version in the shadow sees live acts, and changes nothing that counts."""

import pytest

from app.catalogue import watch
from app.ids import new_id
from app.ledger import balances
from app.reductions import shadow
from tests import city
from tests.catalogue import scooter
from tests.city import NOON
from tests.reductions.test_dry_run import active, kept

OFFICER = new_id()


@pytest.fixture
async def town(tx):
    """One citizen; a version in force, another in the shadow with a smaller factor."""
    await city.programme(tx)
    await tx.execute("INSERT INTO tariff VALUES ('kick_scooter', '2026-01-01', 500)")
    await city.citizen(tx, scenarios=("kick_scooter", "bike_ride"))
    await active(tx, scooter.text(rides=3))
    await kept(tx, scooter.text("1.1.0", factor="0.04", least="1", rides=3))
    await turn(tx, watch.start)
    return tx


async def turn(tx, do):
    """Start or stop the shadow."""
    await do(
        tx,
        methodology="kick_scooter",
        version="1.1.0",
        reason="watch",
        officer_id=OFFICER,
        now=NOON,
    )


async def seen(tx):
    """The report of the version in the shadow."""
    row = await (
        await tx.execute("SELECT id FROM methodology_version WHERE version = '1.1.0'"
                         " AND methodology = 'kick_scooter'")
    ).fetchone()  # fmt: skip
    return await shadow.report(tx, version_id=row[0])


async def test_live_acts_are_seen_and_paid_as_before(town):
    """2, 10 and 0.6 km: credited by the old version; the shadow would give 80, 400 and nothing."""
    rides = [
        scooter.ride(f"r{hour}", "2026-02-20", hour=hour, km=km)
        for hour, km in ((8, "2"), (9, "10"), (10, "0.6"), (11, "2"))
    ]

    delivery = await city.send(town, *rides)
    again = await city.send(town, *rides)
    report = await seen(town)

    assert [each.grams for each in delivery.outcomes] == [100, 500, 30, 0]
    assert [each.grams for each in again.outcomes[:3]] == [100, 500, 30]
    assert report["old"] == {
        "credited": 3, "held": 0, "rejected": 0, "grams": 630, "points": 315,
    }  # fmt: skip
    assert report["new"] == {
        "credited": 2, "held": 0, "rejected": 1, "grams": 480, "points": 240,
    }  # fmt: skip
    assert report["newly_rejected"] == [{"reason": "too_short", "acts": 1}]
    assert [each["old_grams"] for each in report["movers"]] == [500, 30, 100]
    assert report["months"] == [{"month": "2026-02", "old_points": 315, "new_points": 240}]
    account = await (await town.execute("SELECT account_id FROM balance")).fetchone()
    assert (await balances.balance(town, account_id=account[0])).available == 315


async def test_after_stopping_nothing_more_is_seen(town):
    """What was seen is kept; later acts are not looked at."""
    await city.one(town, scooter.ride("a", "2026-02-20"))
    await turn(town, watch.stop)
    await city.one(town, scooter.ride("b", "2026-02-21"))
    assert (await seen(town))["acts"] == 1


async def test_the_shadow_costs_one_statement_and_only_where_it_falls(town, monkeypatch):
    """One more for a batch with the methodology in the shadow, none for another."""
    versions = await city.versions(town)

    async def ready(_):
        return versions

    monkeypatch.setattr(city, "versions", ready)
    count = 0
    original = type(town).execute

    async def counting(self, query, *arguments, **keywords):
        nonlocal count
        count += 1
        return await original(self, query, *arguments, **keywords)

    async def statements(*records):
        nonlocal count
        count = 0
        delivery = await city.send(town, *records)
        assert delivery.tally.credited == len(records)
        return count

    monkeypatch.setattr(type(town), "execute", counting)
    one = await statements(scooter.ride("a", "2026-02-20"))
    many = await statements(*(scooter.ride(f"m{day}", f"2026-02-{day}") for day in range(10, 19)))
    other = await statements(city.ride("bike"))

    assert one == many == other + 1


async def test_an_old_record_of_another_form_is_a_refusal_of_the_shadow(town):
    """Evidence that the version cannot read is told by its reason, and the batch goes on."""
    await kept(
        town,
        scooter.text("1.2.0")
        .replace("fields: [order_no]", "fields: [order_no, tyre]")
        .replace(
            "required: [started_at, ended_at, distance_km]",
            "required: [started_at, ended_at, distance_km, tyre]",
        ),
    )
    await town.execute("UPDATE methodology_version SET state = 'shadow' WHERE version = '1.2.0'")
    outcome = await city.one(town, scooter.ride("a", "2026-02-20"))
    row = await (
        await town.execute("SELECT new_status, reason_code FROM shadow_result s"
                           " JOIN methodology_version v ON v.id = s.version_id"
                           " WHERE v.version = '1.2.0'")
    ).fetchone()  # fmt: skip
    assert outcome.grams == 100
    assert row == ("rejected", "missing_field")
