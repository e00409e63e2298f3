"""Evidence: what a record must look like, why it is refused, and how it is replayed."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methodologies.contract import Context
from methodologies.evidence import (
    EvidenceError,
    inputs_from_json,
    inputs_to_json,
    reader_for,
)
from tests.methodologies.given import (
    RECEIVED_AT,
    RECORDS,
    SHANGHAI,
    methodologies,
    packs,
    small,
)

BIKE = methodologies()["bike_ride"]
READER = reader_for(BIKE.manifest)


def read(**changes: Any) -> Any:
    """The bicycle record with some fields changed; ``...`` takes a field away."""
    record = {k: v for k, v in (RECORDS["bike_ride"] | changes).items() if v is not ...}
    return READER.read(record, received_at=RECEIVED_AT, zone=SHANGHAI)


def test_a_good_record_becomes_typed_inputs() -> None:
    """Numbers are decimals, moments aware, derived inputs exact, other texts apart."""
    evidence = read()
    assert evidence["distance_km"] == Decimal("3.7")
    assert evidence["duration_min"] == 15
    assert evidence["days_late"] == 0
    assert evidence.occurred_on == date(2023, 7, 15)
    assert evidence.ended_at - evidence.started_at == timedelta(minutes=15)
    assert evidence["ended_at"] == evidence.ended_at
    assert evidence.fields == {"operator_id": "op-1", "order_no": "A-77"}


REFUSED: list[tuple[str, str, Any]] = [
    ("missing_field", "distance_km", ...),
    ("missing_field", "distance_km", None),
    ("missing_field", "started_at", ...),
    ("missing_field", "ended_at", None),
    ("unknown_field", "distance", "3.7"),
    ("unknown_field", "duration_min", "15"),
    ("unknown_field", "days_late", "0"),
    ("not_a_number", "distance_km", 3.7),
    ("not_a_number", "distance_km", "3,7"),
    ("not_a_number", "distance_km", "NaN"),
    ("not_a_number", "distance_km", "Infinity"),
    ("not_a_number", "distance_km", "1e3"),
    ("not_a_number", "distance_km", ""),
    ("not_a_number", "distance_km", " 3.7"),
    ("not_a_number", "distance_km", "+3.7"),
    ("not_a_number", "distance_km", "３.7"),
    ("not_a_number", "distance_km", True),
    ("not_a_number", "distance_km", [3]),
    ("not_a_number", "distance_km", Decimal("NaN")),
    ("not_a_number", "distance_km", Decimal("Infinity")),
    ("not_a_number", "distance_km", "9" * 500),
    ("out_of_bounds", "distance_km", "-0.1"),
    ("out_of_bounds", "distance_km", "200.001"),
    ("out_of_bounds", "distance_km", 10**30),
    ("out_of_bounds", "distance_km", Decimal("1E+999999")),
    ("too_precise", "distance_km", "3.7001"),
    ("too_precise", "distance_km", Decimal("1E-999999")),
    ("wrong_unit", "distance_km", "3.7 m"),
    ("wrong_unit", "distance_km", "3700m"),
    ("wrong_unit", "distance_km", "3.7 KM"),
    ("no_time_zone", "started_at", "2023-07-15T08:00:00"),
    ("no_time_zone", "started_at", datetime(2023, 7, 15, 8)),  # noqa: DTZ001 - the point
    ("not_a_time", "started_at", "2023-07-15"),
    ("not_a_time", "started_at", "2023-07-15 08:00:00+08:00"),
    ("not_a_time", "started_at", "2023-13-15T08:00:00+08:00"),
    ("not_a_time", "started_at", "2023-02-30T08:00:00+08:00"),
    ("not_a_time", "started_at", "20230715T080000Z"),
    ("not_a_time", "started_at", 1689379200),
    ("not_a_time", "started_at", ""),
    ("year_out_of_range", "started_at", "0014-07-15T08:00:00+08:00"),
    ("year_out_of_range", "started_at", "0001-01-01T00:00:00+14:00"),
    ("year_out_of_range", "started_at", "1999-12-31T23:59:59Z"),
    ("year_out_of_range", "started_at", "9999-12-31T23:59:59-12:00"),
    ("year_out_of_range", "started_at", "2025-01-01T00:00:00Z"),
    ("year_out_of_range", "started_at", "0014-13-99T99:00:00"),
    ("year_out_of_range", "started_at", datetime(1, 1, 1, tzinfo=UTC)),
    ("ends_before_start", "ended_at", "2023-07-15T07:59:59+08:00"),
    ("in_the_future", "ended_at", "2023-07-16T00:05:00.000001Z"),
    ("in_the_future", "started_at", "2024-07-16T00:00:00Z"),
    ("not_a_text", "order_no", 77),
    ("not_a_text", "order_no", ""),
    ("not_a_text", "order_no", "x" * 101),
    ("not_a_text", "order_no", "a\x00b"),
]


@pytest.mark.parametrize(("reason", "field", "value"), REFUSED, ids=lambda item: str(item)[:30])
def test_a_bad_record_has_its_reason(reason: str, field: str, value: Any) -> None:
    """Each thing that can be wrong has one stable reason code and names the field."""
    with pytest.raises(EvidenceError) as refused:
        read(**{field: value})
    assert (refused.value.reason_code, refused.value.field) == (reason, field)


def test_a_span_out_of_bounds_is_refused() -> None:
    """A derived input has bounds too: nobody rides for two days."""
    with pytest.raises(EvidenceError) as refused:
        read(started_at="2023-07-13T08:00:00+08:00")
    assert (refused.value.reason_code, refused.value.field) == ("out_of_bounds", "duration_min")


def test_a_record_that_is_decades_late_is_refused() -> None:
    """Too many days late for the declared bound."""
    with pytest.raises(EvidenceError) as refused:
        read(started_at="2001-07-15T08:00:00Z", ended_at="2001-07-15T08:10:00Z")
    assert (refused.value.reason_code, refused.value.field) == ("out_of_bounds", "days_late")


@pytest.mark.parametrize(
    "value", ["3.7", "3.700", "3.7000000", "3.7 km", "3.7km", Decimal("3.7"), Decimal("3.70000")]
)
def test_one_number_in_several_spellings(value: Any) -> None:
    """Idle zeros and the declared unit are accepted; the number is the same."""
    assert read(distance_km=value)["distance_km"] == Decimal("3.7")
    assert read(distance_km=4)["distance_km"] == 4


def test_bounds_are_inclusive() -> None:
    """Exactly the minimum and exactly the maximum are believed."""
    assert read(distance_km="0")["distance_km"] == 0
    assert read(distance_km="200")["distance_km"] == 200
    at_once = read(ended_at="2023-07-15T08:00:00+08:00")
    assert at_once["duration_min"] == 0


def test_a_provider_whose_clock_is_a_little_ahead_is_believed() -> None:
    """Five minutes are forgiven, and count as no day late."""
    evidence = read(started_at="2023-07-16T00:00:00Z", ended_at="2023-07-16T00:05:00Z")
    assert evidence["days_late"] == 0


@pytest.mark.parametrize(
    ("ended_at", "day"),
    [
        ("2023-07-15T16:00:00Z", date(2023, 7, 16)),
        ("2023-07-15T15:59:59Z", date(2023, 7, 15)),
        ("2023-07-15T00:00:00+08:00", date(2023, 7, 15)),
        ("2023-07-14T15:59:59Z", date(2023, 7, 14)),
    ],
)
def test_the_day_is_the_civil_day_of_the_end(ended_at: str, day: date) -> None:
    """A ride over midnight belongs to the day on which it ended, in the programme's zone."""
    hour_before = datetime.fromisoformat(ended_at) - timedelta(hours=1)
    assert read(started_at=hour_before.isoformat(), ended_at=ended_at).occurred_on == day


