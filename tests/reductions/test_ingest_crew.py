"""One file, several processes: the same totals and rejects as one, whoever is killed and when."""

import dataclasses
import multiprocessing
import os
import signal

import pytest

from app.catalogue.versions import Catalogue
from app.database import database_for
from app.intake import files
from app.intake.files_rejects import path_beside
from app.intake.files_table import digest_of
from app.intake.records import Record
from app.reductions import ingest_crew
from app.reductions import ingest_file as ingest_file_module
from app.reductions.ingest_crew import Busy, at_the_file
from app.reductions.ingest_cut import ties
from app.reductions.ingest_file import ingest_file
from app.settings import DatabaseSettings
from tests import city
from tests.city import NOON
from tests.conftest import _copy
from tests.reductions.test_ingest import HEADER, books, order, write_csv

PEOPLE = 24
ROWS = 900


def rows():
    """Acts in an order that matters: repeats, overlaps, caps, strangers, and shared numbers."""
    found = []
    for n in range(ROWS):
        who = (n * 7) % (PEOPLE + 1)
        day, hour, minute = n // 150 + 5, n % 9 + 8, 0 if n % 5 else 10
        ref = f"r{n - 2}" if n % 131 == 130 else f"r{n}"  # somebody has had this number
        found.append(
            (
                ref,
                f"card-{who}",
                f"2026-02-{day:02} {hour:02}:{minute:02}:00",
                f"2026-02-{day:02} {hour:02}:{minute + 15:02}:00",
                "0,2" if n % 17 == 0 else "six" if n % 23 == 0 else "4,5",
            )
        )
    return found


async def populate(database):
    """A programme, and everybody but the last with a card."""
    async with database.writing() as tx:
        await city.programme(tx)
        for n in range(PEOPLE):
            await city.citizen(tx, str(n))


async def everything(database):
    """Per citizen and per act what may not differ, besides the totals."""
    async with database.reading() as tx:
        found = await tx.execute(
            "SELECT (SELECT array_agg((r.id, c.nickname, r.grams, r.points)::text ORDER BY r.id)"
            "          FROM reduction r JOIN citizen c USING (account_id)),"
            " (SELECT array_agg((c.nickname, b.earned, b.last_seq)::text ORDER BY c.nickname)"
            "    FROM balance b JOIN citizen c USING (account_id)),"
            " (SELECT (rows_done, credited, duplicate, held, rejected, grams, points)::text"
            "    FROM ingest_file), (SELECT count(*) FROM lane_answer)"
        )
        return await found.fetchone(), await books(database)


async def run(database, url, path, workers, *, chunk=60, report=lambda _: None):
    """Ingest at noon with so many processes."""
    wanted = await order(database, path, duplicates_too=True, chunk_rows=chunk)
    wanted = dataclasses.replace(wanted, workers=workers, settings=DatabaseSettings(), url=url)
    return await ingest_file(database, wanted, clock=lambda: NOON, report=report)


@pytest.fixture
async def alone(servers, template, tmp_path):
    """What one process comes to: the books, and the rejects file's bytes."""
    copies = _copy(servers, template)
    urls = next(copies)
    database = database_for(DatabaseSettings(), urls.app)
    await database.open()
    await populate(database)
    path = write_csv(tmp_path / "alone.csv", rows(), HEADER)
    await run(database, urls.app, path, 1)
    yield await everything(database), path_beside(path).read_bytes()
    await database.close()
    next(copies, None)


async def test_two_processes_end_like_one_though_one_is_killed(
    committing, fresh_urls, alone, tmp_path, monkeypatch
):
    """Outcomes, numbers of entries and rejects are the same, and so they are after `kill -9`."""
    await populate(committing)
    path = write_csv(tmp_path / "alone.csv", rows(), HEADER)
    killed, parts, asked = [], [], []
    real = ingest_crew._asked
    monkeypatch.setattr(
        ingest_crew, "_asked", lambda pipe, part: asked.append(part) or real(pipe, part)
    )

    def report(each):
        mates = multiprocessing.active_children()
        parts.append(len(mates))
        if each.progress.rows_done >= 240 and not killed:
            killed.append(mates[0].pid)
            os.kill(mates[0].pid, signal.SIGKILL)

    await run(committing, fresh_urls.app, path, 2, report=report)
    assert killed
    assert max(parts) == 2
    assert len(asked) > 12, "most chunks are two parts"
    assert await everything(committing) == alone[0]
    assert path_beside(path).read_bytes() == alone[1]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("workers", "chunk"), [(1, 45), (3, 60)])
async def test_parts_of_a_chunk_that_was_never_counted_are_found(
    committing, fresh_urls, alone, tmp_path, monkeypatch, workers, chunk
):
    """The command dies when its parts are durable; another number of processes goes on."""
    await populate(committing)
    path = write_csv(tmp_path / "alone.csv", rows(), HEADER)
    counted = 0
    advance = files.advance

    async def dies(tx, **said):
        nonlocal counted
        counted += 1
        if counted == 4:
            raise KeyError("killed")
        return await advance(tx, **said)

    with monkeypatch.context() as patch:
        patch.setattr(files, "advance", dies)
        with pytest.raises(KeyError, match="killed"):
            await run(committing, fresh_urls.app, path, 2)
    async with committing.reading() as tx:
        row = await (await tx.execute("SELECT count(*) FROM lane_answer")).fetchone()
    assert row[0] == 2, "both parts are durable, and the chunk is not"
    await run(committing, fresh_urls.app, path, workers, chunk=chunk)
    assert await everything(committing) == alone[0]
    assert path_beside(path).read_bytes() == alone[1]


async def test_a_crew_has_the_file_for_itself(committing, fresh_urls, tmp_path):
    """While somebody else is at it, a crew does not begin, and says so."""
    await populate(committing)
    path = write_csv(tmp_path / "alone.csv", rows()[:10], HEADER)
    wanted = await order(committing, path)
    key = ingest_file_module.key_of(wanted, digest_of(path), 0)
    async with at_the_file(committing, key=key, alone=False):
        few = DatabaseSettings(lock_timeout_ms=200)
        hurried = database_for(few, fresh_urls.app)
        await hurried.open()
        with pytest.raises(Busy):
            await run(hurried, fresh_urls.app, path, 2)
        await hurried.close()


async def test_what_two_citizens_may_share_ties_their_records(committing):
    """Numbers, vehicles and orders tie, however they are written; a citizen's own trip does not."""
    async with committing.writing() as tx:
        await city.programme(tx)
        versions = await Catalogue().versions(tx)

    def tied(one, other, methodology="carpool"):
        records = [
            Record(n, f"r{n}", "card", methodology, data) for n, data in enumerate((one, other))
        ]
        return bool(ties(records[0], versions) & ties(records[1], versions))

    shared = set(versions.by_methodology)
    assert {"bike_ride", "ev_charge"} <= shared
    assert tied({"order_no": "a-007"}, {"order_no": " A 007"}, "bike_ride")
    assert tied({"vehicle_id": 7}, {"vehicle_id": "7"}, "ev_charge")
    assert not tied({"order_no": "a-007"}, {"order_no": "a-008"}, "bike_ride")
    assert not tied({"distance_km": "3"}, {"distance_km": "3"}, "bike_ride")
    same = [Record(n, "one", "card", "bike_ride", {}) for n in range(2)]
    assert ties(same[0], versions) & ties(same[1], versions)
