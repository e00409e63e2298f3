"""Door for `puhui verify`: was every budgeted point drawn once, and none too many."""

from app.checks import Check
from app.database import Tx

_DRAWS = """
SELECT count(*), count(*) FILTER (WHERE m.points - s.rest <> coalesce(d.points, 0))
  FROM budget_month m
  JOIN (SELECT line, month, sum(remaining) AS rest FROM budget_slot GROUP BY 1, 2) s
       USING (line, month)
  LEFT JOIN (SELECT line, month, sum(points) AS points FROM budget_draw GROUP BY 1, 2) d
       USING (line, month)
"""
_OVERDRAWN = """
SELECT count(*), count(*) FILTER (WHERE drawn > opened OR opened IS NULL)
  FROM (SELECT d.line, d.month, sum(d.points) AS drawn, max(m.points) AS opened
          FROM budget_draw d LEFT JOIN budget_month m USING (line, month) GROUP BY 1, 2) AS months
"""

CHECKS = (
    ("catalogue.budgets_are_what_was_drawn", _DRAWS),
    ("catalogue.no_budget_is_overdrawn", _OVERDRAWN),
)


async def checks(tx: Tx) -> list[Check]:
    """Every law of the budgets; no rows where no budget was ever set."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql.encode())).fetchone()
        assert row is not None
        found.append(Check(name, int(row[0]), int(row[1])))
    return found
