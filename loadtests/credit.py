"""Crediting over HTTP in batches of 1,000, beside one statement that writes the same rows.

Our side is the whole service: a provider's token, the rate limit in Valkey, exact parsing,
consent, rules, duplicates, overlaps, caps, factors, evidence, reductions, points. The other side
has none of it: it is handed the rows that a batch came to, packed as binary arrays beforehand,
and writes them by one hand-written INSERT .. SELECT unnest, into an equal database. Nothing is
left between its figure and the database's own speed.

Both clients cost little: requests and rows are made beforehand, connections are kept, and there
are as many writers on either side. What each part took of the processor is told beside the rates.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.people.tokens import Audience
from loadtests import figures
from loadtests.calling import Caller, caller, request
from loadtests.citizens import PROVIDER
from loadtests.credit_side import (
    Inserted,
    differences,
    equal_database,
    inserted,
    last_block,
    written,
)
from loadtests.running import Service, backends, seconds_of, service, spent
from loadtests.stage import Stage, stage
from loadtests.town import SCENARIOS, act, people

PROMISE = 0.5
BATCH = 1_000
CALLERS = 4


@dataclass(frozen=True)
class Costs:
    """Processor seconds for 1,000 records, by whose they are; PostgreSQL's are its backends'."""

    server: float
    postgres: float
    client: float


class Source:
    """Batches of a city's day, never the same act twice."""

    def __init__(self, residents: int) -> None:
        self._residents = residents
        self._n = 0
        zone = ZoneInfo("Asia/Shanghai")
        today = datetime.now(UTC).astimezone(zone)
        day = today - timedelta(days=1)
        self._midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)

    def batch(self) -> bytes:
        """The next thousand acts: each resident's in the order of the day, then an earlier day."""
        records = []
        for _ in range(BATCH):
            turn, who = divmod(self._n, self._residents)
            records.append(act(self._midnight - timedelta(days=turn // 4), turn % 4, who))
            self._n += 1
        return json.dumps({"records": records}, ensure_ascii=False).encode()


def posted(
    place: Stage, service: Service, ask: Caller, requests: Sequence[bytes], callers: int
) -> tuple[float, Costs]:
    """Records a second over so many connections, and the processor time of each part."""
    servers, postgres = seconds_of(service.pids), seconds_of(backends(place.url))
    answers = ask.closed(service.port, requests, callers, keep=True)
    count = len(requests) * BATCH
    assert set(answers.statuses) == {207}, (answers.statuses, answers.bodies[0][:300])
    assert all(b'"credited":1000' in body[:120] for body in answers.bodies), answers.bodies[0][:300]
    costs = Costs(
        server=spent(servers, seconds_of(service.pids)) * BATCH / count,
        postgres=spent(postgres, seconds_of(backends(place.url))) * BATCH / count,
        client=answers.client_s * BATCH / count,
    )
    return answers.per_s * BATCH, costs


def measure(place: Stage, asked: Any) -> list[figures.Figure]:
    """One client beside one connection, then as many as keep the machine busy."""
    scale = 0.1 if asked.quick else asked.scale
    rounds = asked.rounds if asked.quick else max(asked.rounds, figures.ROUNDS)
    source = Source(people(place, max(BATCH, int(5_000 * scale))))
    equal = equal_database(place)
    token = place.token(Audience.provider, PROVIDER)
    found = []
    with caller() as ask:
        for name, workers, callers, batches in (
            ("one client", 1, 1, max(3, int(10 * scale))),
            (f"{CALLERS} clients, {asked.workers} processes", asked.workers, CALLERS,
             max(CALLERS, int(24 * scale))),
        ):  # fmt: skip
            sides = _Sides()
            with service(place, workers=workers) as running:
                for turn in range(rounds + 1):
                    requests = [
                        request("POST", "/v1/provider/batches", token=token, body=source.batch())
                        for _ in range(batches)
                    ]
                    before = last_block(place.url)
                    ours = posted(place, running, ask, requests, callers)
                    rows = written(place.url, before)
                    theirs = inserted(equal, rows, callers)
                    if turn:  # the first turn only warms up
                        sides.add(ours, theirs, batches)
            wrong = differences(place.url, equal)
            assert not wrong, f"the sides wrote different rows: {wrong}"
            found += sides.told(name, callers)
    return found


class _Sides:
    """What the rounds gave."""

    def __init__(self) -> None:
        self.rates: tuple[list[float], list[float]] = [], []
        self.costs: list[Costs] = []
        self.other: list[Costs] = []

    def add(self, ours: tuple[float, Costs], theirs: Inserted, batches: int) -> None:
        """Keep one round."""
        self.rates[0].append(ours[0])
        self.rates[1].append(batches * BATCH / theirs.taken_s)
        self.costs.append(ours[1])
        self.other.append(Costs(0, theirs.postgres_s / batches, theirs.client_s / batches))

    def told(self, name: str, callers: int) -> list[figures.Figure]:
        """The rates, then the processor time, part by part."""
        other = f"one statement, {callers} connection{'s' if callers > 1 else ''}"
        mine, theirs = self.costs, self.other
        unit = "processor-s per 1,000 records"
        return [
            figures.Figure(
                f"crediting over HTTP, {name}", "records/s", *self.rates, other, promise=PROMISE
            ),
            figures.Figure(f"  servers, {name}", unit, [each.server for each in mine]),
            figures.Figure(
                f"  PostgreSQL, {name}", unit,
                [each.postgres for each in mine], [each.postgres for each in theirs], other,
            ),
            figures.Figure(
                f"  client, {name}", unit,
                [each.client for each in mine], [each.client for each in theirs], other,
            ),
            figures.Figure(
                f"  all but the client, {name}", "1,000 records per processor-s",
                [1 / (each.server + each.postgres) for each in mine],
                [1 / each.postgres for each in theirs], other,
                note="the ratio of the rates, where the processor is what is short",
            ),
        ]  # fmt: skip


def main() -> None:
    """Start, measure, print."""
    parser = figures.arguments(__doc__)
    parser.add_argument("--workers", type=int, default=2, help="server processes, when saturated")
    asked = parser.parse_args()
    report = figures.Report("credit")
    with stage() as place:
        report.facts = {"machine": figures.machine(), "scenarios": sorted(SCENARIOS)}
        report.facts["postgres"] = figures.postgres_facts(place.url)
        report.add(*measure(place, asked))
    report.finish(asked.json)


if __name__ == "__main__":
    main()
