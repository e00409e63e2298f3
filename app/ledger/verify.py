"""Door for `puhui verify`: is the book of points what its entries say?

Each check counts what breaks a law; none repairs anything. They scan whole tables, in one
snapshot, and may run while the service works.
"""

from app.checks import Check
from app.database import Tx

_BALANCES = """
SELECT count(*), count(*) FILTER (
         WHERE coalesce(e.total, 0) <> b.earned - b.consumed
            OR coalesce(e.last, 0) <> b.last_seq OR coalesce(e.n, 0) <> b.last_seq)
  FROM balance b
  FULL JOIN (SELECT bucket, account_id, unit, sum(amount) AS total, max(seq) AS last,
                    count(*) AS n
               FROM entry GROUP BY 1, 2, 3) e USING (bucket, account_id, unit)
"""
_CHAIN = """
SELECT count(*), count(*) FILTER (
         WHERE after <> before + amount OR posted_at <= earlier OR seq <> coalesce(last, 0) + 1
            OR earned_after < consumed_after)
  FROM (SELECT amount, earned_after, consumed_after, earned_after - consumed_after AS after,
               posted_at, seq, lag(seq) OVER w AS last, lag(posted_at) OVER w AS earlier,
               lag(earned_after - consumed_after, 1, 0::bigint) OVER w AS before
          FROM entry WINDOW w AS (PARTITION BY bucket, account_id, unit ORDER BY seq)) AS chain
"""
_AXIS = """
SELECT count(*), count(*) FILTER (WHERE cum_earned <= before OR (is_last AND cum_earned <> earned))
  FROM (SELECT l.cum_earned, b.earned, lag(l.cum_earned, 1, 0::bigint) OVER w AS before,
               lead(l.expires_on) OVER w IS NULL AS is_last
          FROM lot l JOIN balance b USING (bucket, account_id, unit)
        WINDOW w AS (PARTITION BY l.bucket, l.account_id, l.unit ORDER BY l.expires_on)) AS axis
"""
_MARKS = """
SELECT count(*), count(*) FILTER (WHERE earned > 0 AND NOT EXISTS (
         SELECT FROM lot l WHERE l.bucket = b.bucket AND l.account_id = b.account_id
                             AND l.unit = b.unit))
  FROM balance b
"""
_CAUSES = """
SELECT coalesce(sum(n), 0), count(*) FILTER (WHERE n > 1)
  FROM (SELECT count(*) AS n FROM entry WHERE kind IN (1, 2) GROUP BY kind, ref) AS causes
"""
_SIGNS = """
SELECT count(*), count(*) FILTER (
         WHERE (kind <> 6 AND (kind IN (1, 3)) <> (amount > 0))
            OR (kind = 6 AND contra = 4 AND amount < 0))
  FROM entry
"""

CHECKS = (
    ("ledger.balance_is_the_fold_of_its_entries", _BALANCES),
    ("ledger.entries_form_a_gap_free_chain", _CHAIN),
    ("ledger.fifo_axis_only_grows", _AXIS),
    ("ledger.whoever_earned_has_a_lot", _MARKS),
    ("ledger.no_cause_is_booked_twice", _CAUSES),
    ("ledger.each_kind_moves_one_way", _SIGNS),
)


async def checks(tx: Tx) -> list[Check]:
    """Every law of the ledger, with how many rows were read and how many break it."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql.encode())).fetchone()
        assert row is not None
        found.append(Check(name, int(row[0]), int(row[1])))
    return found
