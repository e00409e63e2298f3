"""Door for `puhui verify`: are the chains of seals without a gap, and is everything sealed?

These checks count; they hash nothing. `app.ledger.seal_verify` computes every seal again.
"""

from app.checks import Check
from app.database import Tx

_CONTIGUOUS = """
WITH chained AS (
  SELECT bucket::int AS bucket, nth, after_xid, upto_xid FROM seal
   UNION ALL
  SELECT -1, nth, after_xid, upto_xid FROM seal_round
)
SELECT count(*), count(*) FILTER (WHERE nth <> last + 1 OR after_xid <> below)
  FROM (SELECT nth, after_xid, lag(nth, 1, 0::bigint) OVER w AS last,
               lag(upto_xid, 1, 0::bigint) OVER w AS below
          FROM chained WINDOW w AS (PARTITION BY bucket ORDER BY nth)) AS links
"""
# Buckets whose entries below the watermark are not as many as its seals say, more or less.
_COMPLETE = """
WITH edge AS (SELECT coalesce(max(upto_xid), 0) AS xid FROM seal_round),
booked AS (SELECT bucket, count(*) AS n FROM entry, edge WHERE entry.xid <= edge.xid GROUP BY 1),
sealed AS (SELECT bucket, sum(entries) AS n FROM seal GROUP BY 1)
SELECT coalesce(sum(b.n), 0), count(*) FILTER (WHERE coalesce(b.n, 0) <> coalesce(s.n, 0))
       + (SELECT count(*) FROM entry, edge, ledger_cursor c
           WHERE c.consumer = 'seal' AND entry.xid > edge.xid AND entry.xid <= c.xid)
  FROM booked b FULL JOIN sealed s USING (bucket)
"""
_CHECKS = (
    ("ledger.seal_chains_are_contiguous", _CONTIGUOUS),
    ("ledger.nothing_below_the_watermark_is_unsealed", _COMPLETE),
)


async def checks(tx: Tx) -> list[Check]:
    """The laws of the seals, with how many rows were read and how many break them."""
    found = []
    for name, sql in _CHECKS:
        row = await (await tx.execute(sql)).fetchone()
        assert row is not None, "a count always answers"
        found.append(Check(name, int(row[0]), int(row[1])))
    return found
