"""Use case: close a business day for some merchants; lines, files and totals in one transaction.

What belongs to a day is decided by what is claimed: a line is made for everything that ended
before the day's end and stands in no settlement yet. A sale that was committed late, or a refund
made after the close, is therefore claimed by the next day's file, once, whatever its time says;
the key of `settlement_line` is the last word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.rewards import settled
from app.settlement import days, files, lines
from app.settlement.days import Window
from app.settlement.files import Written
from app.settlement.tables import LineKind

log = structlog.get_logger()

LOOK_BACK = timedelta(days=31)
"""How late something may be committed and still be found; a transaction lives for minutes."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A settlement with its files, before it is kept."""

    id: UUID
    merchant_id: UUID
    written: Written
    previous_sha256: bytes | None


async def close_some(tx: Tx, *, window: Window, limit: int, now: datetime) -> Window:
    """Close the day for the next merchants, at most ``limit``; how far it has come then.

    The day's row is locked first, so two workers take turns and no merchant is done twice.

    Args:
        tx: the caller's transaction; killed in between, nothing of it has happened.
        window: the day.
        limit: how many merchants are looked at.
        now: when (UTC).

    """
    day = await days.open_day(tx, window=window, now=now)
    if day.closed_at is not None:
        return day
    arguments = {"after": day.done_until, "limit": limit}
    merchants = [each async for (each,) in await tx.execute(_MERCHANTS, arguments)]
    ids = {merchant_id: new_id() for merchant_id in merchants}
    if merchants:
        await _claim(tx, day, ids)
        await _write(tx, day, ids, now)
    arguments = {
        "day": day.day,
        "done_until": merchants[-1] if merchants else day.done_until,
        "closed_at": now if len(merchants) < limit else None,
    }
    row = await (await tx.execute(_PROGRESS, arguments)).fetchone()
    assert row is not None, "its row is locked"
    return Window(*row)


async def _claim(tx: Tx, day: Window, ids: Mapping[UUID, UUID]) -> None:
    arguments = {
        "merchants": list(ids),
        "ids": list(ids.values()),
        "day": day.day,
        "since": day.from_at - LOOK_BACK,
        "until": day.until_at,
    }
    await tx.execute(_CLAIM, arguments)


async def _write(tx: Tx, day: Window, ids: Mapping[UUID, UUID], now: datetime) -> None:
    found = await lines.of_settlements(tx, settlement_ids=ids.values())
    if not found:
        return
    merchant_of = {settlement_id: merchant_id for merchant_id, settlement_id in ids.items()}
    busy = [merchant_of[settlement_id] for settlement_id in found]
    before = {row[0]: bytes(row[1]) async for row in await tx.execute(_BEFORE, (busy,))}
    written = {
        settlement_id: files.write(
            its_lines,
            merchant_id=merchant_of[settlement_id],
            window=day,
            previous_sha256=before.get(merchant_of[settlement_id]),
        )
        for settlement_id, its_lines in found.items()
    }
    made = [
        _Made(settlement_id, merchant_id, written[settlement_id], before.get(merchant_id))
        for settlement_id, merchant_id in merchant_of.items()
        if settlement_id in written
    ]
    await _keep(tx, made, day=day, now=now)
    sales = {
        (line.account_id, line.redemption_id)
        for its_lines in found.values()
        for line in its_lines
        if line.kind == LineKind.sale
    }
    await settled.mark(tx, day=day.day, coupons=sales)
    total = sum(each.totals.lines for each in written.values())
    log.info("settlements_closed", day=str(day.day), merchants=len(written), lines=total)


async def _keep(tx: Tx, made: Sequence[_Made], *, day: Window, now: datetime) -> None:
    rows = [
        {
            "id": each.id,
            "merchant_id": each.merchant_id,
            "day": day.day,
            "previous": each.previous_sha256,
            "manifest": files.sha256(each.written.manifest),
            "now": now,
        }
        | asdict(each.written.totals)
        for each in made
    ]
    await tx.cursor().executemany(_SETTLEMENT, rows)
    contents = [
        {"id": each.id, "name": name, "sha256": files.sha256(content), "content": content}
        for each in made
        for name, content in each.written.files.items()
    ]
    await tx.cursor().executemany(_FILE, contents)


_MERCHANTS = """
SELECT id FROM merchant WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
"""
# Not NOT EXISTS, which the planner answers by reading every line that a merchant ever had: this
# looks each event up by its key, and there are a month's of them.
_CLAIM = """
INSERT INTO settlement_line (merchant_id, kind, number, settlement_id, place, day, store_code,
                             till_code)
SELECT t.merchant_id, e.kind, e.number, t.id,
       row_number() OVER (PARTITION BY t.merchant_id
                          ORDER BY e.at, e.kind, e.number COLLATE "C"),
       %(day)s, coalesce(s.code, ''), coalesce(k.code, '')
  FROM unnest(%(merchants)b::uuid[], %(ids)b::uuid[]) AS t (merchant_id, id)
 CROSS JOIN LATERAL (
   SELECT * FROM merchant_event e
    WHERE e.merchant_id = t.merchant_id AND e.at >= %(since)s AND e.at < %(until)s
      AND (SELECT l.place FROM settlement_line l
            WHERE l.merchant_id = e.merchant_id AND l.kind = e.kind AND l.number = e.number)
          IS NULL) AS e
  LEFT JOIN store s ON s.id = e.store_id
  LEFT JOIN till k ON k.id = CASE WHEN e.actor ~ '^till:[0-9a-f-]{36}$'
                                  THEN substr(e.actor, 6)::uuid END
"""
_BEFORE = """
SELECT DISTINCT ON (merchant_id) merchant_id, manifest_sha256 FROM settlement
 WHERE merchant_id = ANY (%b::uuid[]) ORDER BY merchant_id, day DESC
"""
_SETTLEMENT = """
INSERT INTO settlement (id, merchant_id, day, lines, late_lines, sales, undone, refunds, points,
                        face_value_fen, government_fen, merchant_fen, carbon_fen, payable_fen,
                        previous_sha256, manifest_sha256, closed_at)
VALUES (%(id)s, %(merchant_id)s, %(day)s, %(lines)s, %(late_lines)s, %(sales)s, %(undone)s,
        %(refunds)s, %(points)s, %(face_value_fen)s, %(government_fen)s, %(merchant_fen)s,
        %(carbon_fen)s, %(payable_fen)s, %(previous)s, %(manifest)s, %(now)s)
"""
_FILE = """
INSERT INTO settlement_file (settlement_id, name, sha256, content)
VALUES (%(id)s, %(name)s, %(sha256)s, %(content)s)
"""
_PROGRESS = """
UPDATE settlement_day SET done_until = %(done_until)s, closed_at = %(closed_at)s
 WHERE day = %(day)s
RETURNING day, zone, minutes, from_at, until_at, done_until, closed_at
"""
