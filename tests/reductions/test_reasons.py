"""Every way in which a record is not credited has its own stable reason."""

from datetime import timedelta

import pytest

from tests import city
from tests.city import MORNING, NOON, charge, metro, ride

REASONS = [
    (ride(subject="card-nobody"), "rejected", "not_linked"),
    ({**ride(), "methodology": "flying"}, "rejected", "unknown_methodology"),
    (ride(distance_km=None), "rejected", "missing_field"),
    (ride(colour="red"), "rejected", "unknown_field"),
    (ride(distance_km="three"), "rejected", "not_a_number"),
    (ride(distance_km="3,7"), "rejected", "not_a_number"),
    (ride(distance_km="NaN"), "rejected", "not_a_number"),
    (ride(distance_km="-80995"), "rejected", "out_of_bounds"),
    (ride(distance_km="3700 m"), "rejected", "wrong_unit"),
    (ride(distance_km="3.70001"), "rejected", "too_precise"),
    (ride(started_at="2026-02-28T08:00:00"), "rejected", "no_time_zone"),
    (ride(started_at="yesterday"), "rejected", "not_a_time"),
    (ride(started_at="0014-02-28T08:00:00+08:00"), "rejected", "year_out_of_range"),
    (ride(minutes=-5), "rejected", "ends_before_start"),
    (ride(start=NOON + timedelta(hours=1)), "rejected", "in_the_future"),
    (ride(start=NOON - timedelta(days=40)), "rejected", "not_linked"),
    (ride(distance_km="0.4"), "rejected", "too_short"),
    (ride(distance_km="0"), "rejected", "too_short"),
    (ride(minutes=4), "held", "too_fast"),
    (ride(distance_km="0.6", minutes=170), "held", "too_slow"),
    (ride(distance_km="20", minutes=200), "held", "too_long"),
    (metro(minutes=5), "held", "too_fast"),
    (charge(energy_kwh="0"), "rejected", "no_energy"),
    (charge(minutes=1), "held", "too_fast"),
    (charge(start=MORNING - timedelta(days=4), minutes=4400), "held", "too_long"),
]


@pytest.mark.parametrize(
    ("record", "verdict", "reason"),
    REASONS,
    ids=[f"{each[2]}-{n}" for n, each in enumerate(REASONS)],
)
async def test_a_record_that_is_not_credited_says_why(tx, record, verdict, reason):
    """The provider's program can tell each defect from every other, and nothing is booked."""
    await city.programme(tx)
    await city.citizen(tx)

    outcome = await city.one(tx, record)

    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert (outcome.grams, outcome.points, outcome.reduction_id) == (0, 0, None)


async def test_a_record_that_comes_too_late_is_refused(tx):
    """Thirty-one days after the act, its evidence is no longer accepted, and says so."""
    await city.programme(tx)
    await city.citizen(tx)
    late = NOON + timedelta(days=31)

    assert (await city.one(tx, ride(), now=late)).reason == "too_late"


async def test_without_consent_to_the_scenario_nothing_is_credited(tx):
    """A linked card is not enough: the holder must have agreed to this use of it."""
    await city.programme(tx)
    await city.citizen(tx, scenarios=["transit_rail"])

    assert (await city.one(tx, ride())).reason == "no_consent"


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        {},
        {**ride(), "ref": ""},
        {**ride(), "ref": 7},
        {**ride(), "ref": "x" * 81},
        {**ride(), "ref": "nul\x00"},
        {**ride(), "subject": "\ud800"},
        {**ride(), "extra": 1},
        {**ride(), "data": []},
        {**ride(), "data": {"distance_km": [[1]]}},
        {**ride(), "data": {"distance_km": [1] * 101}},
        {**ride(), "data": {"distance_km": True, "x": {"y": 1}}},
    ],
)
async def test_an_unreadable_record_spoils_no_other(tx, broken):
    """A record that cannot be read is answered `malformed`; its neighbour is credited."""
    await city.programme(tx)
    await city.citizen(tx)

    delivery = await city.send(tx, broken, ride("good"))

    assert [each.verdict for each in delivery.outcomes] == ["rejected", "credited"]
    assert delivery.outcomes[0].reason == "malformed"


@pytest.mark.parametrize("record", [ride(subject="card-nobody"), ride(distance_km="0.1")])
async def test_nothing_is_kept_about_a_record_that_is_refused(tx, record):
    """No evidence, no key, no claim: a stranger leaves no trace but a count."""
    await city.programme(tx)
    await city.citizen(tx)

    await city.one(tx, record)

    for table in (
        "evidence",
        "natural_key",
        "reduction",
        "claim",
        "held_activity",
        "entry",
        "input_shape",
    ):
        row = await (await tx.execute(f"SELECT count(*) FROM {table}")).fetchone()
        assert row == (0,), table


async def test_a_refused_record_may_be_mended_and_sent_again(tx):
    """A refusal uses no number up: the same ref with the right unit is credited."""
    await city.programme(tx)
    await city.citizen(tx)

    assert (await city.one(tx, ride(distance_km="3700 m"))).reason == "wrong_unit"
    assert (await city.one(tx, ride(distance_km="3.7 km"))).verdict == "credited"
