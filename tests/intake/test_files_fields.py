"""Maps, times and numbers: what a provider's columns say becomes a record, or a reason."""

from zoneinfo import ZoneInfo

import pytest

from app.intake import files_map
from app.intake.files_fields import RowReader
from app.intake.files_map import FileMap, Source
from app.intake.files_table import FileProblem
from app.intake.files_times import Refused, time_reader
from methodologies import registry

MANIFESTS = {each.manifest.id: each.manifest for each in registry.shipped()}
BIKE, CHARGE = MANIFESTS["bike_ride"], MANIFESTS["ev_charge"]
LOS_ANGELES, OSLO = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/Oslo")


def time(text, zone=None, time_format=None, shift_days=0):
    """One time, read."""
    return time_reader(zone=zone, time_format=time_format, shift_days=shift_days)(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2014-07-01 08:30:00", "2014-07-01T08:30:00-07:00"),
        ("2014-01-01 08:30", "2014-01-01T08:30:00-08:00"),
        ("2014-01-01T08:30:00Z", "2014-01-01T08:30:00+00:00"),
        ("2014-01-01 08:30:00 +0800", "2014-01-01T08:30:00+08:00"),
        ("2014-01-01T08:30:00.123456789", "2014-01-01T08:30:00.123456-08:00"),
        ("0014-11-18 15:40:26", "0014-11-18T15:40:26"),
        ("yesterday", "yesterday"),
        ("2014-02-30 08:30:00", "2014-02-30 08:30:00"),
    ],
)
def test_a_local_time_gets_the_offset_of_its_zone(text, written):
    """An offset that is there stays; a year of Rome and a nonsense stay too, to be refused."""
    assert time(text, LOS_ANGELES) == written


@pytest.mark.parametrize(
    ("text", "zone", "reason"),
    [
        ("2014-11-02 01:30:00", LOS_ANGELES, "ambiguous_time"),
        ("2014-03-09 02:30:00", LOS_ANGELES, "no_such_time"),
        ("2019-10-27 02:30:00", OSLO, "ambiguous_time"),
        ("2019-03-31 02:30:00", OSLO, "no_such_time"),
    ],
)
def test_the_doubled_and_the_missing_hour_are_never_guessed(text, zone, reason):
    """At a clock change a local time may be two instants, or none: the row is refused."""
    with pytest.raises(Refused) as refused:
        time(text, zone)
    assert refused.value.reason == reason


def test_the_hours_beside_a_clock_change_are_sure():
    """One o'clock and three o'clock of the same night have one meaning each."""
    assert time("2019-10-27 01:59", OSLO) == "2019-10-27T01:59:00+02:00"
    assert time("2019-10-27 03:00", OSLO) == "2019-10-27T03:00:00+01:00"


def test_a_stated_format_is_the_only_one():
    """With a format, what does not follow it is no time."""
    assert time("21.12.2018 10:20", OSLO, "%d.%m.%Y %H:%M") == "2018-12-21T10:20:00+01:00"
    with pytest.raises(Refused):
        time("2018-12-21 10:20", OSLO, "%d.%m.%Y %H:%M")


def test_moving_a_file_moves_instants_by_whole_days():
    """A demonstration may move times; the offset, and a year that will be refused, stay."""
    assert time("2014-07-01 08:30", LOS_ANGELES, shift_days=200) == "2015-01-17T08:30:00-07:00"
    assert time("0014-07-01 08:30", LOS_ANGELES, shift_days=200) == "0014-07-01T08:30:00"


def reader(manifest=CHARGE, *, comma=False, **data):
    """A reader of rows with `id` and `card` and the given data."""
    whole = files_map.completed(
        FileMap(Source(("id",)), Source(("card",)), data),
        manifest, zone="Europe/Oslo", time_format=None, comma=comma, shift_days=0,
    )  # fmt: skip
    return RowReader(whole, manifest)


def value(text, source, manifest=CHARGE, name="energy_kwh", *, comma=False):
    """What one number becomes; None if it is missing; a reason if it is refused."""
    items, refused = reader(manifest, comma=comma, **{name: source}).read(
        [{"id": "1", "card": "c", "x": text}]
    )
    return refused[0].reason if refused else items[0]["data"].get(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,87", "0.87"),
        ("80", "80"),
        ("1.234,5", "1.234,5"),
        ("-80995", "-80995"),
        ("NA", None),
        ("", None),
        (None, None),
    ],
)
def test_a_decimal_comma_is_read_where_it_was_announced(text, expected):
    """Points between thousands are not guessed away; NA and nothing are missing."""
    assert value(text, Source(("x",)), comma=True) == expected


