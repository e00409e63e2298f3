"""Tell and count those whom a withdrawal makes whole, in the transaction that does it.

Killed in the middle, nothing of it has happened; run again, nobody is found twice.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.notices.enqueue import enqueue
from app.rewards.release_units import Resolved

TEMPLATE = "offer_withdrawn"


async def tell(tx: Tx, *, offer_id: UUID, resolved: Sequence[Resolved], now: datetime) -> None:
    """Promise each holder one message and add them to the withdrawal's report.

    Args:
        tx: the transaction in which their coupons or tickets were closed.
        offer_id: which offer was taken back.
        resolved: what was closed, each once.
        now: when (UTC).

    """
    if not resolved:
        return
    points_of: Counter[int] = Counter()
    for each in resolved:
        points_of[each.account_id] += each.points
    row = await (await tx.execute(_REASON, (offer_id,))).fetchone()
    assert row is not None, "it was taken back"
    words = dict(zip(("title_zh", "title_en", "reason_zh", "reason_en"), row, strict=True))
    await enqueue(
        tx,
        template=TEMPLATE,
        facts_of={
            account_id: {"offer_id": str(offer_id), "points": points} | words
            for account_id, points in points_of.items()
        },
        now=now,
    )
    counted = {"offer_id": offer_id, "n": len(resolved), "points": points_of.total()}
    await tx.execute(_COUNT, counted)


_REASON = """
SELECT o.title_zh, o.title_en, w.reason_zh, w.reason_en
  FROM offer o JOIN offer_withdrawal w ON w.offer_id = o.id WHERE o.id = %s
"""
_COUNT = """
UPDATE offer_withdrawal SET released = released + %(n)s, points = points + %(points)s
 WHERE offer_id = %(offer_id)s
"""
