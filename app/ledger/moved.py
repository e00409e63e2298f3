"""Read: what moved a citizen's points besides acts and redemptions, newest first.

Expiry, adjustments, donations, refunds. They are few among many entries, so they are looked for
in a range of time: partitions outside of it are not touched.
"""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.ids import bucket_of
from app.ledger.tables import Kind
from app.ledger.units import POINTS


@dataclass(frozen=True, slots=True)
class Moved:
    """One such entry; points are signed."""

    seq: int
    kind: str
    points: int
    posted_at: datetime


async def between(
    tx: Tx, *, account_id: int, from_at: datetime | None, until_at: datetime | None, limit: int
) -> list[Moved]:
    """At most ``limit`` entries from one moment up to (not including) another, newest first."""
    rows = await tx.execute(
        _MOVED,
        {
            "bucket": bucket_of(account_id),
            "account_id": account_id,
            "unit": POINTS,
            "elsewhere": [Kind.earn.value, Kind.redeem.value],
            "since": from_at,
            "until": until_at,
            "limit": limit,
        },
    )
    return [Moved(seq, Kind(kind).name, points, at) async for seq, kind, points, at in rows]


_MOVED = """
SELECT seq, kind, amount, posted_at FROM entry
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND unit = %(unit)s
   AND kind <> ALL(%(elsewhere)s::smallint[])
   AND posted_at >= coalesce(%(since)s::timestamptz, '-infinity')
   AND posted_at < coalesce(%(until)s::timestamptz, 'infinity')
 ORDER BY seq DESC LIMIT %(limit)s
"""
