"""Use case: whoever owes points and has some again pays; held points are left alone.

Called by the worker again and again. Nothing marks a debt as looked at: whoever owes and has
nothing available is simply not found.
"""

from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger import contra
from app.ledger.debts import debts, pay
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post, standings
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX


async def repay(
    tx: Tx, *, buckets: range, limit: int, ref: UUID, now: datetime, unit: int = POINTS
) -> int:
    """Collect what at most ``limit`` accounts owe and can pay.

    Args:
        tx: the caller's transaction.
        buckets: where to look.
        limit: how many accounts at most.
        ref: the run's id, which its entries carry.
        now: when (UTC).
        unit: what is owed.

    Returns:
        How many accounts paid; as many as ``limit`` means that more may wait.

    """
    arguments = {"first": buckets.start, "last": buckets.stop - 1, "unit": unit, "limit": limit}
    people = [account_id async for (account_id,) in await tx.execute(_ABLE, arguments)]
    if not people:
        return 0
    await lock_accounts(tx, account_ids=people, unit=unit, makes=False)
    owed = await debts(tx, account_ids=people, unit=unit)
    found = await standings(tx, account_ids=people, unit=unit)
    paid = {who: min(owed[who], found[who].available, POINTS_MAX) for who in people}
    paid = {who: points for who, points in paid.items() if points > 0}
    moves = [
        Move(who, Kind.repay, contra.RESERVE, ref, now, consumed=points)
        for who, points in paid.items()
    ]
    if paid:
        await pay(tx, paid=paid, unit=unit)
        await post(tx, moves=moves, unit=unit, now=now)
    return len(people)


_ABLE = """
SELECT d.account_id FROM debt d
  JOIN balance b ON b.bucket = d.bucket AND b.account_id = d.account_id AND b.unit = d.unit
 WHERE d.bucket BETWEEN %(first)s AND %(last)s AND d.unit = %(unit)s AND d.owed > 0
   AND b.earned - b.consumed - b.held > 0
 ORDER BY d.bucket, d.account_id LIMIT %(limit)s
"""
