"""Read: the lines of settlements, worked out from the books: what tills did, offers, splits."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a till did; points and money are negative where they were taken back."""

    place: int
    kind: int
    number: str
    order_no: str
    at: datetime
    offline: bool
    points: int
    government_fen: int
    merchant_fen: int
    carbon_fen: int
    offer_id: UUID
    title_zh: str
    coupon_digest: bytes
    store_code: str
    till_code: str
    account_id: int
    redemption_id: UUID
    ref: UUID

    @property
    def face_value_fen(self) -> int:
        """What it was worth, whoever pays."""
        return self.government_fen + self.merchant_fen + self.carbon_fen

    @property
    def payable_fen(self) -> int:
        """What the programme owes the merchant: all but the merchant's own share."""
        return self.government_fen + self.carbon_fen


async def of_settlements(tx: Tx, *, settlement_ids: Collection[UUID]) -> dict[UUID, list[Line]]:
    """The lines of settlements in their order; one statement."""
    found: dict[UUID, list[Line]] = defaultdict(list)
    for row in await (await tx.execute(_LINES, (list(settlement_ids),))).fetchall():
        found[row[0]].append(Line(*row[1:]))
    return found


# OFFSET 0: each line looks its event up by its key. Left to itself, the planner reads all that
# was ever sold for the lines of a few merchants.
_LINES = """
SELECT l.settlement_id, l.place, l.kind, l.number, m.order_no, m.at, m.offline, m.points,
       m.government_fen, m.merchant_fen, m.carbon_fen, m.offer_id, o.title_zh, m.coupon_digest,
       l.store_code, l.till_code, m.account_id, m.redemption_id, m.ref
  FROM settlement_line l
 CROSS JOIN LATERAL (
   SELECT * FROM merchant_event_money e
    WHERE e.merchant_id = l.merchant_id AND e.kind = l.kind AND e.number = l.number OFFSET 0) AS m
  JOIN offer o ON o.id = m.offer_id
 WHERE l.settlement_id = ANY (%b::uuid[])
 ORDER BY l.settlement_id, l.place
"""
