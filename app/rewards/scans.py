"""Door: what a merchant's tills have taken. Reads only, by their owner."""

from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from app.database import Tx
from app.rewards.scan import Scanned

ZONE = ZoneInfo("Asia/Shanghai")
"""Where the merchants' day begins at midnight."""


def day_start(now: datetime) -> datetime:
    """The first moment of the merchants' civil day in which ``now`` lies (UTC)."""
    return datetime.combine(now.astimezone(ZONE).date(), time.min, ZONE).astimezone(UTC)


async def page(
    tx: Tx,
    *,
    merchant_id: UUID,
    since: datetime,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Scanned]:
    """At most ``limit`` of the merchant's scans, the newest first.

    Args:
        tx: a reading connection.
        merchant_id: whose.
        since: no older ones (UTC).
        before: time and order number of the last one of the page before; None starts at the
            newest.
        limit: how many at most.

    """
    last_at, last_order_no = before or (datetime.max.replace(tzinfo=UTC), "")
    rows = await tx.execute(
        _PAGE,
        {
            "merchant_id": merchant_id,
            "since": since,
            "last_at": last_at,
            "last_order_no": last_order_no,
            "limit": limit,
        },
    )
    return [Scanned(*row) async for row in rows]


_PAGE = """
SELECT s.order_no, s.redemption_id, r.offer_id, o.title_zh, o.title_en, s.points, s.scanned_at
  FROM scan s
  JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                   AND r.id = s.redemption_id
  JOIN offer o ON o.id = r.offer_id
 WHERE s.merchant_id = %(merchant_id)s AND s.scanned_at >= %(since)s
   AND (s.scanned_at, s.order_no) < (%(last_at)s, %(last_order_no)s)
 ORDER BY s.scanned_at DESC, s.order_no DESC LIMIT %(limit)s
"""
