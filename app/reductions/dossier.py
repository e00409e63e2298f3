"""Read: held acts, reviews and corrections of one citizen, for a copy of their data."""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, parts_of


async def dossier(tx: Tx, *, account_id: int) -> Mapping[str, Rows]:
    """What was held and why, what officers decided, and what was corrected afterwards."""
    return await parts_of(tx, _PARTS, account_id=account_id)


_HELD = """
SELECT h.id AS act_id, h.version_id, h.reason_code, h.held_at FROM held_activity h
 WHERE h.bucket = (%(account)s::bigint %% 1024)::smallint AND h.account_id = %(account)s
 ORDER BY h.held_at, h.id
"""
_REVIEWS = """
SELECT id AS act_id, nth, CASE decision WHEN 1 THEN 'released' ELSE 'refused' END AS decision,
       reason_code, reason_zh, reason_en, grams, points, decided_at
  FROM held_review
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY decided_at, id, nth
"""
_CORRECTED = """
SELECT r.reduction_id AS act_id, r.nth, c.reason_zh, c.reason_en, r.grams_before, r.grams_after,
       r.points_before, r.points_after, r.booked, r.shortfall, r.corrected_at
  FROM reduction_correction r JOIN correction c ON c.id = r.correction_id
 WHERE r.bucket = (%(account)s::bigint %% 1024)::smallint AND r.account_id = %(account)s
 ORDER BY r.corrected_at, r.reduction_id, r.nth
"""
_PARTS = (("held_acts", _HELD), ("reviews", _REVIEWS), ("corrections", _CORRECTED))
