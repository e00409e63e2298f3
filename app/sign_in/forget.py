"""The worker forgets codes, budgets, counts and sessions that can decide nothing any more."""

from datetime import datetime, timedelta

import structlog

from app.database import Database

log = structlog.get_logger()

ROWS = 5_000
"""Rows of one transaction: nobody who signs in waits for the broom."""
AFTER = timedelta(days=1)
"""As long as the longest window of a budget."""
SESSIONS_AFTER = timedelta(days=30)
"""How long an ended session still tells on which device somebody was."""


async def forget(database: Database, *, now: datetime) -> int:
    """Remove what is over; how many rows that were. Safe to run again, and to kill."""
    gone = 0
    for statement, after in _BROOMS:
        while True:
            async with database.writing() as tx:
                found = await tx.execute(statement, (now - after, ROWS))
            gone += found.rowcount
            if found.rowcount < ROWS:
                break
    log.info("sign_ins_forgotten", rows=gone)
    return gone


# Each deletes what it looked at, unless it was used in the meantime.
_BROOMS = (
    (
        """
DELETE FROM one_time_code c USING (
  SELECT phone, device, ends_at FROM one_time_code WHERE ends_at < %s LIMIT %s) AS old
 WHERE c.phone = old.phone AND c.device = old.device AND c.ends_at = old.ends_at
""",
        AFTER,
    ),
    (
        """
DELETE FROM sign_in_budget b USING (
  SELECT kind, who, last_at FROM sign_in_budget WHERE last_at < %s LIMIT %s) AS old
 WHERE b.kind = old.kind AND b.who = old.who AND b.last_at = old.last_at
""",
        AFTER,
    ),
    (
        """
DELETE FROM sign_in_count WHERE (kind, hour_at, slot) IN (
  SELECT kind, hour_at, slot FROM sign_in_count WHERE hour_at < %s LIMIT %s)
""",
        AFTER,
    ),
    (
        """
DELETE FROM sign_in_session WHERE id IN (
  SELECT id FROM sign_in_session WHERE ends_at < %s LIMIT %s)
""",
        SESSIONS_AFTER,
    ),
)
