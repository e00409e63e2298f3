"""Use cases: set points aside, spend them, or give them back.

A hold is not an entry: the points have not left yet. Spending writes the entry.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.ledger import balances
from app.ledger.errors import InsufficientPoints
from app.ledger.tables import Kind
from app.ledger.units import POINTS


async def hold(tx: Tx, *, account_id: int, points: int, unit: int = POINTS) -> None:
    """Set points aside so that nothing else can spend them.

    The guard stands in the WHERE of the statement that changes the row, so two requests of one
    citizen can never both take the last points.

    Raises:
        InsufficientPoints: fewer points are available.

    """
    assert points > 0, "a hold takes something"
    changed = await tx.execute(_HOLD, _key(account_id, unit) | {"points": points})
    if changed.rowcount == 0:
        available = (await balances.balance(tx, account_id=account_id)).available
        raise InsufficientPoints(
            f"{points} points are needed, {available} are available.",
            f"需要 {points} 积分,当前可用 {available} 积分。",
            needed=points,
            available=available,
        )


async def spend(
    tx: Tx,
    *,
    account_id: int,
    points: int,
    contra: int,
    ref: UUID,
    now: datetime,
    unit: int = POINTS,
) -> None:
    """Turn a hold into an entry in favour of ``contra``.

    Args:
        points: as many as were held for ``ref``.
        contra: who receives them: a merchant's number.
        ref: the redemption; its own row keeps it from being spent twice.
        now: when (UTC).
        unit: what was held.

    """
    spent = await tx.execute(
        _SPEND,
        _key(account_id, unit)
        | {"points": points, "contra": contra, "ref": ref, "kind": Kind.redeem.value, "now": now},
    )
    assert spent.rowcount == 1, "a hold that was taken is there to be spent"


async def release(tx: Tx, *, account_id: int, points: int, unit: int = POINTS) -> None:
    """Give held points back; they return to the very lots they came from.

    Args:
        points: as many as were held.
        unit: what was held.

    """
    released = await tx.execute(_RELEASE, _key(account_id, unit) | {"points": points})
    assert released.rowcount == 1, "a hold that was taken is there to be released"


async def release_many(tx: Tx, *, points_of: Mapping[int, int], unit: int = POINTS) -> None:
    """Give held points of any number of accounts back, in two statements.

    The balances are locked in key order first, as everybody locks them.

    Args:
        tx: the caller's transaction.
        points_of: per account, as many as were held.
        unit: which points.

    """
    if not points_of:
        return
    arguments = {
        "accounts": list(points_of),
        "points": list(points_of.values()),
        "unit": unit,
    }
    await tx.execute(_LOCK_MANY, arguments)
    released = await tx.execute(_RELEASE_MANY, arguments)
    assert released.rowcount == len(points_of), "holds that were taken are there to be released"


def _key(account_id: int, unit: int) -> dict[str, object]:
    return {"bucket": bucket_of(account_id), "account_id": account_id, "unit": unit}


_HOLD = """
UPDATE balance SET held = held + %(points)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND unit = %(unit)s
   AND earned - consumed - held >= %(points)s
"""

_RELEASE = """
UPDATE balance SET held = held - %(points)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND unit = %(unit)s
   AND held >= %(points)s
"""

_LOCK_MANY = """
SELECT count(*) FROM (
  SELECT 1 FROM balance b JOIN unnest(%(accounts)b::bigint[]) AS t (a)
      ON b.bucket = (a %% 1024)::smallint AND b.account_id = a AND b.unit = %(unit)s
   ORDER BY b.bucket, b.account_id FOR UPDATE OF b) AS locked
"""
_RELEASE_MANY = """
UPDATE balance b SET held = b.held - t.points
  FROM unnest(%(accounts)b::bigint[], %(points)b::bigint[]) AS t (account_id, points)
 WHERE b.bucket = (t.account_id %% 1024)::smallint AND b.account_id = t.account_id
   AND b.unit = %(unit)s AND b.held >= t.points
"""

_SPEND = """
WITH head AS (
  UPDATE balance b SET held = b.held - %(points)s, consumed = b.consumed + %(points)s,
         last_seq = b.last_seq + 1,
         last_posted_at = greatest(%(now)s, b.last_posted_at + interval '1 microsecond')
   WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND unit = %(unit)s
     AND held >= %(points)s
  RETURNING b.*
)
INSERT INTO entry (bucket, account_id, unit, seq, kind, amount, contra, ref,
                   earned_after, consumed_after, effective_at, posted_at)
SELECT bucket, account_id, unit, last_seq, %(kind)s, -%(points)s, %(contra)s, %(ref)s,
       earned, consumed, %(now)s, last_posted_at
  FROM head
"""
