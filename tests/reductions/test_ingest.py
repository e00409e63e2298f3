"""Files through the credit function: every row accounted for, whatever happens on the way."""

import asyncio
import csv
import itertools
import json

import polars as pl
import pytest

from app.clock import utc_now
from app.intake import files_map, providers
from app.intake.files_fields import RowReader
from app.intake.files_map import FileMap, Source
from app.intake.files_open import open_table
from app.intake.files_rejects import Rejects, path_beside
from app.reductions.ingest_file import Order, ingest_file
from methodologies import registry
from tests import city
from tests.city import NOON

BIKE = next(each.manifest for each in registry.shipped() if each.manifest.id == "bike_ride")
HEADER = ("ref", "subject", "started_at", "ended_at", "distance_km")
DEFECTS = (
    ("ok-1", "card-anna", "2026-02-20 08:00:00", "2026-02-20 08:15:00", "3,7"),
    ("ok-1", "card-anna", "2026-02-20 08:00:00", "2026-02-20 08:15:00", "3,7"),
    ("overlap", "card-anna", "2026-02-20 08:10:00", "2026-02-20 08:30:00", "3,0"),
    ("200-days", "card-anna", "2025-08-01 08:00:00", "2026-02-17 08:00:00", "3,0"),
    ("same-dock", "card-anna", "2026-02-20 09:00:00", "2026-02-20 09:15:00", "0"),
    ("year-14", "card-anna", "0014-02-20 09:00:00", "0014-02-20 09:15:00", "3"),
    ("open", "card-anna", "2026-02-20 10:00:00", "NA", "3"),
    ("negative", "card-anna", "2026-02-20 11:00:00", "2026-02-20 11:15:00", "-80995"),
    ("slow", "card-anna", "2026-02-20 12:00:00", "2026-02-20 14:00:00", "1"),
    ("stranger", "card-zoe", "2026-02-20 08:00:00", "2026-02-20 08:15:00", "3"),
    ("", "card-anna", "2026-02-20 15:00:00", "2026-02-20 15:15:00", "3"),
    ("no-card", "", "2026-02-20 15:00:00", "2026-02-20 15:15:00", "3"),
    ("backwards", "card-anna", "2026-02-20 16:15:00", "2026-02-20 16:00:00", "3"),
    ("far", "card-anna", "2026-02-20 17:00:00", "2026-02-20 17:15:00", "500"),
    ("words", "card-anna", "2026-02-20 18:00:00", "2026-02-20 18:15:00", "three"),
    ("future", "card-anna", "2027-02-20 18:00:00", "2027-02-20 18:15:00", "3"),
    ("no-day", "card-anna", "2026-02-30 18:00:00", "2026-02-30 18:15:00", "3"),
    ("ok-1", "card-bert", "2026-02-20 08:00:00", "2026-02-20 08:15:00", "3,7"),
    ("ok-2", "card-bert", "2026-02-20 19:00:00", "2026-02-20 19:15:00", "3,7"),
)
REASONS = (
    "credited", "seen_before", "overlap", "out_of_bounds", "too_short", "year_out_of_range",
    "missing_field", "out_of_bounds", "too_slow", "not_linked", "malformed", "malformed",
    "ends_before_start", "out_of_bounds", "not_a_number", "in_the_future", "not_a_time",
    "known_elsewhere", "credited",
)  # fmt: skip


@pytest.fixture
async def zhenjiang(committing):
    """A programme with two riders, on real commits."""
    async with committing.writing() as tx:
        await city.programme(tx)
        await city.citizen(tx, "anna")
        await city.citizen(tx, "bert")
    return committing


def write_csv(path, rows, header=HEADER):
    """A file with these rows."""
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])
    return path


async def order(database, path, **options):
    """What is to be ingested: columns are called as the fields are, local times, decimal commas."""
    async with database.reading() as tx:
        provider = await providers.by_code(tx, code="bikes")
    table = open_table(path)
    file_map = files_map.completed(
        files_map.by_name(table.columns, table.first, BIKE),
        BIKE, zone="Asia/Shanghai", time_format=None, comma=True, shift_days=0,
    )  # fmt: skip
    return Order(
        table=table,
        file_map=file_map,
        reader=RowReader(file_map, BIKE),
        provider_id=provider.id,
        methodology="bike_ride",
        subject_key=city.SUBJECT_KEY,
        rejects=Rejects(table, path_beside(path)),
        **options,
    )


async def ingest(database, path, *, report=lambda _: None, **options):
    """Ingest at noon; the end."""
    wanted = await order(database, path, **options)
    return await ingest_file(database, wanted, clock=lambda: NOON, report=report)


