"""Read: what the programme owes its citizens, by the quarter in which it expires; and breakage.

A point's lot is its place on the axis of its account. What is left of a lot is read off the marks
and the balance; the newest lot has no mark, it is the balance's own. Held points are owed too.
"""

from dataclasses import dataclass
from datetime import date

from app.database import Tx


@dataclass(frozen=True, slots=True)
class Quarter:
    """The points of one unit that expire in one quarter.

    Attributes:
        unit: which points, by the unit's code.
        ends_on: the last day of the quarter.
        issued: whole points ever given that expire in it.
        outstanding: how many of them are still there.
        expired: how many expired unspent.
        breakage_bp: ``expired`` in ten-thousandths of ``issued``, once the quarter is over.

    """

    unit: str
    ends_on: date
    issued: int
    outstanding: int
    expired: int
    breakage_bp: int | None


@dataclass(frozen=True, slots=True)
class UnitLiability:
    """What is owed in one unit: ``held`` of ``outstanding`` is set aside for coupons."""

    unit: str
    outstanding: int
    held: int


@dataclass(frozen=True, slots=True)
class Liability:
    """What is owed in all units, and when it ends."""

    units: tuple[UnitLiability, ...]
    quarters: tuple[Quarter, ...]


async def liability(tx: Tx, *, today: date) -> Liability:
    """What is owed at this moment; reads every balance and every mark.

    Args:
        tx: one snapshot (`Database.snapshot`), so that the two statements see the same book.
        today: the programme's civil day; a quarter that ended before it is over.

    """
    units = await (await tx.execute(_UNITS)).fetchall()
    rows = await tx.execute(_QUARTERS)
    quarters = []
    async for unit, ends_on, issued, outstanding, expired in rows:
        over = ends_on < today and issued > 0
        rate = expired * 10_000 // issued if over else None
        quarters.append(Quarter(unit, ends_on, issued, outstanding, expired, rate))
    return Liability(tuple(UnitLiability(*row) for row in units), tuple(quarters))


_UNITS = """
SELECT coalesce(u.code, b.unit::text), sum(b.earned - b.consumed)::bigint, sum(b.held)::bigint
  FROM balance b LEFT JOIN unit u ON u.id = b.unit GROUP BY b.unit, u.code ORDER BY b.unit
"""
_QUARTERS = """
WITH mark AS (
  SELECT bucket, account_id, unit, expires_on, cum_earned FROM lot
   UNION ALL
  SELECT bucket, account_id, unit, last_expiry, earned FROM balance WHERE earned > 0
), lots AS (
  SELECT m.unit, m.expires_on, m.cum_earned,
         lag(m.cum_earned, 1, 0::bigint) OVER w AS before, b.consumed
    FROM mark m JOIN balance b USING (bucket, account_id, unit)
  WINDOW w AS (PARTITION BY m.bucket, m.account_id, m.unit ORDER BY m.expires_on)
), quarter AS (
  SELECT unit, date_trunc('quarter', expires_on) AS begins, sum(cum_earned - before) AS issued,
         sum(greatest(cum_earned - greatest(consumed, before), 0)) AS outstanding
    FROM lots GROUP BY 1, 2
), broken AS (
  SELECT unit, date_trunc('quarter', day) AS begins, sum(points) AS expired
    FROM breakage GROUP BY 1, 2
)
SELECT coalesce(u.code, unit::text), (begins + interval '3 months' - interval '1 day')::date,
       coalesce(issued, 0)::bigint, coalesce(outstanding, 0)::bigint, coalesce(expired, 0)::bigint
  FROM quarter FULL JOIN broken USING (unit, begins) LEFT JOIN unit u ON u.id = unit
 ORDER BY unit, begins
"""
