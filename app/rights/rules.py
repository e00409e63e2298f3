"""Decisions about requests: by when they are answered, how long is waited. Pure.

Source: PIPL articles 44 to 50; fifteen working days are what app stores' rules and the programme
promise. Public holidays only make the real answer earlier than promised weekdays would.
"""

from datetime import date, timedelta

WORKING_DAYS = 15
GRACE = timedelta(days=7)
"""How long somebody who wants to leave may change their mind."""
SETTLES = timedelta(minutes=2)
"""How long is waited, after everything of a person has ended, for batches that were under way."""
KEPT = timedelta(days=7)
"""How long a copy lies ready."""
_SATURDAY = 5


def due_on(day: date, *, working_days: int = WORKING_DAYS) -> date:
    """The last day for an answer: so many working days after the day of asking.

    Args:
        day: the civil day on which somebody asked.
        working_days: Mondays to Fridays.

    """
    left = working_days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day
