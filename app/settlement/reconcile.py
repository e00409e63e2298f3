"""Read: does what is settled agree with the ledger, the tills, the budgets and the payments?

Each comparison has rows with what is expected and what is found; the report is done when no two
differ. What a till did after the close waits for the next file, and is shown until it is there.

A day's report reads that day alone, however long the city has been selling. Without a day, for
`puhui verify`, the same comparisons read everything, in the order that the planner likes.
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
    """Every comparison of a day; budgets are compared as they are now.

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
    counts, lists = _ALL if day is None else _OF_A_DAY
    row = await (await tx.execute(counts[name], arguments)).fetchone()
    assert row is not None, "an aggregate always answers"
    differences = []
    if row[1]:
        rows = await tx.execute(lists[name], arguments)
        differences = [Difference(*each) async for each in rows]
    return Comparison(name, row[0], row[1], differences)


# Every line, and the entry that moved its points from or to the merchant's counter-account.
_LINES = """
SELECT 'line:' || l.merchant_id || '/' || l.kind || '/' || l.number AS subject,
       coalesce(e.points, 0) AS expected,
       (SELECT sum(-x.amount)::bigint FROM entry x
         WHERE x.bucket = e.bucket AND x.account_id = e.account_id AND x.ref = e.ref
           AND x.kind = CASE e.kind WHEN 1 THEN 2 ELSE 3 END AND x.contra = m.contra) AS found
  FROM {line} l
  JOIN merchant m ON m.id = l.merchant_id
  LEFT JOIN {of_lines} e ON e.merchant_id = l.merchant_id AND e.kind = l.kind
                        AND e.number = l.number
"""

# Every entry with a merchant in a day's window, and the line that stands for it. Without a day,
# the last two are left out: what was booked late there may still wait for the next file.
_ENTRIES = """
SELECT 'entry:' || x.account_id || '/' || x.seq AS subject, -x.amount AS expected,
       CASE WHEN l.settlement_id IS NOT NULL THEN e.points END AS found
  FROM settlement_day d
  JOIN {entry} x ON x.posted_at >= d.from_at AND x.posted_at < d.until_at AND x.kind IN (2, 3)
  JOIN merchant m ON m.contra = x.contra
  LEFT JOIN {event} e
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
  JOIN {event} e ON e.at >= d.from_at AND e.at < d.until_at
  LEFT JOIN settlement_line l ON l.merchant_id = e.merchant_id AND l.kind = e.kind
                             AND l.number = e.number
 WHERE d.closed_at IS NOT NULL
   AND (d.day = %(day)s::date OR (%(day)s::date IS NULL AND d.day < (
          SELECT max(day) - 1 FROM settlement_day WHERE closed_at IS NOT NULL)))
"""
_TOTALS = """
SELECT 'settlement:' || s.id || '/' || v.name AS subject, v.expected, v.found
  FROM settlement s
  LEFT JOIN (
    SELECT l.settlement_id, count(*) AS lines, sum(m.points)::bigint AS points,
           sum(m.government_fen)::bigint AS government, sum(m.merchant_fen)::bigint AS merchant,
           sum(m.carbon_fen)::bigint AS carbon
      FROM {line} l
      JOIN {money} m ON m.merchant_id = l.merchant_id AND m.kind = l.kind AND m.number = l.number
     GROUP BY 1) AS f ON f.settlement_id = s.id
 CROSS JOIN LATERAL (VALUES
   ('lines', s.lines::bigint, coalesce(f.lines, 0)), ('points', s.points, f.points),
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
"""

