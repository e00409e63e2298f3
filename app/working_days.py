"""Working days in China: deadlines are promised in them.

Holidays are decreed for one year at a time, with weekends that are worked in return. A year that
is not in the table counts Monday to Friday.
"""

from datetime import date, timedelta

_ONE = timedelta(days=1)
_SATURDAY = 5


def _days(year: int, *spans: str) -> frozenset[date]:
    found: set[date] = set()
    for span in spans:
        first, _, last = span.partition("..")
        day = date.fromisoformat(f"{year}-{first}")
        while day <= date.fromisoformat(f"{year}-{last or first}"):
            found.add(day)
            day += _ONE
    return frozenset(found)


# Source: 国务院办公厅关于2026年部分节假日安排的通知, 国办发明电〔2025〕7号.
_FREE = _days(
    2026, "01-01..01-03", "02-15..02-23", "04-04..04-06", "05-01..05-05", "06-19..06-21",
    "09-25..09-27", "10-01..10-07",
)  # fmt: skip
_WORKED = _days(2026, "01-04", "02-14", "02-28", "05-09", "09-20", "10-10")


def is_working(day: date) -> bool:
    """Whether offices are open that day."""
    return day in _WORKED or (day.weekday() < _SATURDAY and day not in _FREE)


def working_days_after(day: date, count: int) -> date:
    """The ``count``-th working day after ``day``, which is itself not counted."""
    assert count >= 1, "a deadline lies ahead"
    while count:
        day += _ONE
        count -= is_working(day)
    return day
