"""A flash sale: thousands of citizens, few units, one opening bell, and what can go wrong in it.

Real servers in processes of their own, real PostgreSQL and Valkey; the crowd sits in processes
of its own. After each sale a judge compares the database with every answer that was given.

    python -m loadtests.flash_sale                                    5,000 citizens, 200 units
    python -m loadtests.flash_sale --citizens 50000 --units 1000      the documented run
    python -m loadtests.flash_sale --only plain crashed --json FILE

The exit code is 1 when a check does not hold.
"""

import logging
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess

import psycopg
import structlog

from app.rewards.tables import Mode
from loadtests import figures, sale_judge, sale_lines
from loadtests.sale_city import City, Sale, announce, city, left, serving
from loadtests.sale_crowd import Crowd, Heard, crowd
from loadtests.sale_faults import FAULTS, WATCHER, Fault
from loadtests.sale_outcome import Outcome, gate_counts, outcome_of, show
from loadtests.sale_people import habits

LINES = {"queue": Mode.queue, "lottery": Mode.lottery}
SALES = ["plain", "cancelled", *FAULTS, *LINES]
CANCEL_PERCENT = 20
POLL_MS = 20
LINE_PART = 10
"""Lines and draws are measured with a tenth of the citizens and units."""


@dataclass(frozen=True)
class Hall:
    """Where sales take place."""

    town: City
    people: Crowd
    port: int
    servers: Sequence[BaseProcess]
    callers: int

    @property
    def lead_s(self) -> float:
        """From publishing to the bell: the crowd has to arrive first."""
        return 1 + self.callers / 400


def first_come(
    hall: Hall, name: str, *, units: int, fault: Fault | None = None, cancel_percent: int = 0
) -> Outcome:
    """One sale in which whoever asks first is served first."""
    before, gate = sale_judge.books(hall.town), gate_counts(hall.town)
    sale = announce(hall.town, units=units, in_s=hall.lead_s)
    happened: list[str] = []
    facts = {"port": hall.port, "offer_id": sale.offer_id, "bell_s": sale.bell_s}
    jobs = hall.people.begin(callers=hall.callers, seed=7, cancel_percent=cancel_percent, **facts)
    if fault is not None:
        happened.append(_in_the_middle(hall, sale, jobs, fault))
    heard = [each for job in jobs for each in job.result()]
    rush = list(heard)
    if cancel_percent and (more := _encore(hall, sale, rush)):
        happened.append(
            f"{sum(x.status == 201 for x in more)} units that came back sold at the end"
        )
        heard += more
    checks = sale_judge.judge(hall.town, sale, heard, before)
    return outcome_of(hall.town, sale, rush, name=name, checks=checks, gate=gate, happened=happened)


def _in_the_middle(
    hall: Hall, sale: Sale, jobs: Sequence[Future[list[Heard]]], fault: Fault
) -> str:
    """Do it when half of the units are sold."""
    with psycopg.connect(
        hall.town.place.url, autocommit=True, application_name=WATCHER
    ) as connection:
        while (units := left(connection, sale)) > sale.units // 2:
            assert not all(job.done() for job in jobs), "the sale was over before its middle"
            time.sleep(POLL_MS / 1_000)
    return f"with {units} units left: {fault(hall.town, hall.servers)}"


def _encore(hall: Hall, sale: Sale, heard: Sequence[Heard]) -> list[Heard]:
    """Those who went away empty ask for what came back."""
    with psycopg.connect(
        hall.town.place.url, autocommit=True, application_name=WATCHER
    ) as connection:
        units = left(connection, sale)
    lucky = {each.n for each in heard if each.status == 201}
    empty = [n for n in hall.town.numbers if n not in lucky]
    if not units:
        return []
    jobs = hall.people.begin(
        callers=min(hall.callers, 100),
        seed=8,
        port=hall.port,
        offer_id=sale.offer_id,
        bell_s=time.time() + 0.5,
        encore=empty[: 2 * units + 200],
    )
    return [each for job in jobs for each in job.result()]


def line(hall: Hall, name: str, *, units: int, mode: Mode) -> Outcome:
    """One sale with a line or a draw, in which the worker grants what tickets wait for."""
    before, gate = sale_judge.books(hall.town), gate_counts(hall.town)
    window_s = 3 + hall.town.citizens / 150
    sale = announce(hall.town, units=units, in_s=hall.lead_s, mode=mode, draw_in_s=window_s)
    jobs = hall.people.begin(
        callers=hall.callers,
        seed=9,
        path=sale_lines.TICKETS,
        port=hall.port,
        offer_id=sale.offer_id,
        bell_s=sale.bell_s,
    )
    took_s = sale_lines.granted_while(hall.town, sale, jobs)
    heard = [each for job in jobs for each in job.result()]
    checks = sale_lines.judge(hall.town, sale, heard, before)
    happened = [f"everything granted {took_s - hall.lead_s:.1f} s after the bell"]
    return outcome_of(
        hall.town, sale, heard, name=name, checks=checks, gate=gate, happened=happened
    )


def run(
    *, citizens: int, units: int, processes: int, callers: int, names: Sequence[str]
) -> list[Outcome]:
    """Hold the sales, each with a fresh offer, before the same citizens."""
    found = []

    def hold(town: City, people: Crowd, names: Sequence[str], units: int, callers: int) -> None:
        people.sign(town.place.home, town.numbers)
        for name in names:
            # Fresh servers: a fault of one sale is not the next one's.
            with serving(town, processes=processes) as (port, servers):
                hall = Hall(town, people, port, servers, callers)
                if name in LINES:
                    outcome = line(hall, name, units=units, mode=LINES[name])
                else:
                    percent = CANCEL_PERCENT if name == "cancelled" else 0
                    outcome = first_come(
                        hall, name, units=units, fault=FAULTS.get(name), cancel_percent=percent
                    )
            show(outcome)
            found.append(outcome)

    large, small = [x for x in names if x not in LINES], [x for x in names if x in LINES]
    for chosen, part in ((large, 1), (small, LINE_PART)):
        if chosen:
            with city(max(citizens // part, 100)) as town, crowd(2) as people:
                print(f"habits: {habits(town.numbers)}")
                hold(town, people, chosen, max(units // part, 5), max(callers // part, 20))
    return found


def main() -> int:
    """Hold the sales, print, keep; 1 when a check does not hold."""
    parser = figures.arguments(__doc__)
    parser.add_argument("--citizens", type=int, default=5_000)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--processes", type=int, default=4, help="of the service")
    parser.add_argument(
        "--callers", type=int, help="connections; a fifth of the citizens, <= 2,000"
    )
    parser.add_argument("--only", nargs="+", choices=SALES, default=SALES)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    citizens, units = (200, 10) if asked.quick else (asked.citizens, asked.units)
    citizens, units = int(citizens * asked.scale), max(int(units * asked.scale), 1)
    callers = asked.callers or min(max(citizens // 5, 20), 2_000)
    found = run(
        citizens=citizens,
        units=units,
        processes=asked.processes,
        callers=callers,
        names=asked.only,
    )
    report = figures.Report("flash_sale", facts={"sales": [asdict(each) for each in found]})
    report.add(*(figures.Figure(f"sale {x.name}", "answers/s", [x.requests_per_s]) for x in found))
    report.finish(asked.json)
    broken = [each.name for each in found if not each.sound]
    print(f"\nbroken: {', '.join(broken)}" if broken else f"\nall {len(found)} sales are sound")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