def test_days_late_are_whole_days() -> None:
    """Thirty days less a second is twenty-nine; exactly thirty is thirty."""
    late = RECEIVED_AT - timedelta(days=30)
    start = (late - timedelta(minutes=9)).isoformat()
    assert read(started_at=start, ended_at=late.isoformat())["days_late"] == 30
    almost = (late + timedelta(seconds=1)).isoformat()
    assert read(started_at=start, ended_at=almost)["days_late"] == 29


def test_an_optional_number_is_zero_and_an_optional_code_empty() -> None:
    """What is not required may be missing, and nobody has to guess what that means."""
    reader = reader_for(small().manifest)
    record = {"at": datetime(2023, 7, 15, 8, tzinfo=timezone(timedelta(hours=8)))}
    evidence = reader.read(record, received_at=RECEIVED_AT, zone=SHANGHAI)
    assert (evidence["x"], evidence["c"]) == (0, "")
    assert evidence.started_at == evidence.ended_at
    nulls = record | {"x": None, "c": None}
    assert reader.read(nulls, received_at=RECEIVED_AT, zone=SHANGHAI) == evidence


def test_a_closed_list_of_codes_is_closed() -> None:
    """A code outside ``one_of`` is out of bounds."""
    text = {"c: {type: code, ": "c: {type: code, one_of: [A, B], "}
    reader = reader_for(small(**text).manifest)
    record = {"at": "2023-07-15T08:00:00Z", "c": "C"}
    with pytest.raises(EvidenceError, match="out_of_bounds"):
        reader.read(record, received_at=RECEIVED_AT, zone=SHANGHAI)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_stored_reduction_gives_the_same_grams(name: str) -> None:
    """The texts a reduction keeps are enough to recompute it, and name no place or moment."""
    methodology = methodologies()[name]
    evidence = reader_for(methodology.manifest).read(
        RECORDS[name], received_at=RECEIVED_AT, zone=SHANGHAI
    )
    region = evidence.get("grid_region")
    factors = packs()["CN"].resolve(
        methodology.manifest.factors, occurred_on=evidence.occurred_on, grid_region=region
    )
    context = Context(evidence.occurred_on, factors)
    stored = inputs_to_json(evidence, methodology.manifest)
    assert all(type(value) is str for value in stored.values())
    assert not {"started_at", "ended_at"} & stored.keys()
    assert not {"世界之窗", "罗湖"} & set(stored.values())
    assert stored.get("grid_region") == region
    replayed = inputs_from_json(stored, methodology.manifest)
    assert replayed["occurred_on"] == evidence.occurred_on
    assert methodology.quantify(replayed, context) == methodology.quantify(evidence, context)
    assert methodology.explain(replayed, context)[0].grams > 0


