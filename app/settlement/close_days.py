"""Use cases: close every business day that is due, in order; by the worker or an officer.

Each step is a transaction of its own. A closer that was killed is followed by another, which
finds the open day and goes on behind the last merchant that was done.
"""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.database import Database
from app.settlement import days, rules
from app.settlement.close import close_some
from app.settlement.errors import DayNotOver

MERCHANTS_PER_STEP = 100
Clock = Callable[[], datetime]


async def close_due(
    database: Database, *, clock: Clock, limit: int = MERCHANTS_PER_STEP
) -> list[date]:
    """Close the days that ended more than a quarter of an hour ago; which were closed."""
    return await _close(database, clock=clock, through=None, limit=limit)


async def close_through(
    database: Database, *, day: date, clock: Clock, limit: int = MERCHANTS_PER_STEP
) -> list[date]:
    """Close every open day up to and with ``day``, without waiting for the grace to pass.

    Raises:
        DayNotOver: ``day`` has not ended.

    """
    async with database.reading() as tx:
        zone, minutes = await days.zone_of(tx), await days.minutes_on(tx, day=day)
    until_at = rules.day_end(day, zone=zone, minutes=minutes)
    if clock() < until_at:
        ends = until_at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
        raise DayNotOver(
            f"This business day ends at {ends}; close it then.",
            f"该营业日于 {ends} 结束,届时方可结算。",
            ends_at=ends,
        )
    return await _close(database, clock=clock, through=day, limit=limit)


async def _close(
    database: Database, *, clock: Clock, through: date | None, limit: int
) -> list[date]:
    closed: list[date] = []
    while True:
        async with database.reading() as tx:
            window = await days.following(tx)
        now = clock()
        if window is None or now < window.until_at:
            return closed
        if through is not None and window.day > through:
            return closed
        if through is None and window.closed_at is None and now < window.until_at + rules.GRACE:
            return closed
        async with database.writing() as tx:
            done = await close_some(tx, window=window, limit=limit, now=now)
        if done.closed_at is not None:
            closed.append(done.day)
