"""A city's day as files: events a second, bytes an event, and whether it grows slower.

Every resident does four things (two rides, a metro trip, a charge); each company's file is in
the order of the day. Several processes ingest at once, as `puhui ingest` does, each its share of
the cards. Bytes are what the tables and all their indexes hold more on disk than before.
"""

import asyncio
import csv
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from app import memory
from app.catalogue.versions import Catalogue
from app.clock import utc_now
from app.database import database_for
from app.intake import files_map, providers
from app.intake.files_fields import RowReader
from app.intake.files_open import open_table
from app.keys import keys_for
from app.reductions.ingest_file import Order, Report, ingest_file
from app.settings import DatabaseSettings, Settings
from loadtests import figures
from loadtests.citizens import PROVIDER
from loadtests.stage import Stage, quiet, stage
from loadtests.town import act, people

EVENTS = 300_000
TURNS = {"bike_ride": (0, 2), "transit_rail": (1,), "ev_charge": (3,)}
BYTES_MAX = 450
STEADY = 0.9
RATE_GOAL = 21_000
COUNTED = ("reduction", "entry", "balance", "lot", "evidence", "claim", "claim_subject",
           "held_activity", "natural_key", "input_shape", "batch", "outbox", "cap_use",
           "ingest_file")  # fmt: skip
SIZES = """
SELECT parent, sum(pg_total_relation_size(part))::bigint
  FROM (SELECT t AS parent, t::regclass AS part FROM unnest(%(tables)s::text[]) AS t
        UNION ALL
        SELECT t, i.inhrelid::regclass FROM unnest(%(tables)s::text[]) AS t
          JOIN pg_inherits i ON i.inhparent = t::regclass) AS parts
 GROUP BY parent
"""
Progress = list[tuple[float, int]]


def write_files(folder: Path, midnight: datetime, whose: range) -> dict[str, Path]:
    """One process's files: the acts of its residents, in the order of the day."""
    found = {}
    for methodology, turns in TURNS.items():
        path = found[methodology] = folder / f"{methodology}-{whose.start}.csv"
        order = sorted(whose, key=lambda who: who % 3_600)  # as `act` spreads them over an hour
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            head: list[str] = []
            for turn in turns:
                for who in order:
                    record = act(midnight, turn, who)
                    if not head:
                        head = ["ref", "subject", *record["data"]]
                        writer.writerow(head)
                    writer.writerow([record["ref"], record["subject"], *record["data"].values()])
    return found


def work(urls: tuple[str, str], files: dict[str, Path], told: Any) -> None:
    """One process: its files, one after another."""
    url, home = urls
    quiet(home, "ingest")
    memory.settle()
    told.put(asyncio.run(_ingest(url, Path(home), files)))


async def _ingest(url: str, home: Path, files: dict[str, Path]) -> Progress:
    done: Progress = []
    database = database_for(DatabaseSettings(pool_size=2, read_pool_size=2), url)
    await database.open()

    def report(each: Report) -> None:
        done.append((time.monotonic(), each.rows))

    async with database.reading() as tx:
        versions = await Catalogue().versions(tx)
        provider = await providers.by_code(tx, code=PROVIDER)
    for methodology, path in files.items():
        manifest = versions.by_methodology[methodology][0].methodology.manifest
        table = open_table(path)
        file_map = files_map.by_name(table.columns, table.first, manifest)
        file_map = files_map.completed(
            file_map, manifest, zone=None, time_format=None, comma=False, shift_days=0
        )
        order = Order(
            table=table,
            file_map=file_map,
            reader=RowReader(file_map, manifest),
            provider_id=provider.id,
            methodology=methodology,
            subject_key=keys_for(Settings().keys, home).subject,
            rejects=None,
        )
        finished = await ingest_file(database, order, clock=utc_now, report=report)
        tally = finished.progress.tally
        assert tally.credited == tally.records, f"{methodology}: {tally}"
    await database.close()
    return done


