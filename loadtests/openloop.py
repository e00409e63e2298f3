"""What callers wait for when requests arrive at a fixed rate, whether or not we keep up.

A mix of wallet reads, redemptions, scans and batches of 10 and of 1,000 records is sent at
moments fixed beforehand. A time runs from the moment at which a request should have been sent,
so a server that stalls is charged for all who waited meanwhile. The rate is raised until
answers come later than `PATIENCE_S` at the 99th percentile, or the queue takes long to drain.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.people.tokens import Audience
from loadtests import figures, redeem
from loadtests.calling import Arrivals, Caller, caller, request
from loadtests.citizens import account, batch, card, link_copies, ride
from loadtests.stage import Stage, served, stage

MIX = {"wallet": 780, "redeem": 100, "scan": 60, "batch of 10": 58, "batch of 1000": 2}
"""Of a thousand requests; a batch of 1,000 is as much work as hundreds of others."""
SIZES = {"batch of 10": 10, "batch of 1000": 1_000}
FINE = {
    "wallet": {200},
    "redeem": {201},
    "scan": {200},
    "batch of 10": {207},
    "batch of 1000": {207},
}
RATES = (50, 100, 200, 400, 800, 1_600, 3_200)
PATIENCE_S = 2
CONNECTIONS = 64
HOURS = 24 * 5
"""Rides are spread over the last days, so that a citizen's do not overlap."""


class Traffic:
    """Requests of each kind, none of them twice."""

    def __init__(self, place: Stage, merchant: UUID, citizens: int) -> None:
        self._place = place
        self._citizens = citizens
        self._dice = random.Random(3)
        self._number = 0
        self._rides = self._all_rides()
        self._provider = place.token(Audience.provider, "bench-bikes")
        self._merchant = place.token(Audience.merchant, str(merchant))
        self.coupons: list[str] = []

    def of(self, kind: str) -> bytes:
        """One request of a kind."""
        self._number += 1
        if kind == "wallet":
            token = self._place.citizens_token(self._somebody())
            return request("GET", "/v1/me/wallet", token=token)
        if kind == "redeem":
            return self.redemption()
        if kind == "scan":
            body = {"order_no": f"order-{self._number}", "coupon": self.coupons.pop()}
            return request(
                "POST",
                "/v1/merchant/coupons/redeem",
                token=self._merchant,
                body=json.dumps(body).encode(),
            )
        records = [next(self._rides) for _ in range(SIZES[kind])]
        return request("POST", "/v1/provider/batches", token=self._provider, body=batch(records))

    def redemption(self) -> bytes:
        """A citizen takes an offer."""
        self._number += 1
        wanted = redeem.offer(self._dice.randrange(redeem.OFFERS))
        return redeem.one(self._place, self._somebody(), wanted, f"open-{self._number:09}")

    def planned(self, per_s: int, seconds: int) -> list[tuple[float, str, bytes]]:
        """Arrivals at even distances, their kinds at random in the proportions of `MIX`."""
        count = per_s * seconds
        kinds = self._dice.choices(list(MIX), list(MIX.values()), k=count)
        return [(at / per_s, kind, self.of(kind)) for at, kind in enumerate(kinds)]

    def _somebody(self) -> int:
        return account(self._dice.randrange(self._citizens))

    def _all_rides(self) -> Iterator[dict[str, Any]]:
        """Rides of all citizens, one after another in time, none overlapping another."""
        start = datetime.now(UTC) - timedelta(hours=HOURS + 1)
        number = 0
        while True:
            slot, n = divmod(number, self._citizens)
            at = start + timedelta(minutes=20 * (slot % (3 * HOURS)))
            yield ride(f"open-{number}", card(account(n)), at)
            number += 1


