"""The time, as a dependency that tests replace, and the programme's civil days.

No room calls ``datetime.now`` itself: a use case is handed ``now``, so tests own the time.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request

MONTHS_OF_LIFE = 24
"""How long points live before they are rounded up to a quarter end (rule R12)."""


def utc_now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


async def current_time() -> datetime:
    """The request's moment; tests override this dependency."""
    return utc_now()


Now = Annotated[datetime, Depends(current_time)]


def moment_of(request: Request) -> datetime:
    """`Now` for a guard, which every request meets and which is a dependency less this way."""
    clock: Callable[[], datetime] = request.app.dependency_overrides.get(current_time, utc_now)
    return clock()


def quarter_end(day: date) -> date:
    """The last day of the quarter in which ``day`` lies."""
    first_month_after = (day.month - 1) // 3 * 3 + 4
    year, month = (day.year, first_month_after) if first_month_after <= 12 else (day.year + 1, 1)
    return date(year, month, 1) - timedelta(days=1)


def points_expire_on(today: date, *, months: int = MONTHS_OF_LIFE) -> date:
    """The last day on which points booked today can be spent: a quarter end.

    Args:
        today: the booking's civil day in the programme's zone.
        months: whole months that every point is sure to live.

    """
    years, month = divmod(today.month - 1 + months, 12)
    return quarter_end(date(today.year + years, month + 1, 1))
