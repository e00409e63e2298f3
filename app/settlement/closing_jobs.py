"""The promise of this room: business days are closed when they are over."""

from collections.abc import Awaitable, Callable

import procrastinate

from app.database import Database
from app.settlement import close_days

EVERY_MINUTE = "* * * * *"
Patiently = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


def promise(
    jobs: procrastinate.App,
    *,
    database: Database,
    clock: close_days.Clock,
    patiently: Patiently,
) -> None:
    """Look every minute whether a day is due; however many workers see the minute."""

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="close_days", queueing_lock="close_days")
    async def _close(timestamp: int) -> None:
        await patiently(lambda: close_days.close_due(database, clock=clock))
