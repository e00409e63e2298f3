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


_FUNDED = """
SELECT l.day, v.source, v.budget_id, coalesce(b.programme, ''), count(*), sum(v.fen)::bigint
  FROM settlement_line l
  JOIN merchant_event_money m ON m.merchant_id = l.merchant_id AND m.kind = l.kind
                             AND m.number = l.number
 CROSS JOIN LATERAL (VALUES
   (1, 'government', m.government_budget, m.government_fen), (2, 'merchant', NULL, m.merchant_fen),
   (3, 'carbon', m.carbon_budget, m.carbon_fen)) AS v (place, source, budget_id, fen)
  LEFT JOIN funding_budget b ON b.id = v.budget_id
 WHERE l.day BETWEEN %(from_day)s AND %(to_day)s AND v.fen <> 0
 GROUP BY l.day, v.place, v.source, v.budget_id, b.programme
 ORDER BY l.day, v.place, v.budget_id
"""
