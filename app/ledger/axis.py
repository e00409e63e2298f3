"""The axis of an account's points: when a lot is closed.

Every point has a place 1..``earned``; lots are marks on that axis. The newest lot is the balance's
own (``last_expiry``, ``earned``) and needs no row, so a credit writes none. Only when points
arrive that expire later is the mark of those before them written down.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from app.database import Tx
from app.lanes import routed


async def close_lots(
    tx: Tx,
    *,
    account_ids: Iterable[int],
    unit: int,
    expires_on: date,
    buckets: Sequence[int] | None = None,
) -> list[int]:
    """Write down the newest mark of accounts whose points expire before ``expires_on``.

    From here on the newest lot is that of ``expires_on``; the caller books points into it in the
    same transaction.

    Args:
        tx: the caller's transaction, which has locked the balances.
        account_ids: whose points are to be added to.
        unit: which balances.
        expires_on: the last day of the points to come.
        buckets: of a lane, which hold all accounts.

    Returns:
        The accounts whose lot was closed; seldom any, except at the turn of a quarter.

    """
    arguments = {
        "accounts": list(account_ids),
        "unit": unit,
        "expires_on": expires_on,
        "buckets": buckets,
    }
    rows = await tx.execute(routed(_CLOSE, buckets), arguments)
    return [account_id async for (account_id,) in rows]


_CLOSE = """
WITH old AS MATERIALIZED (
  SELECT b.bucket, b.account_id, b.unit, b.last_expiry, b.earned
    FROM balance b JOIN (SELECT DISTINCT a FROM unnest(%(accounts)b::bigint[]) AS t (a)) AS t
      ON b.bucket = (a %% 1024)::smallint AND b.account_id = a AND b.unit = %(unit)s
   WHERE b.last_expiry < %(expires_on)s AND b.earned > 0 /* lane: b */
), closed AS (
  INSERT INTO lot (bucket, account_id, unit, expires_on, cum_earned)
  SELECT bucket, account_id, unit, last_expiry, earned FROM old ORDER BY 1, 2
)
UPDATE balance b SET last_expiry = %(expires_on)s
  FROM old
 WHERE b.bucket = old.bucket AND b.account_id = old.account_id AND b.unit = old.unit
   /* lane: b */
RETURNING b.account_id
"""