async def books(database):
    """All that may not differ between two ways of ingesting a file."""
    async with database.reading() as tx:
        rows = await tx.execute(
            "SELECT (SELECT count(*) FROM reduction), (SELECT sum(grams) FROM reduction),"
            " (SELECT sum(earned) FROM balance), (SELECT count(*) FROM entry),"
            " (SELECT count(*) FROM held_activity), (SELECT count(DISTINCT id) FROM reduction),"
            " (SELECT max(rows_done) FROM ingest_file)"
        )
        return await rows.fetchone()


def rejected(path):
    """The rejects file as dicts."""
    with path_beside(path).open(newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def many(count):
    """Rides of two citizens and a stranger, one after another, every seventh too short."""
    return [
        (f"r{n}", ("card-anna", "card-bert", "card-zoe")[n % 3], f"2026-02-{n // 24 % 20 + 5:02} {n % 24:02}:00:00",
         f"2026-02-{n // 24 % 20 + 5:02} {n % 24:02}:15:00", "0,2" if n % 7 == 0 else "2,5")
        for n in range(count)
    ]  # fmt: skip


async def test_every_defect_has_its_outcome_and_every_row_is_accounted_for(zhenjiang, tmp_path):
    """All the defects of real data in one file: nothing crashes, nothing is lost, reasons are said."""
    path = write_csv(tmp_path / "rides.csv", DEFECTS)
    done = await ingest(zhenjiang, path, duplicates_too=True)
    tally = done.progress.tally
    assert tally.records == len(DEFECTS)
    assert tally.credited + tally.duplicate + tally.held + tally.rejected == len(DEFECTS)
    assert (tally.credited, tally.held) == (2, 1)
    said = {int(row["puhui_row"]): row for row in rejected(path)}
    found = [
        said[n]["puhui_reason"] or said[n]["puhui_outcome"] if n in said else "credited"
        for n in range(1, len(DEFECTS) + 1)
    ]
    expected = [reason if reason != "known_elsewhere" else found[17] for reason in REASONS]
    assert found == expected
    assert said[18]["puhui_outcome"] in {"duplicate", "rejected"}


async def test_the_rejects_file_repeats_the_row_and_says_why(zhenjiang, tmp_path):
    """The provider's own columns, unchanged, then ours."""
    path = write_csv(tmp_path / "rides.csv", DEFECTS)
    await ingest(zhenjiang, path)
    row = next(each for each in rejected(path) if each["ref"] == "year-14")
    assert row["started_at"] == "0014-02-20 09:00:00"
    assert (row["puhui_row"], row["puhui_outcome"]) == ("6", "rejected")
    assert (row["puhui_reason"], row["puhui_field"]) == ("year_out_of_range", "data.started_at")
    assert not list(tmp_path.glob("*.unfinished"))


async def test_ragged_rows_stand_in_the_rejects_file_with_all_their_cells(zhenjiang, tmp_path):
    """A row with a cell too many loses nothing on its way back."""
    path = tmp_path / "rides.csv"
    path.write_bytes(
        b"ref;subject;started_at;ended_at;distance_km\na;b\nc;d;e;f;g;h\ni;\xff;k;l;m\n"
    )
    await ingest(zhenjiang, path)
    with path_beside(path).open(newline="", errors="surrogateescape") as file:
        short, long, bad = csv.DictReader(file, delimiter=";")
    assert (short["ref"], short["puhui_detail"]) == ("a", "2 cells instead of 5")
    assert long["puhui_detail"] == "6 cells instead of 5; beyond the last column: h"
    assert bad["subject"].encode(errors="surrogateescape") == b"\xff"


async def test_json_lines_and_parquet_come_back_in_their_own_format(zhenjiang, tmp_path):
    """The same rows in three formats: the same outcomes, and three rejects files."""
    rows = [dict(zip(HEADER, row, strict=True)) for row in DEFECTS]
    lines = tmp_path / "rides.jsonl"
    lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "not json\n")
    first = await ingest(zhenjiang, lines)
    assert first.progress.tally.records == len(DEFECTS) + 1
    back = [json.loads(line) for line in path_beside(lines).read_text().splitlines()]
    assert back[-1] == {"puhui_line": "not json", "puhui_row": 20, "puhui_outcome": "rejected",
                        "puhui_reason": "malformed", "puhui_field": "", "puhui_detail": "not a line of JSON"}  # fmt: skip
    assert {"ref", "puhui_reason"} <= back[0].keys()

    frame = tmp_path / "rides.parquet"
    pl.DataFrame(rows).write_parquet(frame)
    second = await ingest(zhenjiang, frame)
    assert second.progress.tally.credited == 0, "the same records, known already"
    found = pl.read_parquet(path_beside(frame))
    assert found.columns[:5] == list(HEADER)
    assert found["puhui_row"].to_list() == sorted(found["puhui_row"].to_list())
    first_time = [each["puhui_row"] for each in back[:-1] if each["puhui_outcome"] == "rejected"]
    assert first_time == found["puhui_row"].to_list()


