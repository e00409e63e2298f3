"""Use case: who is to be told that points expire in 30, 7 or 1 days. Each is found exactly once.

That somebody was found is written down in the caller's transaction, in which the message is
promised: a crash undoes both. A run that comes late finds what is nearest: whoever should have
been told of 30 days and has 6 left is told of 7, once.
"""

from dataclasses import dataclass
from datetime import date, datetime

from app.database import Tx
from app.ledger.units import POINTS


@dataclass(frozen=True, slots=True)
class Expiring:
    """Somebody to be told: ``points`` can be spent for ``days_left`` more days after today."""

    account_id: int
    points: int
    expires_on: date
    days_left: int


async def expiring(
    tx: Tx, *, buckets: range, limit: int, today: date, now: datetime, unit: int = POINTS
) -> list[Expiring]:
    """At most ``limit`` notices that are due and were not given; they count as given now.

    Args:
        tx: the caller's transaction, in which the messages are promised.
        buckets: where to look.
        limit: how many at most; as many as that means that more may wait.
        today: the programme's civil day.
        now: when (UTC).
        unit: what expires.

    Returns:
        Whom to tell what. Points that are held are not counted: they are spoken for.

    """
    arguments = {
        "first": buckets.start,
        "last": buckets.stop - 1,
        "unit": unit,
        "today": today,
        "limit": limit,
        "now": now,
    }
    return [Expiring(*row) async for row in await tx.execute(_EXPIRING, arguments)]


# A balance is looked at only when a mark of its axis lies in the window.
_EXPIRING = """
WITH marks AS MATERIALIZED (
  SELECT b.bucket, b.account_id, b.unit, m.expires_on, m.expires_on - %(today)s::date AS days_left,
         m.cum_earned - greatest(b.consumed + b.held, m.before) AS points
    FROM balance b CROSS JOIN LATERAL (
      SELECT expires_on, cum_earned,
             lag(cum_earned, 1, 0::bigint) OVER (ORDER BY expires_on) AS before
        FROM (SELECT l.expires_on, l.cum_earned FROM lot l
               WHERE l.bucket = b.bucket AND l.account_id = b.account_id AND l.unit = b.unit
                 AND l.cum_earned > b.consumed + b.held
               UNION ALL SELECT b.last_expiry, b.earned) AS every) AS m
   WHERE b.bucket BETWEEN %(first)s AND %(last)s AND b.unit = %(unit)s
     AND b.earned > b.consumed + b.held
     AND m.expires_on BETWEEN %(today)s AND %(today)s::date + 30
), due AS (
  SELECT m.*, CASE WHEN days_left <= 1 THEN 1 WHEN days_left <= 7 THEN 7 ELSE 30 END AS days
    FROM marks m WHERE points > 0
), told AS (
  INSERT INTO expiry_notice (bucket, account_id, unit, expires_on, days, told_at)
  SELECT bucket, account_id, unit, expires_on, days, %(now)s FROM due d
   WHERE NOT EXISTS (SELECT FROM expiry_notice n
                      WHERE n.bucket = d.bucket AND n.account_id = d.account_id
                        AND n.unit = d.unit AND n.expires_on = d.expires_on AND n.days = d.days)
   ORDER BY bucket, account_id, expires_on LIMIT %(limit)s
  ON CONFLICT DO NOTHING
  RETURNING account_id, expires_on
)
SELECT account_id, points, expires_on, days_left
  FROM told JOIN due USING (account_id, expires_on) ORDER BY account_id, expires_on
"""
