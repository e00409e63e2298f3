"""Door: what must be true of holds, stock, limits and scans. Part of ``puhui verify``.

Reads across to the book of points, because these invariants are about both rooms; changes
nothing. Run in one snapshot, so that no check sees half of a transaction.
"""

from app.checks import Check
from app.database import Tx


async def breaches(tx: Tx) -> list[Check]:
    """Every invariant of this room, with how many rows break it: 0, or an incident."""
    checks = []
    for name, statement in _CHECKS.items():
        row = await (await tx.execute(statement)).fetchone()
        assert row is not None, "an aggregate always answers"
        checks.append(Check(name, *row))
    return checks


_HELD = """
WITH open_holds AS (
  SELECT bucket, account_id, unit, sum(points) AS points
    FROM redemption WHERE state = 1 GROUP BY 1, 2, 3
)
SELECT count(*), count(*) FILTER (WHERE coalesce(b.held, 0) <> coalesce(h.points, 0))
  FROM balance b FULL JOIN open_holds h USING (bucket, account_id, unit)
"""

_STOCK = """
WITH taken AS (
  SELECT offer_id, count(*) AS units FROM redemption WHERE state IN (1, 2) GROUP BY 1
)
SELECT count(*), count(*) FILTER (
         WHERE s.initial IS DISTINCT FROM s.remaining + coalesce(t.units, 0))
  FROM offer_stock s FULL JOIN taken t USING (offer_id)
"""

_USES = """
WITH taken AS (
  SELECT bucket, account_id, offer_id, count(*) AS units
    FROM redemption WHERE state IN (1, 2) GROUP BY 1, 2, 3
)
SELECT count(*), count(*) FILTER (
         WHERE coalesce(u.used, 0) <> coalesce(t.units, 0) OR u.used > o.per_citizen)
  FROM offer_use u FULL JOIN taken t USING (bucket, account_id, offer_id)
  LEFT JOIN offer o ON o.id = offer_id
"""

_SPENT = """
WITH paid AS (
  SELECT bucket, account_id, ref AS id, count(*) AS n, sum(amount) AS amount,
         min(contra) AS contra
    FROM entry WHERE kind = 2 GROUP BY 1, 2, 3
), spent AS (
  SELECT * FROM redemption WHERE state = 2
)
SELECT count(*), count(*) FILTER (
         WHERE p.n IS DISTINCT FROM 1 OR p.amount IS DISTINCT FROM -s.points
            OR p.contra IS DISTINCT FROM s.contra)
  FROM spent s FULL JOIN paid p USING (bucket, account_id, id)
"""

_SCANS = """
WITH spent AS (
  SELECT bucket, account_id, id AS redemption_id, merchant_id, points
    FROM redemption WHERE state = 2
)
SELECT count(*), count(*) FILTER (
         WHERE c.merchant_id IS DISTINCT FROM s.merchant_id
            OR c.points IS DISTINCT FROM s.points)
  FROM spent s FULL JOIN scan c USING (bucket, account_id, redemption_id)
"""

_CHECKS = {
    "rewards.held_points_are_open_redemptions": _HELD,
    "rewards.stock_left_and_taken_is_initial": _STOCK,
    "rewards.uses_are_redemptions_within_the_limit": _USES,
    "rewards.spent_redemptions_have_one_entry": _SPENT,
    "rewards.spent_redemptions_have_one_scan": _SCANS,
}
