"""A city's day as files: events a second, bytes an event, and whether it grows slower.

Every resident does four things (two rides, a metro trip, a charge); each company's file is in
the order of the day. A file is ingested as `puhui ingest --workers N` does it. Bytes are what the
tables and each of their indexes hold more on disk than before. Ctrl-C ends the run and tells what
there is; ``--json`` is written anew every quarter of a million events.
"""

import asyncio
import csv
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
from loadtests.ingest_sizes import Sizes, sizes
from loadtests.running import backends, seconds_of
from loadtests.stage import Stage, stage
from loadtests.town import act, people

EVENTS = 300_000
TURNS = {"bike_ride": (0, 2), "transit_rail": (1,), "ev_charge": (3,)}
BYTES_MAX = 450
STEADY = 0.9
RATE_GOAL = 21_000
SAMPLED_EVERY = 5_000
TOLD_EVERY = 100_000
KEPT_EVERY = 250_000


@dataclass
class Progress:
    """When each chunk came to its end, how many rows it had, and what PostgreSQL spent until then.

    ``postgres_s`` are its backends' processor seconds by process, ``spent`` their sums by rows.
    """

    chunks: list[tuple[float, int]] = field(default_factory=list)
    postgres_s: dict[int, float] = field(default_factory=dict)
    spent: list[tuple[int, float]] = field(default_factory=list)
    rows: int = 0

    def add(self, rows: int) -> None:
        """One more chunk."""
        self.chunks.append((time.monotonic(), rows))
        self.rows += rows

    @property
    def rate(self) -> float:
        """Events a second; the first chunk only starts the clock."""
        (began, first), (ended, _) = self.chunks[0], self.chunks[-1]
        return (self.rows - first) / max(ended - began, 1e-9)


def write_files(folder: Path, midnight: datetime, residents: int) -> dict[str, Path]:
    """The day's files: the acts of all residents, in the order of the day."""
    found = {}
    for methodology, turns in TURNS.items():
        path = found[methodology] = folder / f"{methodology}-{midnight:%y%m%d}.csv"
        order = sorted(range(residents), key=lambda who: who % 3_600)  # as `act` spreads them
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


async def ingest(
    place: Stage, files: dict[str, Path], workers: int, done: Progress, told: Callable[[], None]
) -> None:
    """Every file, one after another."""
    memory.settle()
    settings = DatabaseSettings(pool_size=3, read_pool_size=2)
    database = database_for(settings, place.pair.app_url)
    await database.open()

    def report(each: Report) -> None:
        if each.rows:
            done.add(each.rows)
            told()

    try:
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
                subject_key=keys_for(Settings().keys, place.home).subject,
                rejects=None,
                workers=workers,
                settings=settings,
                url=place.pair.app_url,
            )
            finished = await ingest_file(database, order, clock=utc_now, report=report)
            tally = finished.progress.tally
            assert tally.credited == tally.records, f"{methodology}: {tally}"
    finally:
        await database.close()


def steadiness(chunks: Sequence[tuple[float, int]], events: int) -> float:
    """The rate of the last million events (or last fifth) over that of the first."""
    rows = accumulate(each for _, each in chunks)
    return 1 / dearer(list(zip(rows, (at for at, _ in chunks), strict=True)), events)


