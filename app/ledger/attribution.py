"""Read: whose points paid for a coupon, or a donation: which sponsor owes which merchant what.

Every point of an account has a place on an axis. An entry that earned x points covers the places
``(earned_after - x, earned_after]``, one that spent x covers ``(consumed_after - x,
consumed_after]``; where they overlap, these points paid for that. Nothing is written when points
are spent: the answer is a join of intervals, made when a settlement needs it.

A refund re-opens the places that the account consumed last, whatever they were spent on. Between
sponsors and merchants it is settled by the purchase it refers to: it takes back that purchase's
last places first. So the parts of a purchase always sum to its points, and their refunded points
to what was refunded of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.database import Tx
from app.ledger.tables import Kind
from app.ledger.units import POINTS

SPENDINGS_MAX = 10_000
"""In one call: a merchant's day; more is several calls."""
Spending = tuple[int, UUID]
"""An account, and the ref under which it spent: a redemption, a certificate."""


@dataclass(frozen=True, slots=True)
class Part:
    """Points that one source gave and one spending took; ``refunded`` of them were given back.

    ``unit`` is the code of what they are counted in: points of two units are never added.
    """

    account_id: int
    ref: UUID
    source: int
    points: int
    refunded: int
    unit: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a spending, counted from its last point back: ``low`` points after it, to ``high``.

    A whole purchase of 100 points is 0 to 100. What a refund of 30 took back is 0 to 30, what the
    next one of 20 took back 30 to 50.
    """

    account_id: int
    ref: UUID
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Source:
    """What one source paid in one unit, over any number of spendings; ``settled`` is owed."""

    number: int
    name_zh: str
    name_en: str
    unit: str
    points: int
    refunded: int

    @property
    def settled(self) -> int:
        """Points that were spent and not given back."""
        return self.points - self.refunded


async def attribute(tx: Tx, *, spendings: Collection[Spending], unit: int = POINTS) -> list[Part]:
    """Whose points paid for each spending, in one statement however many there are.

    Args:
        tx: a reading connection.
        spendings: at most `SPENDINGS_MAX`; one that is not in the book has no parts.
        unit: what was spent.

    """
    assert len(spendings) <= SPENDINGS_MAX, "a settlement comes in chunks"
    wanted = list(set(spendings))
    rows = await tx.execute(
        _ATTRIBUTE,
        {
            "accounts": [account_id for account_id, _ in wanted],
            "refs": [ref for _, ref in wanted],
            "unit": unit,
            "spending": [Kind.redeem.value, Kind.donate.value, Kind.expire.value],
            "refund": Kind.refund.value,
        },
    )
    return [Part(*row) async for row in rows]


async def split(
    tx: Tx, *, slices: Sequence[Slice], unit: int = POINTS
) -> list[tuple[int, int, int]]:
    """Whose points a slice of a spending was; later refunds change no answer. One statement.

    Args:
        tx: a reading connection.
        slices: at most `SPENDINGS_MAX`.
        unit: what was spent.

    Returns:
        The slice's place in ``slices``, the source, and its points; of what is in the book they
        sum to the slice.

    """
    assert len(slices) <= SPENDINGS_MAX, "a settlement comes in chunks"
    rows = await tx.execute(
        _SPLIT,
        {
            "accounts": [each.account_id for each in slices],
            "refs": [each.ref for each in slices],
            "lows": [each.low for each in slices],
            "highs": [each.high for each in slices],
            "unit": unit,
            "spending": [Kind.redeem.value, Kind.donate.value, Kind.expire.value],
        },
    )
    return [(place - 1, source, points) async for place, source, points in rows]


async def sources(tx: Tx, *, parts: Collection[Part]) -> list[Source]:
    """The parts summed up by who gave the points and in which unit, with their names."""
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for part in parts:
        points, refunded = sums.get((part.source, part.unit), (0, 0))
        sums[part.source, part.unit] = (points + part.points, refunded + part.refunded)
    rows = await tx.execute(_NAMES, {"numbers": sorted({number for number, _ in sums})})
    names = {number: (zh, en) async for number, zh, en in rows}
    return [
        Source(number, *names[number], unit, points, refunded)
        for (number, unit), (points, refunded) in sorted(sums.items())
    ]


_ATTRIBUTE = """
WITH wanted AS MATERIALIZED (
  SELECT a, ref FROM unnest(%(accounts)b::bigint[], %(refs)b::uuid[]) AS t (a, ref)
), moved AS MATERIALIZED (            -- the axis of the accounts in question
  SELECT e.account_id, e.seq, e.kind, e.ref, e.contra, e.earned_after, e.consumed_after,
         e.earned_after - lag(e.earned_after, 1, 0::bigint) OVER w AS earned
    FROM (SELECT DISTINCT a FROM wanted) AS who
    JOIN entry e ON e.account_id = who.a AND e.unit = %(unit)s
                AND e.bucket = (who.a %% 1024)::smallint
  WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq)
), spent AS (                         -- the places each spending took, and what was refunded of it
  SELECT m.account_id, m.ref, m.seq, m.consumed_after - m.points AS low, m.consumed_after AS high,
         least(m.points, greatest(0, r.refunded - m.later)) AS refunded
    FROM (SELECT e.account_id, e.ref, e.seq, e.consumed_after, -e.amount::bigint AS points,
                 coalesce(sum(-e.amount) OVER (PARTITION BY e.account_id, e.ref ORDER BY e.seq DESC
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS later
            FROM wanted w JOIN entry e ON e.account_id = w.a AND e.unit = %(unit)s
                                      AND e.bucket = (w.a %% 1024)::smallint AND e.ref = w.ref
           WHERE e.kind = ANY (%(spending)s::smallint[])) AS m
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(c.points), 0) AS refunded FROM cause c
       WHERE c.bucket = (m.account_id %% 1024)::smallint AND c.account_id = m.account_id
         AND c.unit = %(unit)s AND c.kind = %(refund)s AND c.of_ref = m.ref) AS r
)
SELECT s.account_id, s.ref, g.contra,
       sum(least(s.high, g.earned_after) - greatest(s.low, g.earned_after - g.earned))::bigint,
       sum(greatest(0, least(s.high, g.earned_after)
                       - greatest(s.high - s.refunded, g.earned_after - g.earned)))::bigint,
       (SELECT code FROM unit WHERE id = %(unit)s)
  FROM spent s JOIN moved g ON g.account_id = s.account_id AND g.earned > 0
   AND g.earned_after > s.low AND g.earned_after - g.earned < s.high
 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_SPLIT = """
WITH wanted AS MATERIALIZED (
  SELECT place, a, ref, low, high
    FROM unnest(%(accounts)b::bigint[], %(refs)b::uuid[], %(lows)b::bigint[], %(highs)b::bigint[])
         WITH ORDINALITY AS t (a, ref, low, high, place)
), moved AS MATERIALIZED (            -- the axis of the accounts in question
  SELECT e.account_id, e.seq, e.kind, e.ref, e.contra, -e.amount::bigint AS points,
         e.earned_after, e.consumed_after,
         e.earned_after - lag(e.earned_after, 1, 0::bigint) OVER w AS earned
    FROM (SELECT DISTINCT a FROM wanted) AS who
    JOIN entry e ON e.account_id = who.a AND e.unit = %(unit)s
                AND e.bucket = (who.a %% 1024)::smallint
  WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq)
), spent AS (
  SELECT m.account_id, m.ref, m.points, m.consumed_after,
         coalesce(sum(m.points) OVER (PARTITION BY m.account_id, m.ref ORDER BY m.seq DESC
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS later
    FROM moved m
   WHERE m.kind = ANY (%(spending)s::smallint[])
     AND (m.account_id, m.ref) IN (SELECT a, ref FROM wanted)
), taken AS (                         -- the places of each slice
  SELECT w.place, s.account_id,
         s.consumed_after - least(s.points, w.high - s.later) AS low,
         s.consumed_after - greatest(0, w.low - s.later) AS high
    FROM wanted w JOIN spent s ON s.account_id = w.a AND s.ref = w.ref
     AND w.high > s.later AND w.low < s.later + s.points
)
SELECT t.place, g.contra,
       sum(least(t.high, g.earned_after) - greatest(t.low, g.earned_after - g.earned))::bigint
  FROM taken t JOIN moved g ON g.account_id = t.account_id AND g.earned > 0
   AND g.earned_after > t.low AND g.earned_after - g.earned < t.high
 GROUP BY 1, 2 ORDER BY 1, 2
"""
_NAMES = """
SELECT n, coalesce(c.name_zh, ''), coalesce(c.name_en, '')
  FROM unnest(%(numbers)b::int[]) AS t (n) LEFT JOIN counter_account c ON c.number = n
 ORDER BY n
"""
