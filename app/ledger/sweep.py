"""How far a daily sweep has come, so that an interrupted one goes on and a finished one rests.

The sweeps find their work by themselves; this only saves looking twice. Progress is written in
the transaction of the work, so it is never ahead of it.
"""

from datetime import date

from app.database import Tx
from app.ids import BUCKETS

BUCKETS_PER_STEP = 16
"""How many buckets a step of a sweep looks at: some fifty thousand accounts of a large city."""


async def next_buckets(tx: Tx, *, name: str, day: date) -> range | None:
    """Where the sweep of this day goes on; None when it is done.

    Args:
        tx: any transaction.
        name: which sweep.
        day: the programme's civil day; a new one begins at the first bucket.

    """
    row = await (await tx.execute(_AT, (name, day))).fetchone()
    first = 0 if row is None else int(row[0])
    return range(first, min(first + BUCKETS_PER_STEP, BUCKETS)) if first < BUCKETS else None


async def finish_buckets(tx: Tx, *, name: str, day: date, buckets: range) -> None:
    """These buckets are done for the day, as is everything before them."""
    await tx.execute(_DONE, {"name": name, "day": day, "next": buckets.stop})


_AT = "SELECT next_bucket FROM ledger_sweep WHERE name = %s AND day = %s"
_DONE = """
INSERT INTO ledger_sweep AS s (name, day, next_bucket) VALUES (%(name)s, %(day)s, %(next)s)
ON CONFLICT (name) DO UPDATE SET day = EXCLUDED.day, next_bucket = CASE
  WHEN s.day = EXCLUDED.day THEN greatest(s.next_bucket, EXCLUDED.next_bucket)
  ELSE EXCLUDED.next_bucket END
 WHERE s.day <= EXCLUDED.day
"""