def dearer(spent: Sequence[tuple[int, float]], events: int) -> float:
    """What an event of the last million (or last fifth) took over one of the first.

    Args:
        spent: seconds since some moment, each after so many events.
        events: how many there are in all.

    """
    piece = min(1_000_000, events // 5)
    return _each(spent[::-1], piece) / _each(spent, piece)


def _each(spent: Sequence[tuple[int, float]], piece: int) -> float:
    first, began = spent[0]
    far = next((each for each in spent if abs(each[0] - first) >= piece), spent[-1])
    return max(abs(far[1] - began), 1e-9) / max(abs(far[0] - first), 1)


class Day:
    """One day of the city, ingested by so many processes."""

    def __init__(self, place: Stage, workers: int, keep: Callable[["Day"], None]) -> None:
        self.place = place
        self.workers = workers
        self.done = Progress()
        self.interrupted = False
        self._keep = keep
        self._before = sizes(place.url)
        self._ours_s = _ours_s()

    @property
    def who(self) -> str:
        """By how many processes."""
        return f"{self.workers} process{'es' if self.workers > 1 else ''}"

    def run(self, files: dict[str, Path]) -> None:
        """Ingest the files; Ctrl-C ends it early."""
        try:
            asyncio.run(ingest(self.place, files, self.workers, self.done, self._told))
        except KeyboardInterrupt:
            self.interrupted = True
            print("interrupted; what was done is told", flush=True)

    def _told(self) -> None:
        rows, last = self.done.rows, self.done.chunks[-1][1]
        if rows // SAMPLED_EVERY != (rows - last) // SAMPLED_EVERY:
            self.done.postgres_s |= seconds_of(backends(self.place.url))
            self.done.spent.append((rows, sum(self.done.postgres_s.values())))
        if rows // TOLD_EVERY != (rows - last) // TOLD_EVERY:
            print(f"  {self.who}: {rows:,} events, {self.done.rate:,.0f} a second", flush=True)
        if rows // KEPT_EVERY != (rows - last) // KEPT_EVERY:
            self._keep(self)

    def figures(self) -> list[figures.Figure]:
        """Rates, bytes, processor time."""
        found, count, who = self.grown(), self.done.rows, self.who
        steady = steadiness(self.done.chunks, count)
        postgres_s = sum(self.done.postgres_s.values())
        return [
            figures.Figure(
                f"file ingest, {who}", "events/s", [self.done.rate], note=f"goal {RATE_GOAL:,}"
            ),
            figures.Figure(
                f"bytes an event, {who}", "bytes", [found.total / count], note=_parts(found, count)
            ),
            figures.Figure(f"log an event, {who}", "bytes", [found.wal / count]),
            figures.Figure(
                f"last million / first, {who}", "ratio", [steady], [1.0], "1", promise=STEADY
            ),
            figures.Figure(
                f"PostgreSQL's cost of the last million / first, {who}", "ratio",
                [dearer(self.done.spent, count)], [1.0], "1",
                note="processor time: it does not see that the machine was slower",
            ),
            figures.Figure(
                f"processor, our processes, {who}", "s per 1,000 events",
                [(_ours_s() - self._ours_s) * 1_000 / count],
            ),
            figures.Figure(
                f"processor, PostgreSQL's backends, {who}", "s per 1,000 events",
                [postgres_s * 1_000 / count],
            ),
        ]  # fmt: skip

    def grown(self) -> Sizes:
        """What the tables and the log have grown by."""
        return sizes(self.place.url).less(self._before)

    def facts(self) -> dict[str, Any]:
        """For the file."""
        found, count = self.grown(), self.done.rows
        return {
            "events": count,
            "interrupted": self.interrupted,
            "events_per_s": self.done.rate,
            "bytes_per_event": {name: each / count for name, each in found.parts.items()},
            "bytes_total": found.total / count,
            "bytes_kept": found.total / count <= BYTES_MAX,
            "median_chunk": statistics.median(rows for _, rows in self.done.chunks),
        }


def _ours_s() -> float:
    """Processor seconds of this process and of the children it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _parts(found: Sizes, count: int) -> str:
    parts = sorted(found.parts.items(), key=lambda each: -each[1])
    said = ", ".join(f"{name} {each / count:.0f}" for name, each in parts if each >= count)
    return f"at most {BYTES_MAX}; {said}"


def measure(place: Stage, asked: Any, report: figures.Report) -> None:
    """Ingest a day with one process, and another day with several; or the one that is asked for."""
    events = int((asked.events or EVENTS) * (0.05 if asked.quick else asked.scale))
    residents = people(place, max(events // 4, asked.workers))
    midnight = (datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))).replace(
        hour=0, minute=0, second=0, microsecond=0
    ) - timedelta(days=1)
    told = list(report.figures)
    turns = [asked.workers] if asked.only_workers else sorted({1, asked.workers})
    for back, workers in enumerate(turns):
        files = write_files(place.home, midnight - timedelta(days=back), residents)

        day = Day(place, workers, partial(_keep, report, told, asked.json))
        day.run(files)
        _keep(report, told, asked.json, day)
        told = list(report.figures)
        if day.interrupted:
            break


def _keep(report: figures.Report, told: list[Any], path: Path | None, day: Day) -> None:
    report.figures = told + [each.told() for each in day.figures()]
    report.facts[day.who] = day.facts()
    report.write(path)


def main() -> None:
    """Start, measure, print."""
    parser = figures.arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2, help="processes that ingest at once")
    parser.add_argument("--only-workers", action="store_true", help="no day with one process")
    parser.add_argument("--events", type=int, help=f"of a day, at scale 1; {EVENTS:,} unless told")
    asked = parser.parse_args()
    report = figures.Report("ingest")
    with stage() as place:
        report.facts = {"machine": figures.machine()}
        report.facts["postgres"] = figures.postgres_facts(place.url)
        measure(place, asked, report)
    report.finish(asked.json)


if __name__ == "__main__":
    main()
