"""Read: what a citizen's acts came to, summed by version and month; corrections counted.

One statement over one index range, the citizen's own: 5,000 acts are 5,000 rows, and nobody
else's is touched. What corrections made of them is one range of its own table, joined once.
"""

from dataclasses import dataclass
from datetime import date

from app.database import Tx
from app.ids import bucket_of


@dataclass(frozen=True, slots=True)
class MonthOfVersion:
    """The acts of one version in one month; whole grams and points, as they count now."""

    version_id: int
    month: date
    first_on: date
    acts: int
    grams: int
    points: int


async def sums(tx: Tx, *, account_id: int) -> list[MonthOfVersion]:
    """A citizen's acts, by version and month, the oldest month first."""
    rows = await tx.execute(_SUMS, {"account": account_id, "bucket": bucket_of(account_id)})
    return [MonthOfVersion(*row) async for row in rows]


_SUMS = """
SELECT coalesce(c.new_version_id, r.version_id) AS version_id,
       date_trunc('month', r.occurred_on::timestamp)::date AS month, min(r.occurred_on),
       count(*), sum(coalesce(c.grams_after, r.grams))::bigint,
       sum(coalesce(c.points_after, r.points))::bigint
  FROM reduction r
  LEFT JOIN (
         SELECT DISTINCT ON (reduction_id) reduction_id, new_version_id, grams_after, points_after
           FROM reduction_correction
          WHERE bucket = %(bucket)s AND account_id = %(account)s
          ORDER BY reduction_id, nth DESC) AS c ON c.reduction_id = r.id
 WHERE r.account_id = %(account)s
 GROUP BY 1, 2 ORDER BY 2, 1
"""
