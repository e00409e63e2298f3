"""Simulated metro rides over the real distances of Beijing's stations; always the same ones.

No rides of real riders are published, so these are made up: a card has a home and a place of
work, commutes on working days and sometimes goes out. ``python -m app.demo.rail`` writes
``data/rail_rides_simulated.csv.gz`` again, row for row.
"""

import csv
import gzip
import heapq
import io
import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

DATA = Path(__file__).parent / "data"
SEED = 3211
CARDS = 300
FIRST_DAY = datetime(2026, 3, 2)  # noqa: DTZ001 - a local time of the city, as gates write it
DAYS = 12
RIDES = 5_000
FARTHEST_M = 45_000
HEADER = ("ride_no", "card_no", "tap_in", "tap_out", "entry_station", "exit_station", "distance_m")

Graph = dict[str, dict[str, int]]
Plan = tuple[datetime, str, str, str]


def network() -> Graph:
    """Metres between neighbouring stations; a name on two lines is one station."""
    lines: dict[str, list[tuple[str, int, bool]]] = {}
    with gzip.open(DATA / "beijing_stations.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            metres = int(row["dist_m_from_previous"] or 0)
            lines.setdefault(row["line"], []).append((row["station"], metres, row["loop"] == "1"))
    graph: Graph = {}
    for stops in lines.values():
        pairs = list(itertools.pairwise(stops))
        if stops[0][2]:
            pairs.append((stops[-1], stops[0]))  # a loop's first row holds the closing segment
        for (before, _, _), (station, metres, _) in pairs:
            near = graph.setdefault(before, {})
            near[station] = min(metres, near.get(station, metres))
            graph.setdefault(station, {})[before] = near[station]
    return graph


def metres_from(graph: Graph, start: str) -> dict[str, int]:
    """The shortest way along the tracks to every station (Dijkstra)."""
    found: dict[str, int] = {}
    ahead = [(0, start)]
    while ahead:
        metres, station = heapq.heappop(ahead)
        if station in found:
            continue
        found[station] = metres
        for near, more in graph[station].items():
            if near not in found:
                heapq.heappush(ahead, (metres + more, near))
    return found


def rides() -> Iterator[tuple[str, ...]]:
    """Rides in the order of their taps; a few are torn, doubled or end where they began."""
    dice = random.Random(SEED)  # noqa: S311 - made-up rides, not secrets
    graph = network()
    names = sorted(graph)
    ways: dict[str, dict[str, int]] = {}
    planned: list[Plan] = []
    for number in range(1, CARDS + 1):
        home, work, other = dice.sample(names, 3)
        for day in range(DAYS):
            morning = FIRST_DAY + timedelta(days=day)
            if morning.weekday() < 5:
                planned.append((_at(dice, morning, 7), f"Z{number:05}", home, work))
                planned.append((_at(dice, morning, 17), f"Z{number:05}", work, home))
            elif dice.random() * 2 < 1:
                planned.append((_at(dice, morning, 10), f"Z{number:05}", home, other))
    made: list[tuple[str, ...]] = []
    for plan in sorted(planned):
        _, _, entry, leave = plan
        metres = ways.setdefault(entry, metres_from(graph, entry)).get(leave, FARTHEST_M + 1)
        if metres > FARTHEST_M:
            continue
        made.append(_ride(dice, plan, len(made) + 1, metres))
        if dice.randrange(200) == 0:
            made.append(made[-1])  # sent twice
    yield from made[:RIDES]


def _at(dice: random.Random, morning: datetime, hour: int) -> datetime:
    return morning + timedelta(hours=hour, seconds=dice.randrange(7_200))


def _ride(dice: random.Random, plan: Plan, number: int, metres: int) -> tuple[str, ...]:
    """One row of the file; now and then a tap-out is missing, or at the station of the tap-in."""
    tap_in, card, entry, leave = plan
    seconds = metres * 3_600 // 34_000 + dice.randrange(240, 540)
    luck = dice.randrange(400)
    tap_out = "" if luck == 0 else str(tap_in + timedelta(seconds=seconds))
    if luck in {1, 2, 3}:
        leave, metres = entry, 0
    return (f"S{number:06}", card, str(tap_in), tap_out, entry, leave, str(metres))


def write(path: Path) -> None:
    """The file, packed without a time stamp, so that it is the same on every machine."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rides())
    path.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


if __name__ == "__main__":
    write(DATA / "rail_rides_simulated.csv.gz")
