"""Read: what is claimed from the government for a month: by programme and offer, and why.

Each coupon is named by a hash, so an auditor can tell that none is claimed twice, and cannot use
one. The claim is made of settled lines, so it is the same each time once the month is closed.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.database import Tx
from app.settlement import files
from app.settlement.tables import LineKind

CLAIM, COUPONS, MANIFEST = "claim.csv", "coupons.csv", "manifest.json"
_CLAIM_HEADER = ("programme", "budget_id", "offer_id", "offer", "sales", "taken_back", "fen")
_COUPONS_HEADER = ("programme", "offer_id", "coupon_sha256", "type", "day", "fen")
_PURPOSE = b"puhui subsidy claim\0"


@dataclass(slots=True)
class _Sum:
    sales: int = 0
    taken_back: int = 0
    fen: int = 0


async def claim(tx: Tx, *, month: date) -> dict[str, bytes]:
    """The three files of a month's claim, by name.

    Args:
        tx: a reading connection.
        month: its first day; days count by the settlement in which a line stands.

    """
    assert month.day == 1, "a month is named by its first day"
    last = last_day(month)
    rows = [row async for row in await tx.execute(_LINES, {"from_day": month, "last": last})]
    row = await (await tx.execute(_CLOSED, (last,))).fetchone()
    sums: dict[tuple[str, UUID, UUID, str], _Sum] = {}
    coupons = []
    for programme, budget_id, offer_id, title, kind, day, fen, digest in rows:
        total = sums.setdefault((programme, budget_id, offer_id, title), _Sum())
        total.sales += kind == LineKind.sale
        total.taken_back += kind != LineKind.sale
        total.fen += fen
        name = coupon_name(bytes(digest))
        coupons.append((programme, str(offer_id), name, LineKind(kind).name, str(day), fen))
    claimed = [
        (programme, str(budget_id), str(offer_id), title, each.sales, each.taken_back, each.fen)
        for (programme, budget_id, offer_id, title), each in sums.items()
    ]
    parts = {
        CLAIM: files.table(_CLAIM_HEADER, claimed),
        COUPONS: files.table(_COUPONS_HEADER, coupons),
    }
    facts = {
        "format": "puhui-subsidy-claim-1",
        "month": f"{month:%Y-%m}",
        "complete": row is not None,
        "lines": len(coupons),
        "fen": sum(each.fen for each in sums.values()),
    }
    return parts | {MANIFEST: files.manifest_of(facts, parts)}


def last_day(month: date) -> date:
    """The last day of a month that is named by its first."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def coupon_name(digest: bytes) -> str:
    """The name under which a coupon stands in a claim."""
    return hashlib.sha256(_PURPOSE + digest).hexdigest()


# As in `funders`.
_LINES = """
SELECT coalesce(b.programme, ''), m.government_budget, m.offer_id, o.title_zh, l.kind, s.day,
       m.government_fen, m.coupon_digest
  FROM settlement s
  JOIN settlement_line l ON l.settlement_id = s.id
 CROSS JOIN LATERAL (
   SELECT * FROM merchant_event_money e
    WHERE e.merchant_id = l.merchant_id AND e.kind = l.kind AND e.number = l.number OFFSET 0) AS m
  JOIN offer o ON o.id = m.offer_id
  LEFT JOIN funding_budget b ON b.id = m.government_budget
 WHERE s.day BETWEEN %(from_day)s AND %(last)s AND m.government_fen <> 0
 ORDER BY 1, 2, m.offer_id, s.day, s.id, l.place
"""
_CLOSED = "SELECT FROM settlement_day WHERE day = %s AND closed_at IS NOT NULL"
