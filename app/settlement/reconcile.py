"""Read: does what is settled agree with the ledger, the tills, the budgets and the payments?

Each comparison has rows with what is expected and what is found; the report is done when no two
differ. What a till did after the close waits for the next file, and is shown until it is there.
"""

from dataclasses import dataclass
from datetime import date

from app.database import Tx
from app.settlement import regenerate

DIFFERENCES_MAX = 200
"""How many are listed of one comparison; all are counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What it is about, by its ids; None: there is none."""

    subject: str
    expected: int | None
    found: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: how many rows were looked at, and those that differ."""

    name: str
    rows: int
    differing: int
    differences: list[Difference]


async def reconcile(tx: Tx, *, day: date) -> list[Comparison]:
    """Every comparison of a day; budgets and the chain are compared as a whole.

    Args:
        tx: one snapshot, or a reading connection when nothing is being booked.
        day: a business day; one that is not closed has no rows.

    """
    found = [await compare(tx, name=name, day=day) for name in COMPARISONS]
    again = await regenerate.compare(tx, day=day)
    files = [Difference(f"settlement:{each}", None, None) for each in again.differing]
    return [*found, Comparison("files", again.settlements, len(files), files[:DIFFERENCES_MAX])]


async def compare(tx: Tx, *, name: str, day: date | None) -> Comparison:
    """One comparison, of a day or of everything that must have come to rest."""
    arguments = {"day": day, "limit": DIFFERENCES_MAX}
    row = await (await tx.execute(_COUNTS[name], arguments)).fetchone()
    assert row is not None, "an aggregate always answers"
    differences = []
    if row[1]:
        rows = await tx.execute(_LISTS[name], arguments)
        differences = [Difference(*each) async for each in rows]
    return Comparison(name, row[0], row[1], differences)


# Every line, and the entry that moved its points from or to the merchant's counter-account.
_LINES = """
SELECT 'line:' || l.merchant_id || '/' || l.kind || '/' || l.number AS subject,
       coalesce(e.points, 0) AS expected,
       (SELECT sum(-x.amount)::bigint FROM entry x
         WHERE x.bucket = e.bucket AND x.account_id = e.account_id AND x.ref = e.ref
           AND x.kind = CASE e.kind WHEN 1 THEN 2 ELSE 3 END AND x.contra = m.contra) AS found
  FROM settlement_line l
  JOIN merchant m ON m.id = l.merchant_id
  LEFT JOIN merchant_event e ON e.merchant_id = l.merchant_id AND e.kind = l.kind
                            AND e.number = l.number
 WHERE %(day)s::date IS NULL OR l.day = %(day)s
"""

# Every entry with a merchant in a day's window, and the line that stands for it. Without a day,
# the last two are left out: what was booked late there may still wait for the next file.
_ENTRIES = """
SELECT 'entry:' || x.account_id || '/' || x.seq AS subject, -x.amount AS expected,
       CASE WHEN l.settlement_id IS NOT NULL THEN e.points END AS found
  FROM settlement_day d
  JOIN entry x ON x.posted_at >= d.from_at AND x.posted_at < d.until_at AND x.kind IN (2, 3)
  JOIN merchant m ON m.contra = x.contra
  LEFT JOIN merchant_event e
    ON e.merchant_id = m.id AND e.bucket = x.bucket AND e.account_id = x.account_id
   AND e.ref = x.ref AND (e.kind = 1) = (x.kind = 2)
   AND e.at >= d.from_at - interval '1 day' AND e.at < d.until_at + interval '1 day'
  LEFT JOIN settlement_line l ON l.merchant_id = e.merchant_id AND l.kind = e.kind
                             AND l.number = e.number
 WHERE d.closed_at IS NOT NULL
   AND (d.day = %(day)s::date OR (%(day)s::date IS NULL AND d.day < (
          SELECT max(day) - 1 FROM settlement_day WHERE closed_at IS NOT NULL)))
"""

# Every sale, undo and refund of a day, and whether it stands in a file.
_EVENTS = """
SELECT 'event:' || e.merchant_id || '/' || e.kind || '/' || e.number AS subject,
       e.points AS expected, CASE WHEN l.settlement_id IS NOT NULL THEN e.points END AS found
  FROM settlement_day d
  JOIN merchant_event e ON e.at >= d.from_at AND e.at < d.until_at
  LEFT JOIN settlement_line l ON l.merchant_id = e.merchant_id AND l.kind = e.kind
                             AND l.number = e.number
 WHERE d.closed_at IS NOT NULL
   AND (d.day = %(day)s::date OR (%(day)s::date IS NULL AND d.day < (
          SELECT max(day) - 1 FROM settlement_day WHERE closed_at IS NOT NULL)))
