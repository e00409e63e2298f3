"""What a correction would change: read reductions citizen by citizen, compute them again, compare.

Nothing is written here; the preview and the run both look through this file, so that the one
says what the other will do. The second computation uses what the first one stored: the inputs,
the factor set, what caps left of the act, and the points for a kilogram it was paid. An act
that the new version rejects comes to nothing; one that it cannot compute from what was stored
(a new input, a missing factor) is left as it is and counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.catalogue.versions import Versions
from app.database import Tx
from app.reductions import shapes
from app.reductions.decisions import measured
from app.reductions.explain import Stored, replay
from app.reductions.listing import ReductionView
from methodologies.packs import FactorError

Place = tuple[int, int, date, UUID]
"""Where a scan is: bucket, account, day and id of the last reduction it looked at."""
START: Place = (-1, 0, date.min, UUID(int=0))


@dataclass(frozen=True, slots=True)
class Plan:
    """Which acts are computed again: those of these days whose numbers stem from an old version.

    ``until_on`` is the first day after.
    """

    methodology: str
    old_version_ids: tuple[int, ...]
    new_version_id: int
    from_on: date
    until_on: date


@dataclass(frozen=True, slots=True)
class Current:
    """A reduction as it counts now: as it was credited, or as it was last corrected.

    ``owed`` is what the correction reserve has borne for it so far.
    """

    account_id: int
    id: UUID
    occurred_on: date
    occurred_at: datetime
    version_id: int
    factor_set_id: int
    points_per_kg: int
    grams: int
    points: int
    nth: int
    owed: int
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What the new version makes of one reduction."""

    before: Current
    grams_after: int
    points_after: int

    @property
    def grams(self) -> int:
        """Whole grams more; negative: fewer."""
        return self.grams_after - self.before.grams

    @property
    def points(self) -> int:
        """Whole points more; negative: fewer."""
        return self.points_after - self.before.points


@dataclass(frozen=True, slots=True)
class Look:
    """One chunk: how far it came, and what it found."""

    place: Place
    looked_at: int
    found: Sequence[Current]


async def look(tx: Tx, *, plan: Plan, after: Place, limit: int) -> Look:
    """Read the next ``limit`` reductions, citizen by citizen; those of the plan are found.

    The limit counts what is looked at, not what is found: a statement is short, however rare
    the acts of one methodology are.
    """
    rows = await (
        await tx.execute(
            _LOOK,
            {
                "account": after[1],
                "day": after[2],
                "id": after[3],
                "limit": limit,
                "old": list(plan.old_version_ids),
                "from": plan.from_on,
                "until": plan.until_on,
            },
        )
    ).fetchall()
    if not rows:
        return Look(after, 0, ())
    last = rows[-1]
    found = [_current(row) for row in rows if row[4]]
    return Look((last[0], last[1], last[3], last[2]), len(rows), found)


def _current(row: tuple[Any, ...]) -> Current:
    *facts, names, values = (*row[1:4], *row[5:])
    facts.append(shapes.restored(names, values, row[3]))
    return Current(*facts)


def assess(found: Sequence[Current], plan: Plan, versions: Versions) -> tuple[list[Change], int]:
    """Compute again what was found. Pure.

    Returns:
        What changes in grams or points, in order; and how many could not be computed.

    """
    changes = []
    uncomputable = 0
    for current in found:
        worth = worth_by(current, plan.new_version_id, versions)
        if worth is None:
            uncomputable += 1
        elif worth != (current.grams, current.points):
            changes.append(Change(current, *worth))
    return changes, uncomputable


def worth_by(current: Current, version_id: int, versions: Versions) -> tuple[int, int] | None:
    """Grams and points of a stored act by a version; None if they cannot be computed."""
    view = ReductionView(
        current.id,
        version_id,
        current.occurred_on,
        current.occurred_at,
        current.grams,
        current.points,
    )
    kept = Stored(view, current.factor_set_id, current.points_per_kg, current.inputs)
    try:
        worth = replay(kept, versions)
    except (KeyError, ValueError, ArithmeticError, FactorError):
        return None
    if worth.status in {"not_applicable", "rejected"}:
        return 0, 0
    if worth.status != "quantified":
        return None
    manifest = versions.by_id[version_id].methodology.manifest
    return worth.grams, measured(worth, manifest) * current.points_per_kg // 1000


def plan_of(row: Mapping[str, Any]) -> Plan:
    """A plan as it is kept in its table."""
    return Plan(
        row["methodology"],
        tuple(row["old_version_ids"]),
        row["new_version_id"],
        row["from_on"],
        row["until_on"],
    )


_LOOK = """
SELECT r.bucket, r.account_id, r.id, r.occurred_on,
       coalesce(c.new_version_id, r.version_id) = ANY(%(old)b::smallint[])
         AND r.occurred_on >= %(from)s AND r.occurred_on < %(until)s AS wanted,
       r.occurred_at, coalesce(c.new_version_id, r.version_id), r.factor_set_id, r.points_per_kg,
       coalesce(c.grams_after, r.grams), coalesce(c.points_after, r.points),
       coalesce(c.nth, 0), coalesce(c.owed, 0)::bigint, s.names, r.inputs
  FROM (SELECT * FROM reduction
         WHERE (account_id, occurred_on, id) > (%(account)s::bigint, %(day)s::date, %(id)s::uuid)
         ORDER BY account_id, occurred_on, id LIMIT %(limit)s) AS r
  JOIN input_shape s ON s.id = r.shape_id
  LEFT JOIN LATERAL (
         SELECT c.new_version_id, c.grams_after, c.points_after, c.nth,
                sum(c.shortfall) OVER () AS owed
           FROM reduction_correction c
          WHERE c.bucket = r.bucket AND c.account_id = r.account_id AND c.reduction_id = r.id
          ORDER BY c.nth DESC LIMIT 1) AS c ON true
 ORDER BY r.account_id, r.occurred_on, r.id
"""
