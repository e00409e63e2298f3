"""Door: what must be true of holds, stock, limits and scans. Part of ``puhui verify``.

Reads across to the book of points, because these invariants are about both rooms; changes
nothing. Run in one snapshot, so that no check sees half of a transaction.
"""

from app.checks import Check
from app.database import Tx
from app.rewards import coupons_verify


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
    FROM (SELECT bucket, account_id, unit, points FROM redemption WHERE state = 1
          UNION ALL SELECT bucket, account_id, unit, points FROM ticket WHERE state = 1) AS held
   GROUP BY 1, 2, 3
)
SELECT count(*), count(*) FILTER (WHERE coalesce(b.held, 0) <> coalesce(h.points, 0))
  FROM balance b FULL JOIN open_holds h USING (bucket, account_id, unit)
"""

_STOCK = """
WITH taken AS (
  SELECT offer_id, slot, count(*) AS units FROM redemption WHERE state IN (1, 2) GROUP BY 1, 2
)
SELECT count(*), count(*) FILTER (
         WHERE s.initial IS DISTINCT FROM s.remaining + coalesce(t.units, 0))
  FROM offer_stock s FULL JOIN taken t USING (offer_id, slot)
"""

_USES = """
WITH live AS (
  SELECT offer_id, account_id, household, device, created_at AS made_at
    FROM redemption WHERE state IN (1, 2)
  UNION ALL
  SELECT offer_id, account_id, household, device, arrived_at FROM ticket WHERE state = 1
), taken AS (
  SELECT k.subject, l.offer_id, k.kind, k.period, count(*) AS units, min(k.units) AS allowed
    FROM live l JOIN offer o ON o.id = l.offer_id
   CROSS JOIN LATERAL use_keys(o.per_citizen, o.limits, l.account_id, l.household, l.device,
                               (l.made_at AT TIME ZONE (SELECT programme_zone()))::date) AS k
   GROUP BY 1, 2, 3, 4
)
SELECT count(*), count(*) FILTER (
         WHERE coalesce(u.used, 0) <> coalesce(t.units, 0) OR t.units > t.allowed
            OR u.bucket <> u.subject % 1024)
  FROM offer_use u FULL JOIN taken t USING (subject, offer_id, kind, period)
"""

_UNITS = """
WITH priced AS (
  SELECT offer_id, unit FROM redemption UNION ALL SELECT offer_id, unit FROM ticket
)
SELECT count(*), count(*) FILTER (WHERE o.unit IS DISTINCT FROM p.unit)
  FROM priced p LEFT JOIN offer o ON o.id = p.offer_id
"""

_PICTURES = """
SELECT count(*), count(*) FILTER (WHERE p.digest IS NULL)
  FROM offer o LEFT JOIN picture p ON o.picture = '/v1/pictures/' || encode(p.digest, 'hex')
 WHERE o.picture <> ''
"""

# A redemption keeps its code while it is open, and for ever once its owner has looked: of two who
# saw one code, the first has none any more.
_CODES = """
WITH looked AS (
  SELECT DISTINCT redemption_id AS id FROM scan WHERE order_no LIKE 'code-%' AND actor = '-'
), due AS (
  SELECT r.id, l.id IS NOT NULL AS seen
    FROM redemption r JOIN offer o ON o.id = r.offer_id LEFT JOIN looked l ON l.id = r.id
   WHERE o.delivery = 2 AND (r.state IN (1, 2) OR l.id IS NOT NULL)
), handed AS (
  SELECT redemption_id AS id, shown_at FROM offer_code WHERE state = 2
)
SELECT count(*), count(*) FILTER (
         WHERE h.id IS NULL OR (d.id IS NULL OR d.seen) AND h.shown_at IS NULL)
  FROM due d FULL JOIN handed h USING (id)
"""

_BUDGETS = """
WITH paid AS (
  SELECT f.budget_id, sum(f.fen) AS fen
    FROM redemption r JOIN offer_funding f ON f.offer_id = r.offer_id
   WHERE r.state IN (1, 2) AND f.budget_id IS NOT NULL GROUP BY 1
), left_over AS (
  SELECT budget_id, sum(remaining_fen) AS fen FROM funding_slot GROUP BY 1
)
SELECT count(*), count(*) FILTER (
         WHERE b.fen IS DISTINCT FROM coalesce(l.fen, 0) + coalesce(p.fen, 0))
  FROM funding_budget b FULL JOIN paid p ON p.budget_id = b.id
  LEFT JOIN left_over l ON l.budget_id = b.id
"""

_SPLITS = """
SELECT count(*), count(*) FILTER (WHERE thousandths <> 1000 OR fen <> o.face_value_fen)
  FROM (SELECT offer_id, sum(thousandths) AS thousandths, sum(fen) AS fen
          FROM offer_funding GROUP BY 1) AS f
  JOIN offer o ON o.id = f.offer_id
"""

_DRAWS = """
WITH drawn AS (
  SELECT t.place, t.state, s.winners, s.seed, s.seed_hash,
         row_number() OVER (PARTITION BY t.offer_id ORDER BY sha256(s.seed || uuid_send(t.id)),
                            t.id) AS nth
    FROM offer_seed s JOIN offer o ON o.id = s.offer_id AND o.mode = 3
    JOIN ticket t ON t.offer_id = s.offer_id AND t.place IS NOT NULL
   WHERE s.drawn_at IS NOT NULL
)
SELECT count(*), count(*) FILTER (
         WHERE place <> nth OR (state = 2 AND place > winners) OR (state = 3 AND place <= winners)
            OR sha256(seed) <> seed_hash)
  FROM drawn
"""

_TICKETS = """
WITH granted AS (
  SELECT bucket, account_id, id, coupon_digest, points, offer_id FROM ticket WHERE state = 2
), made AS (
  SELECT r.bucket, r.account_id, r.id, r.coupon_digest, r.points, r.offer_id
    FROM redemption r JOIN offer o ON o.id = r.offer_id WHERE o.mode <> 1
)
SELECT count(*), count(*) FILTER (WHERE g IS DISTINCT FROM m)
  FROM granted g FULL JOIN made m ON m.bucket = g.bucket AND m.account_id = g.account_id
                                 AND m.id = g.id
"""

_CHECKS = {
    "rewards.held_points_are_open_redemptions": _HELD,
    "rewards.stock_left_and_taken_is_initial": _STOCK,
    "rewards.uses_are_redemptions_within_the_limit": _USES,
    "rewards.coupons_are_priced_in_the_offers_unit": _UNITS,
    "rewards.offers_name_pictures_that_exist": _PICTURES,
    "rewards.codes_are_handed_out_once": _CODES,
    "rewards.funding_left_and_paid_is_the_budget": _BUDGETS,
    "rewards.funding_splits_are_whole": _SPLITS,
    "rewards.draws_are_what_their_seed_says": _DRAWS,
    "rewards.granted_tickets_are_redemptions": _TICKETS,
} | coupons_verify.CHECKS
