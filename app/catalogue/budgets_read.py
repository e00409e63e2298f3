"""Reads: the budgets of the catalogue's picture, and the public meter of a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.catalogue import budgets
from app.catalogue.budgets import Budget, Budgets, Step
from app.database import Tx


@dataclass(frozen=True, slots=True)
class Meter:
    """How far a line's month is used up; whole points."""

    line: str
    month: date
    version: int
    points: int
    booked: int
    taper: Sequence[Step]

    @property
    def left(self) -> int:
        """What can still be booked."""
        return max(0, self.points - self.booked)

    @property
    def pay_percent(self) -> int:
        """How much of the tariff the next act is paid."""
        return budgets.pay_percent(self.taper, left=self.left, total=self.points)


async def load(tx: Tx) -> Budgets:
    """Every line's budgets, the newest version of each month, oldest month first."""
    found: dict[str, tuple[Budget, ...]] = {}
    async for line, from_month, version, points, taper in await tx.execute(_BUDGETS):
        budget = Budget(line, from_month, version, points, budgets.steps_of(taper))
        found[line] = (*found.get(line, ()), budget)
    return found


async def meters(tx: Tx, *, month: date) -> list[Meter]:
    """Every line that has a limit in a month, by name; one statement.

    What is left is the sum of the slots, so the meter is exact to the last commit.
    """
    rows = await tx.execute(_METERS, {"month": month})
    return [
        Meter(line, month, version, points, booked, budgets.steps_of(taper))
        async for line, version, points, taper, booked in rows
    ]


_BUDGETS = """
SELECT DISTINCT ON (line, from_month) line, from_month, version, points, taper
  FROM budget ORDER BY line, from_month, version DESC
"""
_METERS = """
SELECT b.line, b.version, b.points, b.taper,
       coalesce(m.points - (SELECT sum(s.remaining) FROM budget_slot s
                             WHERE s.line = m.line AND s.month = m.month), 0)::bigint
  FROM (SELECT DISTINCT ON (line) * FROM budget WHERE from_month <= %(month)s
         ORDER BY line, from_month DESC, version DESC) AS b
  LEFT JOIN budget_month m ON m.line = b.line AND m.month = %(month)s
 WHERE b.points IS NOT NULL
 ORDER BY b.line
"""
