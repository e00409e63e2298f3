"""Read: an account's entries, newest first, by the account's own gap-free sequence."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.ledger.tables import Kind
from app.ledger.units import POINTS


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as its owner sees it: signed points, and the balance after it."""

    seq: int
    kind: str
    points: int
    balance_after: int
    ref: UUID
    effective_at: datetime
    posted_at: datetime


async def page(
    tx: Tx, *, account_id: int, before_seq: int | None, limit: int, unit: int = POINTS
) -> list[Line]:
    """At most ``limit`` lines of a unit older than ``before_seq``; None starts at the newest.

    The sequence is gap-free and made under the account's lock, so pages put together are the
    whole statement even while new entries arrive.
    """
    rows = await tx.execute(
        _PAGE,
        {
            "bucket": bucket_of(account_id),
            "account_id": account_id,
            "unit": unit,
            "before": before_seq if before_seq is not None else 2**31 - 1,
            "limit": limit,
        },
    )
    return [
        Line(seq, Kind(kind).name, amount, after, ref, effective_at, posted_at)
        async for seq, kind, amount, after, ref, effective_at, posted_at in rows
    ]


_PAGE = """
SELECT seq, kind, amount, earned_after - consumed_after, ref, effective_at, posted_at
  FROM entry
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND unit = %(unit)s
   AND seq < %(before)s
 ORDER BY seq DESC LIMIT %(limit)s
"""
