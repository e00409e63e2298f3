"""Door for `puhui verify`: is the book of points what its entries say?

Each check counts what breaks a law; none repairs anything. They scan whole tables, in one
snapshot, and may run while the service works.
"""

from app.checks import Check
from app.database import Tx

_BALANCES = """
SELECT count(*), count(*) FILTER (
         WHERE coalesce(e.total, 0) <> b.earned - b.consumed
            OR coalesce(e.last, 0) <> b.last_seq OR coalesce(e.n, 0) <> b.last_seq
            OR coalesce(e.latest, '-infinity') <> b.last_posted_at)
  FROM balance b
  FULL JOIN (SELECT bucket, account_id, unit, sum(amount) AS total, max(seq) AS last,
                    count(*) AS n, max(posted_at) AS latest
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
SELECT count(*), count(*) FILTER (WHERE cum_earned <= before OR expires_on >= next_expires_on)
  FROM (SELECT m.cum_earned, m.expires_on, lag(m.cum_earned, 1, 0::bigint) OVER w AS before,
               lead(m.expires_on) OVER w AS next_expires_on
          FROM (SELECT bucket, account_id, unit, cum_earned, expires_on, 1 AS rank FROM lot
                 UNION ALL
                SELECT bucket, account_id, unit, earned, last_expiry, 2 FROM balance
                 WHERE earned > 0) AS m
        WINDOW w AS (PARTITION BY bucket, account_id, unit ORDER BY rank, m.expires_on)) AS axis
"""
_MARKS = """
SELECT count(*), count(*) FILTER (WHERE earned > 0 AND last_expiry < DATE '2000-01-01')
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
_REFUNDS = """
SELECT count(*), count(*) FILTER (WHERE refunded > coalesce(spent, 0))
  FROM (SELECT bucket, account_id, unit, of_ref AS ref, sum(points) AS refunded
          FROM cause WHERE kind = 3 GROUP BY 1, 2, 3, 4) r
  LEFT JOIN (SELECT bucket, account_id, unit, ref, -sum(amount) AS spent
               FROM entry WHERE kind = 2 GROUP BY 1, 2, 3, 4) s
       USING (bucket, account_id, unit, ref)
"""
# Claw-backs and adjustments of corrections (contra 4) have their cause in another book. Only a
# refund is of something else (and then of a purchase, says the law before).
_BOOKED = """
SELECT count(*), count(*) FILTER (
         WHERE coalesce(e.booked, 0) <> coalesce(c.booked, 0) OR e.contra <> c.contra
            OR c.points <> c.booked - c.owed - c.borne OR (c.kind <> 3 AND c.of_ref <> c.ref))
  FROM cause c
  FULL JOIN (SELECT bucket, account_id, unit, kind, ref, sum(amount) AS booked,
                    min(contra) AS contra
               FROM entry
              WHERE kind IN (3, 7, 8) OR (kind IN (5, 6) AND contra <> 4) GROUP BY 1, 2, 3, 4, 5) e
       USING (bucket, account_id, unit, kind, ref)
"""
_DEBTS = """
SELECT count(*), count(*) FILTER (
         WHERE coalesce(d.owed, 0) <> coalesce(c.owed, 0) + coalesce(e.repaid, 0))
  FROM debt d
  FULL JOIN (SELECT bucket, account_id, unit, sum(owed) AS owed FROM cause WHERE owed > 0
              GROUP BY 1, 2, 3) c USING (bucket, account_id, unit)
  FULL JOIN (SELECT bucket, account_id, unit, sum(amount) AS repaid FROM entry WHERE kind = 9
              GROUP BY 1, 2, 3) e USING (bucket, account_id, unit)
"""
# Half a day and two hours: no zone on earth has a later date than that.
_EXPIRED = """
SELECT count(*), count(*) FILTER (WHERE consumed_after > due)
  FROM (SELECT e.consumed_after,
               (SELECT coalesce(max(m.cum_earned), 0)
                  FROM (SELECT expires_on, cum_earned FROM lot l
                         WHERE l.bucket = e.bucket AND l.account_id = e.account_id
                           AND l.unit = e.unit
                        UNION ALL
                        SELECT last_expiry, earned FROM balance b
                         WHERE b.bucket = e.bucket AND b.account_id = e.account_id
                           AND b.unit = e.unit) m
                 WHERE m.expires_on < ((e.effective_at + interval '14 hours')
                                       AT TIME ZONE 'UTC')::date) AS due
          FROM entry e WHERE e.kind = 4) AS expired
"""

CHECKS = (
    ("ledger.balance_is_the_fold_of_its_entries", _BALANCES),
    ("ledger.entries_form_a_gap_free_chain", _CHAIN),
    ("ledger.fifo_axis_only_grows", _AXIS),
    ("ledger.whoever_earned_has_a_lot", _MARKS),
    ("ledger.no_cause_is_booked_twice", _CAUSES),
    ("ledger.each_kind_moves_one_way", _SIGNS),
    ("ledger.refunds_are_covered_by_what_was_spent", _REFUNDS),
    ("ledger.rare_postings_are_booked_as_recorded", _BOOKED),
    ("ledger.debts_are_the_sum_of_their_records", _DEBTS),
    ("ledger.only_what_was_due_expired", _EXPIRED),
)


async def checks(tx: Tx) -> list[Check]:
    """Every law of the ledger, with how many rows were read and how many break it."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql.encode())).fetchone()
        assert row is not None
        found.append(Check(name, int(row[0]), int(row[1])))
    return found