stations = st.sampled_from(["S1", "S2", "#1", "#2", ""])


@given(
    st.decimals(0, 200, places=3),
    st.integers(0, 86_400_000_000),
    stations.filter(bool),
    stations.filter(bool),
)
@settings(max_examples=200, deadline=None)
def test_every_replay_is_faithful(km: Decimal, microseconds: int, entry: str, leave: str) -> None:
    """Whatever the record, its stored form gives the same answer, masked stations included."""
    rail = methodologies()["transit_rail"]
    start = RECEIVED_AT - timedelta(days=2)
    record = {
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(microseconds=microseconds)).isoformat(),
        "entry_station": entry,
        "exit_station": leave,
        "distance_km": str(km),
    }
    evidence = reader_for(rail.manifest).read(record, received_at=RECEIVED_AT, zone=SHANGHAI)
    factors = packs()["CN"].resolve(rail.manifest.factors, occurred_on=evidence.occurred_on)
    context = Context(evidence.occurred_on, factors)
    stored = inputs_to_json(evidence, rail.manifest)
    again = inputs_from_json(stored, rail.manifest)
    assert rail.quantify(again, context) == rail.quantify(evidence, context)


@pytest.mark.parametrize("text", ["NaN", "1e5", "", "x"])
def test_a_damaged_store_is_noticed(text: str) -> None:
    """A stored text that is no plain number is refused, not computed with."""
    stored = inputs_to_json(read(), BIKE.manifest) | {"distance_km": text}
    with pytest.raises(ValueError, match="not a number"):
        inputs_from_json(stored, BIKE.manifest)
    with pytest.raises(KeyError):
        inputs_from_json({"occurred_on": "2023-07-15"}, BIKE.manifest)


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.binary()
)


@given(st.dictionaries(st.sampled_from([*RECORDS["bike_ride"], "x"]), values))
@settings(max_examples=300, deadline=None)
def test_garbage_is_refused_by_name(changes: dict[str, Any]) -> None:
    """No record makes the reader fail in any other way than EvidenceError."""
    try:
        evidence = read(**changes)
    except EvidenceError:
        return
    assert 0 <= evidence["distance_km"] <= 200
