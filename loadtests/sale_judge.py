"""The judge of a sale: compares what PostgreSQL holds with what everybody was told.

Every commit has its time, so the number of units that were left is known at every moment; an
answer "sold out" must overlap a moment at which it was zero.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from app.checks import Check
from app.demo import proof
from loadtests.sale_city import PRICE_POINTS, City, Sale
from loadtests.sale_crowd import NOT_YET, Heard
from loadtests.sale_faults import WATCHER
from loadtests.sale_people import Habit, habit_of
from loadtests.stage import opened

SOLD_OUT = "offer-sold-out"
VISIBLE_MS = 500
"""A commit is noted a moment before others can see it; only returned units need this grace."""
KNOWN = {
    "",
    NOT_YET,
    SOLD_OUT,
    "limit-reached",
    "insufficient-points",
    "too-many-requests",
    "offer-busy",
    "try-again",
    "ticket-exists",
}
"""Whatever else is answered in a sale is a breach."""


@dataclass(frozen=True)
class Books:
    """Sums over all accounts, and PostgreSQL's own count of deadlocks."""

    earned: int
    consumed: int
    held: int
    deadlocks: int


def books(town: City) -> Books:
    """The books at this moment."""
    with psycopg.connect(town.place.url, autocommit=True, application_name=WATCHER) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        return Books(*(connection.execute(_BOOKS).fetchone() or ()))


_BOOKS = """
SELECT sum(earned)::bigint, sum(consumed)::bigint, sum(held)::bigint,
       (SELECT deadlocks FROM pg_stat_database WHERE datname = 'puhui') FROM balance
"""


def told(sale: Sale, heard: Sequence[Heard]) -> list[Check]:
    """What must hold of the answers alone."""
    claims = [each for each in heard if each.act in {"claim", "repeat"}]
    last = {(each.act, each.n, each.key): each for each in heard}
    ids_of: dict[tuple[int, str], set[str]] = defaultdict(set)
    keys_of: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for each in claims:
        if each.status == 201:
            ids_of[each.n, each.key].add(each.id)
            keys_of[each.id].add((each.n, each.key))
    early = [each for each in claims if each.status == 201 and each.heard_s < sale.bell_s]
    late = [each for each in claims if each.code == NOT_YET and each.sent_s > sale.bell_s]
    poor = [each for each in claims if habit_of(each.n) is Habit.penniless]
    return [
        Check(
            "every request got an answer in the end",
            len(last),
            sum(each.unknown for each in last.values()),
        ),
        Check(
            "one key is one redemption, however often it is sent",
            len(ids_of),
            sum(len(ids) > 1 for ids in ids_of.values())
            + sum(len(keys) > 1 for keys in keys_of.values()),
        ),
        Check(
            "nobody is let in before the bell, nor kept out after it",
            len(claims),
            len(early + late),
        ),
        Check("nobody without points gets a unit", len(poor), sum(x.status == 201 for x in poor)),
        Check(
            "no answer that a sale does not have",
            len(heard),
            sum(each.code not in KNOWN for each in heard),
        ),
    ]


def judge(town: City, sale: Sale, heard: Sequence[Heard], before: Books) -> list[Check]:
    """Every check of a sale in which whoever asks first is served first."""
    with psycopg.connect(town.place.url, autocommit=True, application_name=WATCHER) as connection:

        def one(statement: str) -> Any:
            return (connection.execute(statement, (sale.offer_id,)).fetchone() or (0,))[0]

        takes = [float(x) for (x,) in connection.execute(_TAKES, (sale.offer_id,))]
        returns = [float(x) for (x,) in connection.execute(_RETURNS, (sale.offer_id,))]
        made = {str(x) for (x,) in connection.execute(_MADE, (sale.offer_id,))}
        held = one(_HELD)
        limits = [
            Check(f"nobody is above the limit of a {who}", rows, above)
            for who, statement in (("citizen", _CITIZENS), ("device", _DEVICES))
            for rows, above in connection.execute(statement, (sale.offer_id,))
        ]
    promised = {each.id for each in heard if each.act == "claim" and each.status == 201}
    refused = [each for each in heard if each.code == SOLD_OUT]
    return [
        Check("exactly as many are sold as there were units", held, abs(sale.units - held)),
        *limits,
        Check("every 201 has its redemption", len(promised), len(promised - made)),
        Check("every redemption was answered with 201", len(made), len(made - promised)),
        Check(
            "nobody heard 'sold out' while a unit was left",
            len(refused),
            false_refusals(refused, units=sale.units, takes=takes, returns=returns),
        ),
        *told(sale, heard),
        *conserved(before, books(town), held=held),
        verified(town),
    ]