# The same by what has left the stock, which is a few rows for each offer: all that was ever sold
# is not looked at. That stock and coupons agree is an invariant of `rewards`.
_BUDGETS_BY_STOCK = """
WITH out AS (
  SELECT f.budget_id, sum(f.fen * g.units) AS fen
    FROM offer_funding f
   CROSS JOIN LATERAL (SELECT coalesce(sum(s.initial - s.remaining), 0) AS units
                         FROM offer_stock s WHERE s.offer_id = f.offer_id) AS g
   WHERE f.budget_id IS NOT NULL GROUP BY 1
), left_over AS (
  SELECT budget_id, sum(remaining_fen) AS fen FROM funding_slot GROUP BY 1
)
SELECT 'budget:' || b.id AS subject, (b.fen - coalesce(l.fen, 0))::bigint AS expected,
       coalesce(o.fen, 0)::bigint AS found
  FROM funding_budget b
  LEFT JOIN left_over l ON l.budget_id = b.id
  LEFT JOIN out o ON o.budget_id = b.id
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
WINDOW w AS (PARTITION BY s.merchant_id ORDER BY s.day)
"""
_CHAIN_OF_A_DAY = """
SELECT 'settlement:' || s.id AS subject, 1 AS expected,
       (s.previous_sha256 IS NOT DISTINCT FROM (
          SELECT p.manifest_sha256 FROM settlement p
           WHERE p.merchant_id = s.merchant_id AND p.day < s.day ORDER BY p.day DESC LIMIT 1)
        AND f.sha256 IS NOT DISTINCT FROM s.manifest_sha256
        AND sha256(f.content) IS NOT DISTINCT FROM s.manifest_sha256)::int AS found
  FROM settlement s
  LEFT JOIN settlement_file f ON f.settlement_id = s.id AND f.name = 'manifest.json'
 WHERE s.day = %(day)s
"""

# What the comparisons read: everything, or what belongs to one day, each row found by its key.
# OFFSET 0 keeps the planner from reading all that was ever sold instead, as in `lines`.
_EVERYTHING = {
    "line": "settlement_line",
    "of_lines": "merchant_event",
    "money": "merchant_event_money",
    "event": "merchant_event",
    "entry": "entry",
}
_LINES_OF_A_DAY = """(
  SELECT k.* FROM settlement c JOIN settlement_line k ON k.settlement_id = c.id
   WHERE c.day = %(day)s)"""
_BY_LINE = """(
  SELECT v.* FROM settlement c JOIN settlement_line k ON k.settlement_id = c.id
   CROSS JOIN LATERAL (
     SELECT * FROM {view} z WHERE z.merchant_id = k.merchant_id AND z.kind = k.kind
                              AND z.number = k.number OFFSET 0) AS v
   WHERE c.day = %(day)s)"""
_ONE_DAY = {
    "line": _LINES_OF_A_DAY,
    "of_lines": _BY_LINE.format(view="merchant_event"),
    "money": _BY_LINE.format(view="merchant_event_money"),
    "event": """(
  SELECT v.* FROM settlement_day w CROSS JOIN merchant n
   CROSS JOIN LATERAL (
     SELECT * FROM merchant_event z
      WHERE z.merchant_id = n.id AND z.at >= w.from_at - interval '1 day'
        AND z.at < w.until_at + interval '1 day' OFFSET 0) AS v
   WHERE w.day = %(day)s)""",
    "entry": """(
  SELECT y.* FROM settlement_day w
   CROSS JOIN LATERAL (
     SELECT * FROM entry z WHERE z.posted_at >= w.from_at AND z.posted_at < w.until_at
                             AND z.kind IN (2, 3) OFFSET 0) AS y
   WHERE w.day = %(day)s)""",
}
_TEMPLATES = {
    "lines_and_entries": _LINES,
    "entries_and_lines": _ENTRIES,
    "events_and_lines": _EVENTS,
    "totals_and_lines": _TOTALS,
    "budgets_and_draws": _BUDGETS,
    "payouts_and_settlements": _PAYOUTS,
    "manifests_and_their_chain": _CHAIN,
}
COMPARISONS = {name: text.format(**_EVERYTHING) for name, text in _TEMPLATES.items()}
OF_A_DAY = {name: text.format(**_ONE_DAY) for name, text in _TEMPLATES.items()} | {
    "budgets_and_draws": _BUDGETS_BY_STOCK,
    "manifests_and_their_chain": _CHAIN_OF_A_DAY,
}
_COUNT = """
SELECT count(*), count(*) FILTER (WHERE expected IS DISTINCT FROM found) FROM ({rows}) AS c
"""
_LIST = """
SELECT subject, expected, found FROM ({rows}) AS c
 WHERE expected IS DISTINCT FROM found ORDER BY subject LIMIT %(limit)s
"""
_ALL, _OF_A_DAY = (
    tuple(
        {name: text.format(rows=rows) for name, rows in compared.items()}
        for text in (_COUNT, _LIST)
    )
    for compared in (COMPARISONS, OF_A_DAY)
)
