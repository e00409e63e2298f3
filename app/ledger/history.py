"""Reads: what an account had at a past moment, as it was known then, or as it was in effect.

Both count what was booked. Points that were held at that moment are in both figures: a hold is
not an entry and leaves none. A booking is known from the moment its request came in, which is
seconds before its commit at most: only an answer about the last seconds may still change.
"""

from datetime import datetime

from app.database import Tx
from app.ids import bucket_of
from app.ledger.units import POINTS


async def known_at(tx: Tx, *, account_id: int, at: datetime, unit: int = POINTS) -> int:
    """The balance that a statement printed at ``at`` would have shown: one index probe."""
    row = await (await tx.execute(_KNOWN, _key(account_id, at, unit))).fetchone()
    return 0 if row is None else int(row[0])


async def effective_at(tx: Tx, *, account_id: int, at: datetime, unit: int = POINTS) -> int:
    """The sum of what had happened by ``at``, whenever booked; reads the account's entries."""
    row = await (await tx.execute(_EFFECTIVE, _key(account_id, at, unit))).fetchone()
    assert row is not None, "a sum is always one row"
    return int(row[0])


def _key(account_id: int, at: datetime, unit: int) -> dict[str, object]:
    return {"bucket": bucket_of(account_id), "account_id": account_id, "unit": unit, "at": at}


_KNOWN = """
SELECT earned_after - consumed_after FROM entry
 WHERE account_id = %(account_id)s AND unit = %(unit)s AND bucket = %(bucket)s
   AND posted_at <= %(at)s
 ORDER BY seq DESC LIMIT 1
"""
_EFFECTIVE = """
SELECT coalesce(sum(amount), 0) FROM entry
 WHERE account_id = %(account_id)s AND unit = %(unit)s AND bucket = %(bucket)s
   AND effective_at <= %(at)s
"""
