"""Read: whose points paid for a coupon, or for a merchant's day; for settlement.

The purchases are found by their scans; the ledger knows which points they took.
"""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from app.database import Tx
from app.ids import BUCKETS
from app.ledger.attribution import SPENDINGS_MAX, Part, Spending, attribute
from app.rewards.scans import ZONE


async def for_redemption(tx: Tx, *, redemption_id: UUID) -> list[Part]:
    """Whose points paid for one coupon; nobody's for one that was not scanned."""
    arguments = {"buckets": list(range(BUCKETS)), "redemption_id": redemption_id}
    rows = await tx.execute(_BY_REDEMPTION, arguments)
    return await _parts(tx, [(account_id, ref) async for account_id, ref in rows])


async def for_merchant(tx: Tx, *, merchant_id: UUID, day: date) -> list[Part]:
    """Whose points paid for what a merchant's tills took on one civil day."""
    begins = datetime.combine(day, time.min, ZONE).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time.min, ZONE).astimezone(UTC)
    rows = await tx.execute(
        _BY_MERCHANT, {"merchant_id": merchant_id, "begins": begins, "ends": ends}
    )
    return await _parts(tx, [(account_id, ref) async for account_id, ref in rows])


async def _parts(tx: Tx, spendings: list[Spending]) -> list[Part]:
    parts: list[Part] = []
    for at in range(0, len(spendings), SPENDINGS_MAX):
        parts += await attribute(tx, spendings=spendings[at : at + SPENDINGS_MAX])
    return parts


# Every bucket is named, so each is one look into the unique index of (bucket, redemption_id).
_BY_REDEMPTION = """
SELECT account_id, redemption_id FROM scan
 WHERE bucket = ANY (%(buckets)b::smallint[]) AND redemption_id = %(redemption_id)s
"""
_BY_MERCHANT = """
SELECT account_id, redemption_id FROM scan
 WHERE merchant_id = %(merchant_id)s AND scanned_at >= %(begins)s AND scanned_at < %(ends)s
 ORDER BY bucket, account_id
"""
