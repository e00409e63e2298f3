"""A key for the demo's first till, so that a person can stand at its counter.

Keys are shown once and kept nowhere, so each run of the demo gives the till a new one; the one
before opens it for an hour more.
"""

from datetime import datetime, timedelta

from app.database import Tx
from app.demo import city
from app.merchants import directory, equip, tills

OVERLAP = timedelta(minutes=equip.OVERLAP_MINUTES_MAX)


async def fresh_key(tx: Tx, *, now: datetime) -> str | None:
    """A key of the till whose shop gives the city's first offer; None if nobody has left a till.

    Args:
        tx: the caller's transaction.
        now: when (UTC).

    """
    shop = await directory.by_code(tx, code=city.OFFERS[0][0])
    found = await tills.page(tx, merchant_id=shop.id, after=None, limit=100, now=now)
    for till in found:
        if till.state == "active":
            issued = await equip.rotate(
                tx,
                merchant_id=shop.id,
                till_id=till.id,
                overlap=OVERLAP,
                actor="process:demo",
                now=now,
            )
            return issued.key
    return None
