"""What a sale gave, in numbers: times, answers, what the gate did, and the judge's verdicts."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import Redis, RedisError

from app.checks import Check
from app.rewards.tables import Mode
from loadtests import sale_judge
from loadtests.sale_city import City, Sale
from loadtests.sale_crowd import Heard


@dataclass
class Outcome:
    """What one sale gave."""

    name: str
    citizens: int
    units: int
    requests: int
    requests_per_s: float
    seconds: float
    sold_out_s: float | None
    request_ms: Mapping[str, float]
    citizen_ms: Mapping[str, float]
    answers: Mapping[str, int]
    gate: Mapping[str, int]
    checks: list[Check]
    happened: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether every check holds."""
        return not any(each.breaches for each in self.checks)


def outcome_of(
    town: City,
    sale: Sale,
    heard: Sequence[Heard],
    *,
    name: str,
    checks: list[Check],
    gate: Mapping[str, int],
    happened: list[str],
) -> Outcome:
    """Count what was heard; ``gate`` is what Valkey had counted before the sale."""
    final: dict[tuple[int, str], float] = {}
    for each in heard:
        if each.act == "claim" and not each.unknown:
            final[each.n, each.key] = max(each.heard_s - sale.bell_s, 0)
    rush = [each for each in heard if each.sent_s >= sale.bell_s]
    seconds = max(each.heard_s for each in rush) - sale.bell_s
    after = gate_counts(town)
    return Outcome(
        name=name,
        citizens=town.citizens,
        units=sale.units,
        requests=len(heard),
        requests_per_s=len(rush) / seconds,
        seconds=seconds,
        sold_out_s=sale_judge.sold_out_at(town, sale) if sale.mode is Mode.first_come else None,
        request_ms=_times([each.heard_s - each.sent_s for each in heard]),
        citizen_ms=_times(list(final.values())),
        answers=sale_judge.mix(heard),
        gate=_since(gate, after),
        checks=checks,
        happened=happened,
    )


def _times(seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    found = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
    return {name: round(value * 1_000, 1) for name, value in found.items()}


def gate_counts(town: City) -> dict[str, int]:
    """What the gate was asked and what it said, counted by Valkey and by the servers' log.

    Each step of the gate's script is another command of Valkey, so its own counters tell.
    """
    try:
        with Redis.from_url(town.place.pair.redis_url) as store:
            stats: dict[str, Any] = store.info("commandstats")
    except RedisError:
        stats = {}

    def calls(command: str) -> int:
        return int(stats.get(f"cmdstat_{command}", {}).get("calls", 0))

    log = town.place.home / "serving.log"
    return {
        "asked": calls("sismember"),
        "let in": calls("decr"),
        "sent to look": calls("sismember") - calls("decr"),
        "rebuilt": calls("set"),
        "silent": log.read_text().count("gate_silent") if log.exists() else 0,
    }


def _since(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was added; a Valkey that was killed in between began again at nothing."""
    again = any(value < before.get(key, 0) for key, value in after.items())
    return {
        key: value - (0 if again and key != "silent" else before.get(key, 0))
        for key, value in after.items()
    }


def show(outcome: Outcome) -> None:
    """Print one sale."""
    sold = f"{outcome.sold_out_s:.2f} s" if outcome.sold_out_s is not None else "-"
    print(f"\n== {outcome.name}: {outcome.citizens:,} citizens, {outcome.units:,} units")
    for each in outcome.happened:
        print(f"   {each}")
    print(
        f"   {outcome.requests:,} requests in {outcome.seconds:.1f} s,"
        f" {outcome.requests_per_s:,.0f}/s; last unit taken {sold} after the bell"
    )
    for label, times in (("a request", outcome.request_ms), ("bell to answer", outcome.citizen_ms)):
        print(f"   {label}: " + ", ".join(f"{key} {value:,.0f} ms" for key, value in times.items()))
    for label, counts in (("answers", outcome.answers), ("gate", outcome.gate)):
        print(f"   {label}: " + ", ".join(f"{key} {value:,}" for key, value in counts.items()))
    for check in outcome.checks:
        verdict = f"BROKEN {check.breaches:,} times" if check.breaches else "ok"
        print(f"   [{verdict}] {check.name} ({check.rows:,})")
