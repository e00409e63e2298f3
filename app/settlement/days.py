"""Business days: which one is closed next, when it ends, and the cut-off that two officers set.

A day ends at midnight in the programme's zone, or so many minutes later. Its window is kept with
it, so a later cut-off changes no day that was closed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Tx
from app.inputs import day_in
from app.settlement import rules
from app.settlement.errors import CutOffUnsound

log = structlog.get_logger()

KIND = "settlement.set_cut_off"
UNFOUNDED_ZONE = "Asia/Shanghai"
"""Before a programme has been set up; from then on its own zone counts."""


@dataclass(frozen=True, slots=True)
class Window:
    """A business day: from when until when, and how far its closing has come."""

    day: date
    zone: str
    minutes: int
    from_at: datetime
    until_at: datetime
    done_until: UUID
    closed_at: datetime | None


async def following(tx: Tx) -> Window | None:
    """The day that is closed next: the open one, or the one after the last; None: no events."""
    row = await (await tx.execute(_LAST)).fetchone()
    last = Window(*row) if row is not None else None
    if last is not None and last.closed_at is None:
        return last
    zone = await zone_of(tx)
    if last is not None:
        day, from_at = last.day + timedelta(days=1), last.until_at
    else:
        row = await (await tx.execute(_FIRST_EVENT)).fetchone()
        if row is None or row[0] is None:
            return None
        civil = rules.day_of(row[0], zone=zone, minutes=0)
        minutes = await minutes_on(tx, day=civil)
        day = rules.day_of(row[0], zone=zone, minutes=minutes)
        from_at = rules.day_end(day - timedelta(days=1), zone=zone, minutes=minutes)
    minutes = await minutes_on(tx, day=day)
    until_at = rules.day_end(day, zone=zone, minutes=minutes)
    return Window(day, zone, minutes, from_at, until_at, UUID(int=0), None)


async def by_days(tx: Tx, *, wanted: list[date]) -> dict[date, Window]:
    """The windows of days that are closed or being closed."""
    return {row[0]: Window(*row) async for row in await tx.execute(_BY_DAYS, (wanted,))}


async def open_day(tx: Tx, *, window: Window, now: datetime) -> Window:
    """Begin to close a day, or join whoever has begun; its row is locked from here on."""
    arguments = {
        "day": window.day,
        "zone": window.zone,
        "minutes": window.minutes,
        "from_at": window.from_at,
        "until_at": window.until_at,
        "now": now,
    }
    await tx.execute(_OPEN, arguments)
    row = await (await tx.execute(_LOCK, (window.day,))).fetchone()
    assert row is not None, "who closes a day opens the one after the last"
    return Window(*row)


async def zone_of(tx: Tx) -> str:
    """The programme's zone."""
    row = await (await tx.execute(_ZONE)).fetchone()
    return str(row[0]) if row is not None else UNFOUNDED_ZONE


async def minutes_on(tx: Tx, *, day: date) -> int:
    """How many minutes after midnight a day ends."""
    row = await (await tx.execute(_MINUTES, (day,))).fetchone()
    return int(row[0]) if row is not None else 0


async def apply_cut_off(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Set when business days end, from a day on that has not begun.

    Args:
        tx: the transaction of the approval.
        payload: ``{"minutes": 240, "from_day": "2026-04-01"}``.
        now: when (UTC).

    Raises:
        CutOffUnsound: not minutes, or the day has begun.

    """
    minutes = payload.get("minutes")
    try:
        from_day = day_in(str(payload.get("from_day")))
    except ValueError as error:
        raise _unsound() from error
    today = rules.day_of(now, zone=await zone_of(tx), minutes=0)
    if type(minutes) is not int or not 0 <= minutes <= rules.MINUTES_MAX or from_day <= today:
        raise _unsound()
    # One decision at a time: versions follow one another.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('settlement_cut_off'))")
    await tx.execute(_SET, {"from_day": from_day, "minutes": minutes, "now": now})
    await record(
        tx,
        actor="process:approvals",
        action=KIND,
        subject=f"day:{from_day}",
        facts={"minutes": minutes},
        now=now,
    )
    log.info("settlement_cut_off_set", minutes=minutes)


def _unsound() -> CutOffUnsound:
    return CutOffUnsound(
        "A cut-off is 0 to 720 minutes after midnight, from tomorrow on or later.",
        "日切时间须为零点后 0 至 720 分钟,且最早自明日起生效。",
    )


_COLUMNS = """
SELECT day, zone, minutes, from_at, until_at, done_until, closed_at FROM settlement_day
"""
_LAST = f"{_COLUMNS} ORDER BY day DESC LIMIT 1"
_BY_DAYS = f"{_COLUMNS} WHERE day = ANY (%b::date[])"
_LOCK = f"{_COLUMNS} WHERE day = %s FOR UPDATE"
_FIRST_EVENT = "SELECT min(scanned_at) FROM scan"
_OPEN = """
INSERT INTO settlement_day (day, zone, minutes, from_at, until_at, done_until, opened_at)
VALUES (%(day)s, %(zone)s, %(minutes)s, %(from_at)s, %(until_at)s,
        '00000000-0000-0000-0000-000000000000', %(now)s)
ON CONFLICT (day) DO NOTHING
"""
_ZONE = "SELECT zone FROM programme WHERE id = 1"
_MINUTES = """
SELECT minutes FROM settlement_cut_off WHERE from_day <= %s ORDER BY version DESC LIMIT 1
"""
_SET = """
INSERT INTO settlement_cut_off (version, from_day, minutes, set_at)
SELECT coalesce(max(version), 0) + 1, %(from_day)s, %(minutes)s, %(now)s FROM settlement_cut_off
"""
