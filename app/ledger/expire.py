"""Use case: points whose last day has passed leave. Held ones stay as long as they are held.

Nothing marks an account as done: what is due is read off the axis each time, so a run that was
interrupted, came late or ran twice ends as if it had run once. Points that a hold protected, or
that a refund brought back, are found by a later run.
"""

from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.ledger import contra
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX


async def expire(
    tx: Tx,
    *,
    buckets: range,
    limit: int,
    today: date,
    zone: str,
    ref: UUID,
    now: datetime,
    unit: int = POINTS,
) -> int:
    """Expire the points of at most ``limit`` accounts.

    Args:
        tx: the caller's transaction.
        buckets: where to look.
        limit: how many accounts at most.
        today: the programme's civil day; a lot's last day is still good.
        zone: the programme's zone: its midnights end a lot's last day.
        ref: the run's id, which its entries carry.
        now: when we book (UTC).
        unit: what expires.

    Returns:
        How many accounts were looked at; as many as ``limit`` means that more may wait.

    """
    arguments = {
        "first": buckets.start,
        "last": buckets.stop - 1,
        "unit": unit,
        "today": today,
        "limit": limit,
    }
    people = [account_id async for (account_id,) in await tx.execute(_DUE, arguments)]
    if not people:
        return 0
    await lock_accounts(tx, account_ids=people, unit=unit, makes=False)
    moves = []
    # Read again, in a statement that sees whatever the lock waited for.
    again = {"accounts": people, "unit": unit, "today": today, "zone": zone, "most": POINTS_MAX}
    async for account_id, due, happened_at in await tx.execute(_DUE_NOW, again):
        moves.append(Move(account_id, Kind.expire, contra.EXPIRY, ref, happened_at, consumed=due))
    await post(tx, moves=moves, unit=unit, now=now)
    return len(people)


_DUE = """
SELECT b.account_id
  FROM balance b
 WHERE b.bucket BETWEEN %(first)s AND %(last)s AND b.unit = %(unit)s
   AND b.earned > b.consumed + b.held
   AND CASE WHEN b.last_expiry < %(today)s THEN true ELSE EXISTS (
         SELECT FROM lot l WHERE l.bucket = b.bucket AND l.account_id = b.account_id
            AND l.unit = b.unit AND l.expires_on < %(today)s
            AND l.cum_earned > b.consumed + b.held) END
 ORDER BY b.bucket, b.account_id LIMIT %(limit)s
"""
# It happened when the last day ended, but never before the entry that precedes it: points may
# have come back after their day.
_DUE_NOW = """
SELECT b.account_id, least(m.cum_earned - b.consumed - b.held, %(most)s),
       greatest((m.expires_on + 1)::timestamp AT TIME ZONE %(zone)s, b.last_posted_at)
  FROM balance b JOIN unnest(%(accounts)b::bigint[]) AS t (a)
    ON b.bucket = (a %% 1024)::smallint AND b.account_id = a AND b.unit = %(unit)s
  JOIN LATERAL (
    SELECT b.last_expiry AS expires_on, b.earned AS cum_earned WHERE b.last_expiry < %(today)s
     UNION ALL
    SELECT l.expires_on, l.cum_earned FROM lot l
     WHERE l.bucket = b.bucket AND l.account_id = b.account_id AND l.unit = b.unit
       AND l.expires_on < %(today)s
     ORDER BY 1 DESC LIMIT 1) AS m ON m.cum_earned > b.consumed + b.held
"""
