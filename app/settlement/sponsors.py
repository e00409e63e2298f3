"""Read: whose points paid for what was redeemed: per business day, sponsor, merchant and offer.

Nothing of it is kept. An account's earnings and spendings lie on one axis in the book of points;
each settled line is a slice of a spending, and where it overlaps an earning, that source paid. A
line's slice never changes, so the report of a closed period is the same bytes for ever.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.database import Tx
from app.inputs import day_in
from app.ledger import attribution
from app.ledger.attribution import Slice
from app.settlement import days, files
from app.settlement.subsidy import last_day

SPONSORS, REDEEMED, MANIFEST = "sponsors.csv", "redeemed.csv", "manifest.json"
SETTLEMENTS_PER_STEP = 100
_SPONSORS_HEADER = (
    "day", "source", "kind", "name_zh", "name_en", "lines", "spent_points", "taken_back_points",
    "points",
)  # fmt: skip
_REDEEMED_HEADER = (
    "day", "source", "merchant_id", "merchant", "offer_id", "offer", "lines", "spent_points",
    "taken_back_points", "points",
)  # fmt: skip

What = tuple[date, int, UUID, str, UUID, str]
"""Day, source, and what was redeemed: merchant, its code, offer, its title."""


@dataclass(frozen=True, slots=True)
class _Line:
    day: date
    merchant_id: UUID
    merchant: str
    offer_id: UUID
    title_zh: str
    points: int
    slice: Slice


@dataclass(slots=True)
class _Sum:
    lines: int = 0
    spent: int = 0
    taken_back: int = 0

    def add(self, lines: int, spent: int, taken_back: int) -> None:
        self.lines += lines
        self.spent += spent
        self.taken_back += taken_back

    @property
    def cells(self) -> tuple[int, int, int, int]:
        return self.lines, self.spent, self.taken_back, self.spent - self.taken_back


def period_of(text: str) -> tuple[date, date]:
    """The first and the last day of a month (``2026-03``) or a day (``2026-03-01``).

    Raises:
        ValueError: it is neither.

    """
    if text.count("-") == 1:
        month = day_in(f"{text}-01")
        return month, last_day(month)
    day = day_in(text)
    return day, day


async def report(tx: Tx, *, period: str) -> dict[str, bytes]:
    """The three files of a period, by name.

    Args:
        tx: one snapshot, or a reading connection when nothing is being closed.
        period: a month or a day; days count by the settlement in which a line stands.

    """
    from_day, to_day = period_of(period)
    closed = await (await tx.execute(_CLOSED, (from_day, to_day))).fetchone()
    assert closed is not None, "an aggregate always answers"
    sums, settled = await _sums(tx, from_day, to_day)
    by_source: dict[tuple[date, int], _Sum] = defaultdict(_Sum)
    for (day, source, *_), each in sums.items():
        by_source[day, source].add(each.lines, each.spent, each.taken_back)
    numbers = sorted({source for _, source in by_source})
    # A sponsor's name that was given later would change the file of a period that is closed.
    rows = await tx.execute(_NAMES, {"numbers": numbers, "by": closed[1]})
    names = {row[0]: row[1:] async for row in rows}
    parts = {
        SPONSORS: files.table(
            _SPONSORS_HEADER,
            [
                (day.isoformat(), source, *names[source], *by_source[day, source].cells)
                for day, source in sorted(by_source)
            ],
        ),
        REDEEMED: files.table(
            _REDEEMED_HEADER,
            [
                (day.isoformat(), source, str(merchant_id), code, str(offer_id), title, *each.cells)
                for (day, source, merchant_id, code, offer_id, title), each in sorted(
                    sums.items(), key=lambda pair: pair[0]
                )
            ],
        ),
    }
    paid = sum(each.spent - each.taken_back for each in sums.values())
    facts = {
        "format": "puhui-sponsors-1",
        "period": period,
        "zone": closed[2] or await days.zone_of(tx),
        "complete": closed[0] == (to_day - from_day).days + 1,
        "settled_points": settled,
        "paid_points": paid,
        "unattributed_points": settled - paid,
    }
    return parts | {MANIFEST: files.manifest_of(facts, parts)}


async def _sums(tx: Tx, from_day: date, to_day: date) -> tuple[dict[What, _Sum], int]:
    """Points by day, source and what was redeemed; and what was settled in all."""
    ids = [each async for (each,) in await tx.execute(_SETTLEMENTS, (from_day, to_day))]
    sums: dict[What, _Sum] = defaultdict(_Sum)
    settled = 0
    for start in range(0, len(ids), SETTLEMENTS_PER_STEP):
        step = ids[start : start + SETTLEMENTS_PER_STEP]
        rows = await (await tx.execute(_LINES, (step,))).fetchall()
        lines = [
            _Line(day, merchant_id, code, offer_id, title, points, Slice(*taken))
            for day, merchant_id, code, offer_id, title, points, *taken in rows
        ]
        settled += sum(line.points for line in lines)
        for at in range(0, len(lines), attribution.SPENDINGS_MAX):
            await _add(tx, lines[at : at + attribution.SPENDINGS_MAX], sums)
    return sums, settled


async def _add(tx: Tx, lines: Sequence[_Line], sums: dict[What, _Sum]) -> None:
    found: Counter[tuple[int, int]] = Counter()
    for place, source, points in await attribution.split(tx, slices=[line.slice for line in lines]):
        found[place, source] += points
    for (place, source), points in found.items():
        line = lines[place]
        what = (line.day, source, line.merchant_id, line.merchant, line.offer_id, line.title_zh)
        sums[what].add(1, points if line.points > 0 else 0, points if line.points < 0 else 0)


_CLOSED = """
SELECT count(*), max(closed_at), max(zone) FROM settlement_day
 WHERE day BETWEEN %s AND %s AND closed_at IS NOT NULL
"""
_SETTLEMENTS = "SELECT id FROM settlement WHERE day BETWEEN %s AND %s ORDER BY day, merchant_id"
# OFFSET 0 as in `lines`.
_LINES = """
SELECT l.day, l.merchant_id, h.code, r.offer_id, o.title_zh, e.points, e.account_id,
       CASE e.kind WHEN 1 THEN e.ref ELSE coalesce(s.entry_ref, s.redemption_id) END, e.low, e.high
  FROM settlement_line l
 CROSS JOIN LATERAL (
   SELECT * FROM merchant_event v
    WHERE v.merchant_id = l.merchant_id AND v.kind = l.kind AND v.number = l.number OFFSET 0) AS e
  JOIN redemption r ON r.bucket = e.bucket AND r.account_id = e.account_id
                   AND r.id = e.redemption_id
  JOIN offer o ON o.id = r.offer_id
  JOIN merchant h ON h.id = l.merchant_id
  LEFT JOIN scan s ON s.merchant_id = e.merchant_id AND s.order_no = e.order_no
 WHERE l.settlement_id = ANY (%b::uuid[])
 ORDER BY l.day, l.merchant_id, l.place
"""
_NAMES = """
SELECT n, coalesce(c.kind, ''), coalesce(c.name_zh, ''), coalesce(c.name_en, '')
  FROM unnest(%(numbers)b::int[]) AS t (n)
  LEFT JOIN counter_account c ON c.number = n AND (n < 100 OR c.created_at <= %(by)s)
"""
