"""Door: what is in a settlement; the citizen's wallet shows it, and it is not undone any more."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from app.database import Tx
from app.rewards.tables import RedemptionState


async def mark(tx: Tx, *, day: date, coupons: Collection[tuple[int, UUID]]) -> int:
    """Note the day on coupons that are spent.

    Coupons are locked in key order, as everybody locks them. One whose sale is being undone at
    this moment is waited for, and, when it is free again, left alone.

    Args:
        tx: the caller's transaction.
        day: the business day in whose settlement the sales stand.
        coupons: account and redemption, any number.

    Returns:
        How many were marked.

    """
    arguments = {
        "accounts": [account_id for account_id, _ in coupons],
        "ids": [redemption_id for _, redemption_id in coupons],
        "day": day,
        "spent": RedemptionState.spent.value,
    }
    await tx.execute(_LOCK, arguments)
    return (await tx.execute(_MARK, arguments)).rowcount


_LOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM redemption r
    JOIN unnest(%(accounts)b::bigint[], %(ids)b::uuid[]) AS t (account_id, id)
      ON r.bucket = (t.account_id %% 1024)::smallint AND r.account_id = t.account_id
     AND r.id = t.id
   ORDER BY r.bucket, r.account_id, r.id FOR UPDATE OF r) AS locked
"""
_MARK = """
UPDATE redemption r SET settled_on = %(day)s
  FROM unnest(%(accounts)b::bigint[], %(ids)b::uuid[]) AS t (account_id, id)
 WHERE r.bucket = (t.account_id %% 1024)::smallint AND r.account_id = t.account_id
   AND r.id = t.id AND r.state = %(spent)s AND r.settled_on IS NULL
"""