"""
_TOTALS = """
SELECT 'settlement:' || s.id || '/' || v.name AS subject, v.expected, v.found
  FROM settlement s
  LEFT JOIN LATERAL (
    SELECT count(*) AS lines, sum(m.points)::bigint AS points,
           sum(m.government_fen)::bigint AS government, sum(m.merchant_fen)::bigint AS merchant,
           sum(m.carbon_fen)::bigint AS carbon
      FROM settlement_line l
      JOIN merchant_event_money m ON m.merchant_id = l.merchant_id AND m.kind = l.kind
                                 AND m.number = l.number
     WHERE l.settlement_id = s.id) AS f ON true
 CROSS JOIN LATERAL (VALUES
   ('lines', s.lines::bigint, f.lines), ('points', s.points, f.points),
   ('government_fen', s.government_fen, f.government),
   ('merchant_fen', s.merchant_fen, f.merchant),
   ('carbon_fen', s.carbon_fen, f.carbon)) AS v (name, expected, found)
 WHERE %(day)s::date IS NULL OR s.day = %(day)s
"""

# What left a budget is held, or settled, or was taken by a till and waits for its file. Points
# that a merchant gives back do not go back into a budget: they lower what is claimed from it.
_BUDGETS = """
WITH held AS (
  SELECT f.budget_id, sum(f.fen) AS fen
    FROM redemption r JOIN offer_funding f ON f.offer_id = r.offer_id
   WHERE r.state = 1 AND f.budget_id IS NOT NULL GROUP BY 1
), taken AS (
  SELECT v.budget_id, sum(v.fen) AS fen
    FROM merchant_event_money m
   CROSS JOIN LATERAL (VALUES (m.government_budget, m.government_fen),
                              (m.carbon_budget, m.carbon_fen)) AS v (budget_id, fen)
   WHERE m.kind < 3 AND v.budget_id IS NOT NULL GROUP BY 1
), left_over AS (
  SELECT budget_id, sum(remaining_fen) AS fen FROM funding_slot GROUP BY 1
)
SELECT 'budget:' || b.id AS subject, (b.fen - coalesce(l.fen, 0))::bigint AS expected,
       (coalesce(h.fen, 0) + coalesce(t.fen, 0))::bigint AS found
  FROM funding_budget b
  LEFT JOIN left_over l ON l.budget_id = b.id
  LEFT JOIN held h ON h.budget_id = b.id
  LEFT JOIN taken t ON t.budget_id = b.id
 WHERE %(day)s::date IS NULL OR true
"""
_PAYOUTS = """
SELECT 'payout:' || p.id AS subject, p.fen AS expected,
       sum(s.payable_fen) FILTER (WHERE t.live = (p.state <> 'returned'))::bigint AS found
  FROM payout p
  LEFT JOIN payout_part t ON t.payout_id = p.id
  LEFT JOIN settlement s ON s.id = t.settlement_id AND s.merchant_id = p.merchant_id
 WHERE %(day)s::date IS NULL OR p.id IN (
   SELECT t2.payout_id FROM payout_part t2 JOIN settlement s2 ON s2.id = t2.settlement_id
    WHERE s2.day = %(day)s)
 GROUP BY p.id
"""
_CHAIN = """
SELECT 'settlement:' || s.id AS subject, 1 AS expected,
       (s.previous_sha256 IS NOT DISTINCT FROM lag(s.manifest_sha256) OVER w
        AND f.sha256 IS NOT DISTINCT FROM s.manifest_sha256
        AND sha256(f.content) IS NOT DISTINCT FROM s.manifest_sha256)::int AS found
  FROM settlement s
  LEFT JOIN settlement_file f ON f.settlement_id = s.id AND f.name = 'manifest.json'
 WHERE %(day)s::date IS NULL OR true
WINDOW w AS (PARTITION BY s.merchant_id ORDER BY s.day)
"""
COMPARISONS = {
    "lines_and_entries": _LINES,
    "entries_and_lines": _ENTRIES,
    "events_and_lines": _EVENTS,
    "totals_and_lines": _TOTALS,
    "budgets_and_draws": _BUDGETS,
    "payouts_and_settlements": _PAYOUTS,
    "manifests_and_their_chain": _CHAIN,
}
_COUNTS = {
    name: f"""
SELECT count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM found) FROM ({rows}) AS c
"""
    for name, rows in COMPARISONS.items()
}
_LISTS = {
    name: f"""
SELECT subject, expected, found FROM ({rows}) AS c
 WHERE expected IS DISTINCT FROM found ORDER BY subject LIMIT %(limit)s
"""
    for name, rows in COMPARISONS.items()
}
