"""Use case: the calendar turns its pages: what is scheduled becomes active on its day.

Crediting does not wait for this: the day of the act chooses the version. Here the states
follow, and the history says when. The worker looks once a minute, and every officer's change
looks first.
"""

from datetime import date, datetime

from app.catalogue.budgets_set import civil_day
from app.catalogue.move import CALENDAR, Standing, move
from app.catalogue.move import lock as lock_row
from app.catalogue.states import State
from app.database import Tx


async def lock(tx: Tx, *, methodology: str, version: str, now: datetime) -> tuple[Standing, date]:
    """The version, locked, as it stands today; and what day it is in the city.

    Raises:
        MethodologyNotFound: nothing was uploaded under this name.
        CatalogueEmpty: nobody has set a programme up.

    """
    today = await civil_day(tx, now=now)
    standing = await lock_row(tx, methodology=methodology, version=version)
    if await _turn(tx, methodology, today, now):
        standing = await lock_row(tx, methodology=methodology, version=version)
    return standing, today


async def turn(tx: Tx, *, now: datetime) -> int:
    """Let every version whose day has come, or is over, change its state; how many did.

    Raises:
        CatalogueEmpty: nobody has set a programme up.

    """
    return await _turn(tx, None, await civil_day(tx, now=now), now)


async def _turn(tx: Tx, methodology: str | None, today: date, now: datetime) -> int:
    rows = await tx.execute(_DUE, {"methodology": methodology, "today": today})
    due = await rows.fetchall()
    for name, version in due:
        standing = await lock_row(tx, methodology=name, version=version)
        steps = _steps(standing, today)
        if steps:
            await move(
                tx,
                standing=standing,
                to=steps,
                actor=CALENDAR,
                reason="the day has come",
                now=now,
            )
    return len(due)


def _steps(standing: Standing, today: date) -> list[State]:
    steps = []
    if standing.state is State.scheduled and (standing.active_from or date.max) <= today:
        steps.append(State.active)
    over = standing.active_until is not None and standing.active_until <= today
    if over and (steps or standing.state is State.active):
        steps.append(State.superseded)
    return steps


_DUE = """
SELECT methodology, version FROM methodology_version
 WHERE (%(methodology)s::text IS NULL OR methodology = %(methodology)s)
   AND ((state = 'scheduled' AND active_from <= %(today)s)
        OR (state = 'active' AND active_until <= %(today)s))
 ORDER BY methodology, active_from
"""
