"""Decisions of the settlement room: values in, value out. No database, no clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
GRACE = timedelta(minutes=15)
"""How long after its end a day is closed: sales can be undone for ten minutes."""
MINUTES_MAX = 720
_DANGEROUS = frozenset("=+-@\t\r\n'＝＋－＠")


def day_end(day: date, *, zone: str, minutes: int) -> datetime:
    """The first moment after a business day (UTC)."""
    midnight = datetime.combine(day + _DAY, time.min, ZoneInfo(zone))
    return (midnight + timedelta(minutes=minutes)).astimezone(UTC)


def day_of(at: datetime, *, zone: str, minutes: int) -> date:
    """The business day in which a moment lies."""
    return (at.astimezone(ZoneInfo(zone)) - timedelta(minutes=minutes)).date()


def masked_coupon(digest: bytes) -> str:
    """Enough of a coupon's digest to tell coupons apart; nobody finds the code from it."""
    return f"c1.*{digest.hex()[:12]}"


def cell(text: str) -> str:
    """Text as a spreadsheet shows it: what would be a formula gets an apostrophe in front.

    Source: OWASP, "CSV Injection". A text that begins with one gets another, so that it can be
    read back.
    """
    return f"'{text}" if text and text[0] in _DANGEROUS else text
