"""Read: whose points paid for a coupon, or for a merchant's day; for settlement.

The purchases are found by their scans; the ledger knows which points they took.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from app.database import Tx
from app.ids import BUCKETS
from app.ledger.attribution import SPENDINGS_MAX, Part, attribute


async def for_redemption(tx: Tx, *, redemption_id: UUID) -> list[Part]:
    """Whose points paid for one coupon; nobody's for one that was not scanned."""
    arguments = {"buckets": list(range(BUCKETS)), "redemption_id": redemption_id}
    rows = await tx.execute(_BY_REDEMPTION, arguments)
    return await _parts(tx, await rows.fetchall())


async def for_merchant(tx: Tx, *, merchant_id: UUID, day: date) -> list[Part]:
    """Whose points paid for what a merchant's tills took on one civil day."""
    rows = await tx.execute(_BY_MERCHANT, {"merchant_id": merchant_id, "day": day})
    return await _parts(tx, await rows.fetchall())


async def _parts(tx: Tx, found: Sequence[tuple[int, UUID, int]]) -> list[Part]:
    """Unit by unit: points of a campaign lie on an axis of their own."""
    parts: list[Part] = []
    for unit in sorted({each[2] for each in found}):
        spendings = [(account_id, ref) for account_id, ref, its in found if its == unit]
        for at in range(0, len(spendings), SPENDINGS_MAX):
            some = spendings[at : at + SPENDINGS_MAX]
            parts += await attribute(tx, spendings=some, unit=unit)
    return parts


# Every bucket is named, so each is one look into the unique index of (bucket, redemption_id).
_BY_REDEMPTION = """
SELECT s.account_id, s.redemption_id, r.unit
  FROM scan s
  JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                   AND r.id = s.redemption_id
 WHERE s.bucket = ANY (%(buckets)b::smallint[]) AND s.redemption_id = %(redemption_id)s
"""
_BY_MERCHANT = """
SELECT s.account_id, s.redemption_id, r.unit
  FROM scan s
  JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                   AND r.id = s.redemption_id
 WHERE s.merchant_id = %(merchant_id)s
   AND s.scanned_at >= %(day)s::date::timestamp AT TIME ZONE (SELECT programme_zone())
   AND s.scanned_at < (%(day)s::date + 1)::timestamp AT TIME ZONE (SELECT programme_zone())
 ORDER BY s.bucket, s.account_id
"""
