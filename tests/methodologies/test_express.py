"""The fast way to read records, beside the patient one that it must never differ from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methodologies.evidence import FUTURE_ALLOWED, Evidence, EvidenceError, Reader, reader_for
from methodologies.express import express_of
from methodologies.moments import Minutes, minutes_of, us_of
from tests.methodologies.given import RECEIVED_AT, RECORDS, SHANGHAI, methodologies

FAST = sorted(
    name for name, each in methodologies().items() if name in RECORDS and express_of(each.manifest)
)
FIRST = datetime(1999, 12, 30)  # noqa: DTZ001 -- offsets are put behind it
_US = timedelta(microseconds=1)
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "x",
        "A-77",
        "中",
        "\x00",
        "a\tb",
        "0" * 101,
        "-0",
        "1e3",
        "3.70",
        "3.7 km",
        "007",
        "+1",
    ]
)
NUMBERS = st.one_of(
    st.integers(-(10**19), 10**19),
    st.decimals(allow_nan=True, allow_infinity=True, places=None),
    st.decimals(0, 100, places=3).map(str),
    st.decimals(0, 100, places=9).map(str),
    st.floats(),
)
OFFSETS = st.sampled_from(["Z", "", "+08:00", "-12:00", "+14:00", "+05:30", "+23:59", "+8:00"])
MOMENTS = st.one_of(
    st.builds(
        lambda at, offset: at.isoformat() + offset,
        st.datetimes(FIRST, RECEIVED_AT.replace(tzinfo=None) + timedelta(days=400)),
        OFFSETS,
    ),
    st.builds(
        lambda before, zone: (RECEIVED_AT - timedelta(seconds=before)).astimezone(zone).isoformat(),
        st.integers(-400, 90_000),
        st.sampled_from([SHANGHAI, UTC, ZoneInfo("America/St_Johns")]),
    ),
    st.sampled_from(["2023-07-15T08:61:00+08:00", "2023-02-30T08:00:00+08:00", "2023-W05-1"]),
)
VALUES = st.one_of(TEXTS, NUMBERS, MOMENTS, st.none(), st.booleans(), st.lists(st.integers()))


def both(reader: Reader, data: dict[str, Any]) -> tuple[Evidence | None, Any]:
    """What the fast way says, None if it gives up; and the patient one's evidence or refusal."""
    around = RECEIVED_AT, us_of(RECEIVED_AT)
    express = express_of(METHODOLOGY_OF[reader])
    assert express is not None
    fast = express(data, around[1], around[1] + FUTURE_ALLOWED // _US, minutes_of(SHANGHAI))
    try:
        return fast, reader.read_patiently(data, received_at=around[0], zone=SHANGHAI)
    except EvidenceError as refused:
        return fast, refused


METHODOLOGY_OF = {
    reader_for(methodologies()[name].manifest): methodologies()[name].manifest for name in FAST
}


def same(fast: Evidence, patient: Any) -> bool:
    """Whether two are equal in everything that is known of an act."""
    names = ("occurred_on", "started_at", "ended_at", "started_us", "ended_us", "fields")
    return (
        isinstance(patient, Evidence)
        and fast == patient
        and all(getattr(fast, name) == getattr(patient, name) for name in names)
        and [str(value) for value in fast.values()] == [str(patient[name]) for name in fast]
    )


@pytest.mark.parametrize("name", FAST)
def test_usual_records_go_the_fast_way_and_come_to_the_same(name: str) -> None:
    """Every shipped methodology's own example is read fast, and reads as it always did."""
    fast, patient = both(reader_for(methodologies()[name].manifest), RECORDS[name])
    assert fast is not None
    assert same(fast, patient)


@given(data=st.data())
def test_whatever_is_sent_the_two_ways_never_differ(data: st.DataObject) -> None:
    """Fields changed, added and taken away: the fast way gives up, or says what the other says."""
    name = data.draw(st.sampled_from(FAST))
    manifest = methodologies()[name].manifest
    known = [*manifest.inputs, *manifest.evidence.fields, "unheard_of"]
    changes = data.draw(st.dictionaries(st.sampled_from(known), st.one_of(VALUES, st.just(...))))
    record = {k: v for k, v in (RECORDS[name] | changes).items() if v is not ...}
    fast, patient = both(reader_for(manifest), record)
    assert fast is None or same(fast, patient), (record, fast, patient)


def edges() -> list[tuple[str, str, str]]:
    """Values next to a limit of a number: of each methodology, its input and a text."""
    found = []
    for name in FAST:
        for spec in methodologies()[name].manifest.inputs.values():
            if spec.type in ("decimal", "integer") and spec.derived_from is None:
                assert spec.minimum is not None
                assert spec.maximum is not None
                step = Decimal(1).scaleb(-spec.places)
                for value in (spec.minimum, spec.maximum):
                    near = [value, value + step, value - step, value + step / 10]
                    found += [(name, spec.name, format(each, "f")) for each in near]
    return found


@pytest.mark.parametrize(("name", "field", "value"), edges())
def test_at_every_limit_the_two_ways_agree(name: str, field: str, value: str) -> None:
    """The least, the greatest, one step outside, and one digit too many."""
    record = RECORDS[name] | {field: value}
    fast, patient = both(reader_for(methodologies()[name].manifest), record)
    assert fast is None or same(fast, patient), (fast, patient)


def test_numbers_of_json_are_exact_both_ways() -> None:
    """A number that is no text goes the fast way too, with every digit."""
    reader = reader_for(methodologies()["bike_ride"].manifest)
    fast, patient = both(reader, RECORDS["bike_ride"] | {"distance_km": Decimal("3.70")})
    assert fast is not None
    assert same(fast, patient)
    assert str(fast["distance_km"]) == "3.70"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/St_Johns", "Pacific/Apia"])
def test_a_minutes_day_is_the_day_of_all_its_seconds(zone: str) -> None:
    """What is worked out once for a minute holds for each of its seconds, in any zone."""
    minutes = Minutes(ZoneInfo(zone))
    for hour in range(0, 24 * 400, 7):
        at = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(hours=hour, minutes=hour % 60)
        text = at.astimezone(SHANGHAI).isoformat()
        began_us, day = minutes[text[:16] + text[19:]]
        assert began_us == us_of(at)
        assert day == (at + timedelta(seconds=59)).astimezone(ZoneInfo(zone)).date()


def test_minutes_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender of ever new minutes makes us forget the old ones, not grow."""
    monkeypatch.setattr("methodologies.moments._KEPT_MAX", 10)
    minutes = Minutes(SHANGHAI)
    for second in range(60):
        minutes[f"2023-01-01T08:{second:02}+08:00"]
    assert len(minutes) <= 10