async def test_a_finished_file_changes_nothing_unless_it_is_wanted_again(zhenjiang, tmp_path):
    """The second run says so; the third, wanted, finds nothing but duplicates."""
    path = write_csv(tmp_path / "rides.csv", many(50))
    first = await ingest(zhenjiang, path, chunk_rows=20)
    before, kept = await books(zhenjiang), path_beside(path).read_bytes()
    second = await ingest(zhenjiang, path, chunk_rows=20)
    assert (first.already, second.already) == (False, True)
    assert second.progress == first.progress
    assert (await books(zhenjiang), path_beside(path).read_bytes()) == (before, kept)
    third = await ingest(zhenjiang, path, again=True)
    assert third.progress.tally.credited == 0
    assert third.progress.tally.duplicate == first.progress.tally.credited
    assert (await books(zhenjiang))[:6] == before[:6]


class Pulled(Exception):
    """The plug, pulled."""


@pytest.mark.parametrize("fails_at", [1, 2, 4])
@pytest.mark.parametrize("when", ["before commit", "after commit"])
async def test_an_interrupted_file_ends_like_an_undisturbed_one(
    zhenjiang, tmp_path, fails_at, when
):
    """Stopped between any two steps of any chunk, then run again: same books, same rejects."""
    path = write_csv(tmp_path / "rides.csv", many(100))
    count = itertools.count(1)
    wanted = await order(zhenjiang, path, chunk_rows=20)
    note = wanted.rejects.note

    def pull(**facts):
        note(**facts)
        if when == "before commit" and next(count) == fails_at:
            raise Pulled

    def report(told):
        if when == "after commit" and next(count) == fails_at:
            raise Pulled

    wanted.rejects.note = pull
    with pytest.raises(Pulled):
        await ingest_file(zhenjiang, wanted, clock=lambda: NOON, report=report)
    journal = wanted.rejects.journal
    with journal.open("ab") as torn:
        torn.write(b'[99, "rejected", "to')
    done = await ingest(zhenjiang, path, chunk_rows=20)

    assert done.progress.tally.records == 100
    tally = done.progress.tally
    assert [int(row["puhui_row"]) for row in rejected(path)] == sorted(
        n + 1 for n in range(100) if n % 3 == 2 or n % 7 == 0
    )
    assert (tally.credited, tally.rejected) == (57, 43)
    found = await books(zhenjiang)
    assert (found[0], found[6]) == (57, 100)


async def test_two_processes_with_one_file_take_turns(zhenjiang, tmp_path):
    """Nothing doubled, nothing missed, and the rejects of both in one file, in order."""
    path = write_csv(tmp_path / "rides.csv", many(300))
    both = await asyncio.gather(*(ingest(zhenjiang, path, chunk_rows=10) for _ in range(2)))
    assert {each.progress.tally.records for each in both} == {300}
    found = await books(zhenjiang)
    assert found[6] == 300
    assert found[0] == both[0].progress.tally.credited
    numbers = [int(row["puhui_row"]) for row in rejected(path)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 300 - found[0]


async def test_the_answer_does_not_depend_on_the_size_of_chunks(zhenjiang, tmp_path):
    """A partner may choose any: decisions are taken in the order of the file."""
    path = write_csv(tmp_path / "rides.csv", many(60))
    first = await ingest(zhenjiang, path, chunk_rows=7)
    assert first.progress.tally.records == 60
    wanted = await order(zhenjiang, path, chunk_rows=60)
    assert (await ingest_file(zhenjiang, wanted, clock=utc_now, report=lambda _: None)).already


async def test_the_doubled_hour_has_its_own_reason(zhenjiang, tmp_path):
    """A reason found before judging survives to the rejects file."""
    path = write_csv(
        tmp_path / "rides.csv", [("d", "card-anna", "2025-10-26 02:30", "2025-10-26 02:45", "3")]
    )
    wanted = await order(zhenjiang, path)
    data = {
        name: Source(each.columns, zone="Europe/Oslo")
        for name, each in wanted.file_map.data.items()
    }
    file_map = FileMap(wanted.file_map.ref, wanted.file_map.subject, data)
    object.__setattr__(wanted, "reader", RowReader(file_map, BIKE))
    await ingest_file(zhenjiang, wanted, clock=lambda: NOON, report=lambda _: None)
    assert [row["puhui_reason"] for row in rejected(path)] == ["ambiguous_time"]