def false_refusals(
    refused: Sequence[Heard], *, units: int, takes: Sequence[float], returns: Sequence[float]
) -> int:
    """How many were told "sold out" though a unit was left from question to answer."""
    empty, left, since = [], units, None
    for at, change in sorted([(x, -1) for x in takes] + [(x, 1) for x in returns]):
        left += change
        if left == 0:
            since = at
        elif since is not None:
            empty.append((since, at + VISIBLE_MS / 1_000))
            since = None
    if since is not None:
        empty.append((since, float("inf")))
    return sum(
        not any(start <= each.heard_s and each.sent_s <= end for start, end in empty)
        for each in refused
    )


def conserved(before: Books, after: Books, *, held: int) -> list[Check]:
    """Points are where the redemptions are; nothing was made or lost; nobody was a victim."""
    wrong = (
        abs(after.earned - before.earned)
        + abs(after.consumed - before.consumed)
        + abs(after.held - before.held - held * PRICE_POINTS)
    )
    return [
        Check("points are conserved", after.earned, wrong),
        Check("no deadlock", 1, after.deadlocks - before.deadlocks),
    ]


def verified(town: City) -> Check:
    """What `puhui verify` finds."""

    async def prove() -> list[Check]:
        async with opened(town.place.pair) as database:
            return await proof.prove(database)

    checks = asyncio.run(prove())
    breaches = [each for each in checks if each.breaches]
    name = "puhui verify: " + (", ".join(each.name for each in breaches) or f"{len(checks)} checks")
    return Check(
        name,
        int(sum(each.rows for each in checks)),  # PostgreSQL's sums are decimals
        sum(each.breaches for each in breaches),
    )


def mix(heard: Sequence[Heard]) -> dict[str, int]:
    """How often each answer was given, the most frequent first."""
    return dict(Counter(_name(each) for each in heard).most_common())


def _name(each: Heard) -> str:
    if each.status == 0:
        return "connection lost"
    if each.act != "claim":
        return f"{each.status} {each.act} {each.code}".strip()
    return f"{each.status} {each.code}".strip()


def sold_out_at(town: City, sale: Sale) -> float | None:
    """Seconds from the bell to the commit that took the last unit, before any came back."""
    with psycopg.connect(town.place.url, autocommit=True, application_name=WATCHER) as connection:
        takes = sorted(float(x) for (x,) in connection.execute(_TAKES, (sale.offer_id,)))
    return takes[sale.units - 1] - sale.bell_s if len(takes) >= sale.units else None


_TIME = "extract(epoch FROM pg_xact_commit_timestamp({}))"
_TAKES = f"""
SELECT {_TIME.format("xmin")} FROM request WHERE response ->> 'offer_id' = %s::uuid::text
"""
# A redemption of a sale is written once and, when it is given back, once more.
_RETURNS = f"SELECT {_TIME.format('xmin')} FROM redemption WHERE offer_id = %s AND state = 3"
_MADE = "SELECT id FROM redemption WHERE offer_id = %s"
_HELD = "SELECT count(*)::int FROM redemption WHERE offer_id = %s AND state IN (1, 2)"
_PER = """
SELECT count(*)::int, count(*) FILTER (WHERE n > 1)::int
  FROM (SELECT count(*) AS n FROM redemption
         WHERE offer_id = %s AND state IN (1, 2) GROUP BY {}) AS per
"""
_CITIZENS, _DEVICES = _PER.format("account_id"), _PER.format("device")
