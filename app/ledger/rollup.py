"""Use case: roll entries up into totals of the counter-accounts, behind the watermark.

A counter-account (programme, sponsor, pool, merchant) has no row that a citizen's transaction
could wait for. The worker sums its entries up by unit, kind and day of booking in the programme's
zone, each entry exactly once; what has not been summed up yet is the tail, which readers add.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.database import Tx
from app.ledger import contra, follow
from app.ledger.tables import Kind

CONSUMER = "rollup"
ENTRIES_PER_STEP = 200_000


@dataclass(frozen=True, slots=True)
class PoolTotal:
    """What citizens gave to a pool: whole points, in how many donations."""

    number: int
    name_zh: str
    name_en: str
    unit: str
    points: int
    donations: int


async def fold(tx: Tx, *, zone: ZoneInfo, limit: int = ENTRIES_PER_STEP) -> int | None:
    """Roll up what is new, in one transaction with the cursor.

    Args:
        tx: a transaction of its own.
        zone: the programme's; the day of an entry is that of its booking there, and the zone of
            a programme never changes.
        limit: about how many entries.

    Returns:
        How many entries were rolled up; None if nothing is new, or another worker is at it.

    """
    found = await follow.window(tx, consumer=CONSUMER, limit=limit)
    if found is None:
        return None
    window = {
        "after": found.after_xid,
        "upto": found.upto_xid,
        "zone": zone.key,
        "expire": Kind.expire.value,
    }
    await tx.execute(_FOLD, window)
    await tx.execute(_FOLD_BREAKAGE, window)
    await follow.advance(tx, consumer=CONSUMER, upto_xid=found.upto_xid)
    return found.entries


async def pools(tx: Tx) -> list[PoolTotal]:
    """The pools and what they were given, from the roll-up: at most a minute old."""
    rows = await tx.execute(_POOLS, {"first": contra.FIRST_POOL, "end": contra.FIRST_MERCHANT})
    return [PoolTotal(*row) async for row in rows]


_FOLD = """
INSERT INTO rollup AS r (contra, unit, kind, day, n, points)
SELECT contra, unit, kind, (posted_at AT TIME ZONE %(zone)s)::date, count(*), sum(amount)
  FROM entry WHERE xid > %(after)s AND xid <= %(upto)s
 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (contra, unit, kind, day) DO UPDATE SET
  n = r.n + EXCLUDED.n, points = r.points + EXCLUDED.points
"""
BROKEN = """
WITH gone AS MATERIALIZED (       -- where on its axis each expired point stood
  SELECT bucket, account_id, unit, consumed_after + amount AS low, consumed_after AS high
    FROM entry WHERE xid > %(after)s AND xid <= %(upto)s AND kind = %(expire)s
), mark AS (                      -- the lots of those accounts; places never change their lot
  SELECT l.bucket, l.account_id, l.unit, l.expires_on, l.cum_earned
    FROM lot l WHERE (l.bucket, l.account_id, l.unit) IN (SELECT bucket, account_id, unit FROM gone)
   UNION ALL
  SELECT b.bucket, b.account_id, b.unit, b.last_expiry, b.earned FROM balance b
   WHERE (b.bucket, b.account_id, b.unit) IN (SELECT bucket, account_id, unit FROM gone)
), lots AS (
  SELECT m.*, lag(cum_earned, 1, 0::bigint) OVER w AS before FROM mark m
  WINDOW w AS (PARTITION BY bucket, account_id, unit ORDER BY expires_on)
)
SELECT unit, expires_on AS day, count(*) AS n,
       sum(least(high, cum_earned) - greatest(low, before))::bigint AS points
  FROM gone JOIN lots USING (bucket, account_id, unit)
 WHERE least(high, cum_earned) > greatest(low, before)
 GROUP BY 1, 2
"""
"""Expired points by the last day of the lot they were in, exact however late they were swept."""
_FOLD_BREAKAGE = f"""
INSERT INTO breakage AS b (unit, day, n, points)
SELECT unit, day, n, points FROM ({BROKEN}) AS broken ORDER BY 1, 2
ON CONFLICT (unit, day) DO UPDATE SET
  n = b.n + EXCLUDED.n, points = b.points + EXCLUDED.points
"""
_POOLS = """
SELECT c.number, c.name_zh, c.name_en,
       (SELECT u.code FROM unit u WHERE u.id = coalesce(r.unit, 1::smallint)),
       coalesce(-sum(r.points), 0)::bigint, coalesce(sum(r.n), 0)::bigint
  FROM counter_account c LEFT JOIN rollup r ON r.contra = c.number
 WHERE c.number >= %(first)s AND c.number < %(end)s
 GROUP BY c.number, c.name_zh, c.name_en, r.unit ORDER BY c.number, r.unit
"""
