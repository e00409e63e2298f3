"""Door for `puhui verify`: is the roll-up what the entries say, to the last point?"""

from zoneinfo import ZoneInfo

from app.checks import Check
from app.database import Tx
from app.ledger.rollup import BROKEN, CONSUMER
from app.ledger.tables import Kind

_FIRST = -(2**63)
_CURSOR = "SELECT xid FROM ledger_cursor WHERE consumer = %s"
# Entries above the cursor are the tail: the roll-up does not claim them.
_ROLLUP = """
WITH folded AS (
  SELECT contra, unit, kind, (posted_at AT TIME ZONE %(zone)s)::date AS day,
         count(*) FILTER (WHERE xid <= %(upto)s) AS n,
         coalesce(sum(amount) FILTER (WHERE xid <= %(upto)s), 0) AS points, count(*) AS seen
    FROM entry GROUP BY 1, 2, 3, 4
)
SELECT coalesce(sum(f.seen), 0), count(*) FILTER (
         WHERE coalesce(f.n, 0) <> coalesce(r.n, 0)
            OR coalesce(f.points, 0) <> coalesce(r.points, 0))
  FROM folded f FULL JOIN rollup r USING (contra, unit, kind, day)
"""
_BREAKAGE = f"""
SELECT coalesce(sum(f.n), 0), count(*) FILTER (
         WHERE coalesce(f.n, 0) <> coalesce(b.n, 0)
            OR coalesce(f.points, 0) <> coalesce(b.points, 0))
  FROM ({BROKEN}) AS f FULL JOIN breakage b USING (unit, day)
"""
_NAMED = """
SELECT count(*), count(*) FILTER (WHERE c.number IS NULL)
  FROM (SELECT DISTINCT contra FROM rollup WHERE contra < 1000) AS r
  LEFT JOIN counter_account c ON c.number = r.contra
"""


async def checks(tx: Tx, *, zone: ZoneInfo) -> list[Check]:
    """The laws of the roll-up, with how many rows were read and how many groups break them.

    Args:
        tx: one snapshot.
        zone: the programme's, with which the days were made.

    """
    row = await (await tx.execute(_CURSOR, (CONSUMER,))).fetchone()
    facts = {"after": _FIRST, "upto": row[0] if row else 0}
    facts |= {"zone": zone.key, "expire": Kind.expire.value}
    found = []
    for name, sql in _CHECKS:
        row = await (await tx.execute(sql, facts)).fetchone()
        assert row is not None, "a count always answers"
        found.append(Check(name, int(row[0]), int(row[1])))
    return found


_CHECKS = (
    ("ledger.rollup_and_tail_are_the_fold_of_all_entries", _ROLLUP),
    ("ledger.breakage_is_the_fold_of_expired_entries", _BREAKAGE),
    ("ledger.who_gives_and_takes_points_has_a_name", _NAMED),
)