def test_without_announcement_a_comma_stays():
    """It is then no number, and refused where numbers are read."""
    assert value("0,87", Source(("x",))) == "0,87"


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("m", "1234", "1.234"),
        ("m", "1234.9", "1.234"),
        ("mi", "1", "1.609"),
        ("km", "1.5", "1.5"),
        ("m", "far", "not_a_number"),
    ],
)
def test_a_unit_is_converted_and_rounded_down(unit, text, expected):
    """Metres become kilometres exactly; what is beyond the places is never rounded up."""
    assert value(text, Source(("x",), unit=unit), BIKE, "distance_km") == expected


def test_an_unknown_unit_is_refused_before_any_row():
    """Nobody guesses how many kilometres a stone is."""
    with pytest.raises(FileProblem, match="stone"):
        reader(BIKE, distance_km=Source(("x",), unit="stone"))


def test_a_map_in_yaml_says_the_same_as_pairs():
    """Two ways to write one map, one meaning."""
    text = (
        "ref: trip_id\nsubject: bike_id\ndata:\n  distance_km: km\n  grid_region: {const: CN-JS}\n"
    )
    pairs = files_map.from_pairs(
        ["ref=trip_id", "subject=bike_id", "data.distance_km=km"], ["grid_region=CN-JS"]
    )
    assert files_map.from_yaml(text) == pairs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ref: a", "`subject` is missing"),
        ("ref: a\nsubject: b\ndate: {}", "`date` is not known"),
        ("ref: a\nsubject: {column: b, colour: red}", "`colour` is not known"),
        ("ref: a\nsubject: {zone: UTC}", "give one of"),
        ("ref: a\nsubject: b\ndata: {x: {column: c, scale: lots}}", "`scale`"),
        ("ref: a\nref: b\nsubject: c", "stands twice"),
    ],
)
def test_a_wrong_map_is_refused_with_its_place(text, words):
    """An unknown word is a mistake, not a wish."""
    with pytest.raises(FileProblem, match=words):
        files_map.from_yaml(text)


@pytest.mark.parametrize(
    "pairs", [["ref"], ["ref=a"], ["ref=a", "ref=b", "subject=c"], ["ref=", "subject=b"]]
)
def test_wrong_pairs_are_refused(pairs):
    """Half a pair, a doubled one, a missing one."""
    with pytest.raises(FileProblem):
        files_map.from_pairs(pairs)


def test_a_column_or_an_input_that_is_not_there_is_named():
    """The refusal lists what there is."""
    file_map = FileMap(Source(("id",)), Source(("card",)), {"speed": Source(("v",))})
    with pytest.raises(FileProblem, match="`card`, which the file does not have"):
        files_map.ensure_columns(file_map, ["id", "v"])
    with pytest.raises(FileProblem, match="no input `speed`"):
        files_map.completed(file_map, BIKE, zone=None, time_format=None, comma=False, shift_days=0)
    with pytest.raises(FileProblem, match="Middle/Earth"):
        files_map.completed(
            FileMap(Source(("id",)), Source(("card",)), {"started_at": Source(("v",))}),
            BIKE, zone="Middle/Earth", time_format=None, comma=False, shift_days=0,
        )  # fmt: skip


def test_columns_named_like_the_record_need_no_map():
    """A file written for us is read as it is, flat or nested."""
    flat = files_map.by_name(["ref", "subject", "distance_km", "colour"], ["ref"], BIKE)
    assert dict(flat.data) == {"distance_km": Source(("distance_km",))}
    nested = files_map.by_name(None, ["ref", "subject", "data.distance_km"], BIKE)
    assert nested.data["distance_km"] == Source(("data.distance_km",))


def test_another_word_on_the_command_line_is_another_ingest():
    """The options' digest names what was said, so a corrected map starts anew."""
    file_map = FileMap(Source(("id",)), Source(("card",)))
    digests = {
        files_map.options_of(file_map, delimiter=",", run=0),
        files_map.options_of(file_map, delimiter=";", run=0),
        files_map.options_of(file_map, delimiter=",", run=1),
        files_map.options_of(FileMap(Source(("id",)), Source(("bike",))), delimiter=",", run=0),
    }
    assert len(digests) == 4
