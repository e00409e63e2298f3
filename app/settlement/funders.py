"""Read: who paid what: per business day, and per budget."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.database import Tx

DAYS_MAX = 92


@dataclass(frozen=True, slots=True)
class Funded:
    """What one payer bears of a day; a merchant's own share comes from no budget."""

    day: date
    source: str
    budget_id: UUID | None
    programme: str
    lines: int
    fen: int


async def funded(tx: Tx, *, from_day: date, to_day: date) -> list[Funded]:
    """Per closed day, payer and budget, net of what was given back; one statement."""
    assert (to_day - from_day).days <= DAYS_MAX, "the edge bounds how much is asked for"
    rows = await tx.execute(_FUNDED, {"from_day": from_day, "to_day": to_day})
    return [Funded(*row) async for row in rows]


# From a month's settlements to their lines, and OFFSET 0 as in `lines`: whatever was sold before
# is not looked at.
_FUNDED = """
SELECT s.day, v.source, v.budget_id, coalesce(b.programme, ''), count(*), sum(v.fen)::bigint
  FROM settlement s
  JOIN settlement_line l ON l.settlement_id = s.id
 CROSS JOIN LATERAL (
   SELECT * FROM merchant_event_money e
    WHERE e.merchant_id = l.merchant_id AND e.kind = l.kind AND e.number = l.number OFFSET 0) AS m
 CROSS JOIN LATERAL (VALUES
   (1, 'government', m.government_budget, m.government_fen), (2, 'merchant', NULL, m.merchant_fen),
   (3, 'carbon', m.carbon_budget, m.carbon_fen)) AS v (place, source, budget_id, fen)
  LEFT JOIN funding_budget b ON b.id = v.budget_id
 WHERE s.day BETWEEN %(from_day)s AND %(to_day)s AND v.fen <> 0
 GROUP BY s.day, v.place, v.source, v.budget_id, b.programme
 ORDER BY s.day, v.place, v.budget_id
"""
