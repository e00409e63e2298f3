"""A delivery in lanes, as long as it is under way: what it wants, and what it has reserved.

One row on the coordinator: made before anything is reserved, gone when all lanes are done. What
a dead process leaves behind is found by it (`lane_sweep`). Points of the month's budgets are
drawn and given back in the transactions that write this row, so neither happens twice.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from app.catalogue import budgets
from app.catalogue.budgets_draw import draw, give_back
from app.catalogue.versions import Versions
from app.database import Tx
from app.reductions import caps
from app.reductions.credit import want
from app.reductions.decisions import Candidate, Interval, measured


@dataclass(frozen=True, slots=True)
class Paid:
    """What the budget pays for an act: the rate, and the points that were drawn for it."""

    line: str
    month: date
    points: int
    points_per_kg: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """An act of a delivery: its id, its account, and what it claims in other buckets."""

    id: UUID
    account_id: int
    claims: tuple[Interval, ...]
    cap_subjects: tuple[int, ...]


def wanted_of(candidate: Candidate) -> Wanted:
    """What an act wants outside its citizen's bucket."""
    claims = tuple(each for each in candidate.claims if each.subject != candidate.account_id)
    subjects = {place[0] for cap, place in candidate.places if cap.per not in caps.OWN}
    return Wanted(candidate.id, candidate.account_id, claims, tuple(sorted(subjects)))


async def write_down(tx: Tx, *, delivery: UUID, acts: Sequence[Wanted], now: datetime) -> None:
    """Write down what is about to be reserved; a delivery that goes on keeps what it drew."""
    await tx.execute(_BEGIN, (delivery, now, Jsonb([_to_json(each) for each in acts])))


async def pay(
    tx: Tx, *, delivery: UUID, acts: Sequence[Candidate], versions: Versions, now: datetime
) -> dict[UUID, Paid]:
    """Draw on the month's budgets for acts, in their order; what was drawn before stays."""
    row = await (await tx.execute(_PAID, (delivery,))).fetchone()
    paid = {} if row is None else {UUID(key): _paid(each) for key, each in row[0].items()}
    month = budgets.month_of(now.astimezone(versions.zone).date())
    new = [each for each in acts if each.id not in paid]
    wants = [want(each, versions, month) for each in new]
    rates = await draw(
        tx,
        wants=wants,
        known=versions.budgets,
        month=month,
        seed=delivery.int % 64,
        now=now,
    )
    for act, wish, rate in zip(new, wants, rates, strict=True):
        limited = budgets.in_force(versions.budgets, wish.line, month) is not None
        points = measured(act.worth, act.version.methodology.manifest) * rate // 1000
        paid[act.id] = Paid(wish.line, month, points if limited else -1, rate)
    kept = {
        str(key): [each.line, each.month.isoformat(), each.points, each.points_per_kg]
        for key, each in paid.items()
    }
    await tx.execute(_KEEP, (Jsonb(kept), delivery))
    return paid


async def end(tx: Tx, *, delivery: UUID, used: Mapping[UUID, int], now: datetime) -> None:
    """Give back what was drawn and not paid, and forget the delivery; a second time is nothing.

    Args:
        tx: the transaction.
        delivery: which.
        used: points that were paid for acts; those that are not named were not accepted.
        now: when (UTC).

    """
    row = await (await tx.execute(_END, (delivery,))).fetchone()
    if row is None:
        return
    rest: defaultdict[tuple[str, date], int] = defaultdict(int)
    for key, each in row[0].items():
        paid = _paid(each)
        if paid.points > 0:
            rest[paid.line, paid.month] += paid.points - min(paid.points, used.get(UUID(key), 0))
    for (line, month), points in sorted(rest.items()):
        if points:
            await give_back(tx, line=line, month=month, points=points, now=now)


async def unfinished(tx: Tx, *, before: datetime, limit: int) -> list[tuple[UUID, list[Wanted]]]:
    """Deliveries that were begun so long ago that nobody works on them any more."""
    rows = await tx.execute(_UNFINISHED, (before, limit))
    return [(delivery, [_from_json(each) for each in acts]) async for delivery, acts in rows]


def _to_json(act: Wanted) -> list[Any]:
    claimed = [[each.scope, each.subject, each.starts_us, each.ends_us] for each in act.claims]
    return [act.id.hex, act.account_id, claimed, list(act.cap_subjects)]


def _from_json(kept: list[Any]) -> Wanted:
    claimed = tuple(
        Interval(scope, subject, starts_us, ends_us, shared=True)
        for scope, subject, starts_us, ends_us in kept[2]
    )
    return Wanted(UUID(kept[0]), kept[1], claimed, tuple(kept[3]))


def _paid(kept: list[Any]) -> Paid:
    return Paid(kept[0], date.fromisoformat(kept[1]), kept[2], kept[3])


_BEGIN = """
INSERT INTO lane_delivery (id, begun_at, acts, paid) VALUES (%s, %s, %s, '{}')
ON CONFLICT (id) DO UPDATE SET begun_at = EXCLUDED.begun_at
"""
_PAID = "SELECT paid FROM lane_delivery WHERE id = %s FOR UPDATE"
_KEEP = "UPDATE lane_delivery SET paid = %s WHERE id = %s"
_END = "DELETE FROM lane_delivery WHERE id = %s RETURNING paid"
_UNFINISHED = """
SELECT id, acts FROM lane_delivery WHERE begun_at < %s ORDER BY begun_at LIMIT %s
"""
