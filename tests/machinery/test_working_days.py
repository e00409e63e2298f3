"""Deadlines in working days: weekends and decreed holidays do not count."""

from datetime import date

import pytest

from app.working_days import is_working, working_days_after


@pytest.mark.parametrize(
    ("day", "count", "ends"),
    [
        ("2026-03-01", 5, "2026-03-06"),  # a Sunday
        ("2026-03-06", 1, "2026-03-09"),  # over a weekend
        ("2026-09-30", 1, "2026-10-08"),  # over the National Day week
        ("2026-10-08", 2, "2026-10-10"),  # a Saturday that is worked
        ("2027-12-31", 1, "2028-01-03"),  # a year nobody has decreed yet
    ],
)
def test_deadlines_skip_what_is_free(day, count, ends):
    """The day itself never counts."""
    assert working_days_after(date.fromisoformat(day), count) == date.fromisoformat(ends)


def test_worked_weekends_are_weekends():
    """A day is decreed as worked because it would be free otherwise."""
    assert is_working(date(2026, 2, 14))
    assert not is_working(date(2026, 2, 21))
    assert not is_working(date(2026, 2, 16))
