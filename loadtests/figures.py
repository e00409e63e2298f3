"""What a program measured: figures of two sides, told as a table and kept as JSON.

A figure compares our side with another one. Both are measured in turns in the same run; the
ratio is the median over the rounds of (our round / the other side's round beside it), so that a
noisy minute, which hits both, does not decide. The spread is the least and the greatest of them.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

ROUNDS = 5
SYNCS = 200
WATCHED = [
    "server_version",
    "shared_buffers",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "wal_compression",
    "max_wal_size",
    "checkpoint_timeout",
    "commit_delay",
    "jit",
]


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Args:
        name: what was measured.
        unit: of both sides.
        ours: our side, round by round.
        other: the other side in the same rounds; empty where there is none.
        other_name: what the other side is.
        promise: the least ratio that we promise; None is no promise.
        note: what a reader must know, such as why a side is missing.

    """

    name: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float] = ()
    other_name: str = ""
    promise: float | None = None
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        """Ours over the other side's, round by round."""
        return [mine / other for mine, other in zip(self.ours, self.other, strict=False) if other]

    def told(self) -> dict[str, Any]:
        """The figure as plain JSON."""
        ratios = self.ratios
        ratio = statistics.median(ratios) if ratios else None
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": middle(self.ours),
            "other": middle(self.other),
            "other_name": self.other_name,
            "ratio": ratio,
            "spread": [min(ratios), max(ratios)] if ratios else None,
            "promise": self.promise,
            "kept": None if self.promise is None or ratio is None else ratio >= self.promise,
            "rounds": {"ours": list(self.ours), "other": list(self.other)},
            "note": self.note,
        }


def middle(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return statistics.median(values) if values else None


def interleaved(
    sides: Mapping[str, Callable[[], float]], *, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Run the sides in turns, the first to go changing each round; what each gave, by round.

    A first turn of everything is thrown away: caches are cold and plans are not made.
    """
    names = list(sides)
    found: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names if turn % 2 else reversed(names):
            value = sides[name]()
            if turn:
                found[name].append(value)
    return found


@dataclass
class Report:
    """All that one program has to tell."""

    program: str
    figures: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, *figures: Figure) -> None:
        """Keep figures."""
        self.figures += [each.told() for each in figures]

    def finish(self, path: Path | None) -> None:
        """Print the table; write the file if there is one to write."""
        print(f"\n{self.program}")
        print(table(self.figures))
        self.write(path)

    def write(self, path: Path | None) -> None:
        """Keep what there is so far."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self.__dict__, indent=1, ensure_ascii=False) + "\n")


HEADS = ("figure", "ours", "other side", "unit", "ratio", "spread", "promise", "kept")


def table(figures: Sequence[Mapping[str, Any]]) -> str:
    """Figures, one a line, in columns; notes stand below."""
    rows = [HEADS]
    notes = []
    for each in figures:
        other = number(each.get("other"))
        if each.get("other_name"):
            other = f"{other} {each['other_name']}"
        spread = each.get("spread")
        kept = {True: "yes", False: "NO", None: "-"}[each.get("kept")]
        rows.append(
            (
                str(each["name"]),
                number(each.get("ours")),
                other,
                str(each.get("unit", "")),
                number(each.get("ratio")),
                f"{number(spread[0])}..{number(spread[1])}" if spread else "-",
                "-" if each.get("promise") is None else f">= {each['promise']}",
                kept,
            )
        )
        if each.get("note"):
            notes.append(f"  {each['name']}: {each['note']}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in [*lines, *notes])


def number(value: Any) -> str:
    """Three digits that matter, or all of a large number."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def arguments(doc: str | None, *, scale: float = 1) -> argparse.ArgumentParser:
    """The switches that every program has."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="a file to keep the numbers in")
    parser.add_argument("--scale", type=float, default=scale, help="how much of everything")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each side runs")
    parser.add_argument("--quick", action="store_true", help="small and fast, to see that it runs")
    return parser


def machine() -> dict[str, Any]:
    """The machine, and what a synchronous write costs on its disk."""
    model = platform.processor()
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": model,
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "memory": " ".join(memory.split()[1:]),
        "system": platform.platform(),
        "python": platform.python_version(),
        "fdatasync_us": fdatasync_us(),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def fdatasync_us() -> float:
    """The median time, in microseconds, to put 8 kB on the disk for good; 60 kHz is no disk."""
    taken = []
    with tempfile.TemporaryFile(dir=os.environ.get("PUHUI_BENCH_HOME")) as file:
        for _ in range(SYNCS):
            os.pwrite(file.fileno(), b"x" * 8_192, 0)
            begin = time.perf_counter_ns()
            getattr(os, "fdatasync", os.fsync)(file.fileno())
            taken.append((time.perf_counter_ns() - begin) / 1_000)
    return statistics.median(taken)


def postgres_facts(url: str) -> dict[str, str]:
    """The settings of PostgreSQL that decide a figure."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)", (WATCHED,)
        )
        return dict(rows.fetchall())