def percentile(values: list[float], share: float) -> float:
    """Nearest rank, in milliseconds."""
    ordered = sorted(values)
    return 1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def told(per_s: int, seen: Arrivals) -> list[dict[str, Any]]:
    """One line for each kind."""
    lines = []
    for kind, times in seen.seconds_of.items():
        statuses: Counter[int] = seen.statuses_of[kind]
        wrong = sum(count for status, count in statuses.items() if status not in FINE[kind])
        lines.append(
            {
                "rate": per_s,
                "kind": kind,
                "requests": len(times),
                "p50_ms": percentile(times, 0.50),
                "p95_ms": percentile(times, 0.95),
                "p99_ms": percentile(times, 0.99),
                "errors": wrong / len(times),
                "statuses": {str(status): count for status, count in statuses.items()},
            }
        )
    return lines


def run(
    ask: Caller, port: int, traffic: Traffic, *, per_s: int, seconds: int
) -> tuple[list[dict[str, Any]], bool]:
    """One rate: what each kind saw, and whether the service kept up."""
    planned = traffic.planned(per_s, seconds)
    seen = ask.open_loop(port, planned, CONNECTIONS)
    lines = told(per_s, seen)
    slowest = max(line["p99_ms"] for line in lines)
    for line in lines:
        print(
            f"{per_s:6} /s {line['kind']:14} {line['requests']:6}"
            f"  p50 {line['p50_ms']:8.1f}  p95 {line['p95_ms']:8.1f}  p99 {line['p99_ms']:8.1f} ms"
            f"  errors {100 * line['errors']:.2f} %"
        )
    print(f"{per_s:6} /s answered {seen.per_s:.0f} /s, the last {seen.drain_s:.2f} s after the end")
    for line in lines:
        line["drain_s"] = seen.drain_s
    return lines, slowest < PATIENCE_S * 1_000 and seen.drain_s < PATIENCE_S


def coupons(ask: Caller, port: int, traffic: Traffic, count: int) -> list[str]:
    """Coupons to scan, made over HTTP."""
    answers = ask.closed(port, [traffic.redemption() for _ in range(count)], 16, keep=True)
    return [json.loads(body)["coupon"] for body in answers.bodies]


def main() -> None:
    """Raise the rate until it is too much, print, keep."""
    parser = figures.arguments(__doc__)
    parser.add_argument("--processes", type=int, default=2, help="of the service")
    parser.add_argument("--seconds", type=int, default=0, help="at each rate")
    asked = parser.parse_args()
    seconds = asked.seconds or (2 if asked.quick else 20)
    rates = RATES[:2] if asked.quick else RATES
    citizens = 500 if asked.quick else int(5_000 * asked.scale)
    report = figures.Report("openloop")
    with stage() as place:
        merchant = redeem.prepare(place, citizens)
        with psycopg.connect(place.url, autocommit=True) as connection:
            link_copies(
                connection,
                template=place.template,
                numbers=range(citizens),
                key=place.keys.subject,
            )
        traffic = Traffic(place, merchant, citizens)
        report.facts |= {"mix": MIX, "connections": CONNECTIONS, "rates": []}
        report.facts["postgresql"] = figures.postgres_facts(place.url)
        kept_up = 0
        with served(place, processes=asked.processes) as port, caller() as ask:
            traffic.coupons += coupons(ask, port, traffic, 100)
            ask.open_loop(port, traffic.planned(RATES[0], 3), CONNECTIONS)  # plans, caches, tokens
            for per_s in rates:
                wanted = int(per_s * seconds * MIX["scan"] / 700) + 50
                traffic.coupons += coupons(ask, port, traffic, wanted)
                lines, kept = run(ask, port, traffic, per_s=per_s, seconds=seconds)
                report.facts["rates"] += lines
                if not kept:
                    break
                kept_up = per_s
                for kind in ("wallet", "redeem"):
                    line = next((each for each in lines if each["kind"] == kind), None)
                    if line is not None:
                        name = f"{kind} at {per_s} arrivals/s, p99"
                        report.add(figures.Figure(name, "ms", [line["p99_ms"]]))
        report.add(figures.Figure("open loop, highest rate kept up", "arrivals/s", [kept_up]))
    report.finish(asked.json)


if __name__ == "__main__":
    main()
