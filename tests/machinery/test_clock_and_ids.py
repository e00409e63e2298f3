"""Days that end quarters, and names that say nothing about a person."""

from collections import Counter
from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import MONTHS_OF_LIFE, current_time, points_expire_on, quarter_end, utc_now
from app.ids import BUCKETS, account_number, bucket_of, new_id

days = st.dates(date(2020, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 9, 30), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2026, 12, 31)),
    ],
)
def test_a_quarter_ends_with_its_third_month(day, end):
    """The first and the last day of a quarter end together."""
    assert quarter_end(day) == end


@given(day=days)
def test_points_live_their_months_and_at_most_a_quarter_more(day):
    """No point dies early, and rounding up never adds more than a quarter."""
    last = points_expire_on(day)
    assert quarter_end(last) == last
    whole = day.year * 12 + day.month + MONTHS_OF_LIFE
    assert 0 <= last.year * 12 + last.month - whole <= 2


@given(day=days)
def test_points_booked_later_never_die_earlier(day):
    """First in, first out needs that the order of booking is the order of expiry."""
    assert points_expire_on(day) <= points_expire_on(day + timedelta(days=1))


async def test_the_time_is_utc():
    """A moment without a zone would be read differently by two machines."""
    assert utc_now().tzinfo is UTC
    assert (await current_time()).tzinfo is UTC


@given(n=st.integers(1, 2**52))
def test_an_account_knows_its_bucket(n):
    """The bucket is read from the number, and no two accounts share a number."""
    assert bucket_of(account_number(n)) == n % BUCKETS
    assert account_number(n) // BUCKETS == n
    assert account_number(n) < 2**63


def test_buckets_fill_evenly():
    """No virtual shard is fuller than another by more than one account."""
    sizes = Counter(bucket_of(account_number(n)) for n in range(1, 10_001))
    assert len(sizes) == BUCKETS
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_accounts_are_counted_from_one():
    """Account 0 would be everybody without an account."""
    with pytest.raises(AssertionError):
        account_number(0)


def test_ids_are_ordered_by_time_and_standard():
    """Rows made together lie together: UUIDv7, of the standard library's type."""
    ids = [new_id() for _ in range(1_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1_000
    assert {(type(each).__module__, each.version) for each in ids} == {("uuid", 7)}