def sizes(url: str) -> tuple[dict[str, int], int]:
    """Bytes of each table with its indexes, and how much write-ahead log there has been."""
    with psycopg.connect(url, autocommit=True) as connection:
        there = [
            table
            for table in COUNTED
            if (connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() or [None])[0]
        ]
        rows = connection.execute(SIZES, {"tables": there}).fetchall()
        wal = connection.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchone()
        assert wal is not None
        return dict(rows), int(wal[0])


def steadiness(done: Progress, events: int) -> float:
    """The rate of the last million events (or last fifth) over that of the first."""
    piece = min(1_000_000, events // 5)
    done = sorted(done)
    return _rate(done[::-1], piece) / _rate(done, piece)


def _rate(done: Sequence[tuple[float, int]], piece: int) -> float:
    rows, began = 0, done[0][0]
    for at, each in done:
        rows += each
        if rows >= piece:
            return rows / max(abs(at - began), 1e-9)
    return rows / max(abs(done[-1][0] - began), 1e-9)


def measure(place: Stage, asked: Any) -> tuple[list[figures.Figure], dict[str, Any]]:
    """Ingest the day with one process, and another day with several."""
    events = int(EVENTS * (0.05 if asked.quick else asked.scale))
    residents = people(place, max(events // 4, asked.workers))
    zone = ZoneInfo("Asia/Shanghai")
    midnight = (datetime.now(UTC).astimezone(zone) - timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    found, facts = [], {}
    for day, workers in enumerate(sorted({1, asked.workers})):
        cut = [residents * n // workers for n in range(workers + 1)]
        files = [
            write_files(place.home, midnight - timedelta(days=day), range(a, b))
            for a, b in pairwise(cut)
        ]
        before, wal_before = sizes(place.url)
        rates, done = _run(place, files)
        after, wal_after = sizes(place.url)
        count = sum(rows for _, rows in done)
        bytes_of = {name: (after[name] - before[name]) / count for name in after}
        total = sum(bytes_of.values())
        who = f"{workers} process{'es' if workers > 1 else ''}"
        steady = steadiness(done, count)
        found += [
            figures.Figure(f"file ingest, {who}", "events/s", [rates], note=f"goal {RATE_GOAL:,}"),
            figures.Figure(f"bytes an event, {who}", "bytes", [total], note=_parts(bytes_of)),
            figures.Figure(f"log an event, {who}", "bytes", [(wal_after - wal_before) / count]),
            figures.Figure(
                f"last million / first, {who}", "ratio", [steady], [1.0], "1", promise=STEADY
            ),
        ]
        facts[who] = {
            "events": count,
            "events_per_s": rates,
            "bytes_per_event": bytes_of,
            "bytes_total": total,
            "bytes_kept": total <= BYTES_MAX,
            "median_chunk": statistics.median(rows for _, rows in done if rows),
        }
    return found, facts


def _parts(bytes_of: dict[str, float]) -> str:
    parts = sorted(bytes_of.items(), key=lambda each: -each[1])
    return f"at most {BYTES_MAX}; " + ", ".join(f"{n} {b:.0f}" for n, b in parts if b >= 1)


def _run(place: Stage, files: Sequence[dict[str, Path]]) -> tuple[float, Progress]:
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    urls = (place.pair.app_url, str(place.home))
    running = [context.Process(target=work, args=(urls, each, told)) for each in files]
    for each in running:
        each.start()
    done: Progress = []
    for _ in running:
        done += told.get(timeout=24 * 3_600)
    for each in running:
        each.join()
    began, ended = min(at for at, _ in done), max(at for at, _ in done)
    first = min(done)[1]
    return (sum(rows for _, rows in done) - first) / (ended - began), done


def main() -> None:
    """Start, measure, print."""
    parser = figures.arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes that ingest at once")
    asked = parser.parse_args()
    report = figures.Report("ingest")
    with stage() as place:
        report.facts = {"machine": figures.machine()}
        report.facts["postgres"] = figures.postgres_facts(place.url)
        found, facts = measure(place, asked)
        report.add(*found)
        report.facts |= facts
    report.finish(asked.json)


if __name__ == "__main__":
    main()
