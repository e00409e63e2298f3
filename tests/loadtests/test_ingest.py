"""What the day's program makes of what it counted."""

import pytest

from loadtests.ingest import dearer, steadiness


def test_cost_is_compared_between_the_first_and_the_last_events():
    """An event at the end that costs half as much again is told as one and a half."""
    spent = [(0, 7.0), (100, 8.0), (200, 9.0), (900, 40.0), (1_000, 41.5)]
    assert dearer(spent, 500) == pytest.approx(1.5)


def test_rates_are_compared_between_the_first_and_the_last_events():
    """Twice the time for the last fifth is half the rate."""
    chunks = [(0.0, 10), (1.0, 100), (2.0, 100), (9.0, 700), (11.0, 100)]
    assert steadiness(chunks, 500) == pytest.approx(0.5)
