"""Use case: put a batch's citizens in line.

Every writer that looks at a citizen before it writes (claims, caps) takes this lock first, and
in key order, so two batches that share citizens wait for each other but never deadlock.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from app.columns import int8s
from app.database import Tx
from app.lanes import routed
from app.ledger.units import POINTS


async def lock_accounts(
    tx: Tx,
    *,
    account_ids: Iterable[int],
    unit: int = POINTS,
    makes: bool = True,
    buckets: Sequence[int] | None = None,
) -> None:
    """Hold each account's balance row until the transaction ends; missing rows are made.

    Two statements, however many accounts: a row that another transaction has just inserted is
    not visible to the statement that waited for it, so the lock is a statement of its own.
    What is read afterwards sees everything the holders before us committed.

    Args:
        tx: the caller's transaction.
        account_ids: in any order, each as often as it likes.
        unit: which of their balances.
        makes: False when a missing balance has nothing that could be taken.
        buckets: of a lane, which hold all accounts.

    """
    wanted = sorted(set(account_ids), key=lambda account_id: (account_id % 1024, account_id))
    arguments = {"accounts": int8s(wanted), "unit": unit, "buckets": buckets}
    if makes:
        make = _MAKE if buckets is None else _MAKE_IN_LANE
        await tx.execute(make, arguments | {"never": date.min})
    await tx.execute(routed(_LOCK, buckets), arguments)


_MAKE = """
INSERT INTO balance (bucket, account_id, unit, earned, consumed, held, last_seq,
                     last_posted_at, last_expiry)
SELECT (a %% 1024)::smallint, a, %(unit)s, 0, 0, 0, 0, '-infinity', %(never)s
  FROM unnest(%(accounts)b::bigint[]) AS t (a)
 WHERE (SELECT 1 FROM balance b WHERE b.bucket = (a %% 1024)::smallint AND b.account_id = a
                                    AND b.unit = %(unit)s) IS NULL
 ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""
# A lane makes no anti-join: a node refuses what it has to ask another for.
_MAKE_IN_LANE = """
INSERT INTO balance (bucket, account_id, unit, earned, consumed, held, last_seq,
                     last_posted_at, last_expiry)
SELECT (a %% 1024)::smallint, a, %(unit)s, 0, 0, 0, 0, '-infinity', %(never)s
  FROM unnest(%(accounts)b::bigint[]) AS t (a)
ON CONFLICT DO NOTHING
"""
# One after another, in the order of the array. A join may be turned round: a plan kept from when
# there was one balance compared each account with every balance (200 ms a batch at 2,000 of them).
_LOCK = """
SELECT count(*) FROM unnest(%(accounts)b::bigint[]) AS t (a)
 CROSS JOIN LATERAL (
  SELECT 1 FROM balance b
   WHERE b.bucket = (t.a %% 1024)::smallint AND b.account_id = t.a AND b.unit = %(unit)s
       /* lane: b */
     FOR UPDATE) AS locked
"""
