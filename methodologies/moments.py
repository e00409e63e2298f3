"""Moments as whole numbers, and the civil days they fall on.

A moment is counted in microseconds since 2000-01-01 UTC, as PostgreSQL counts: a comparison of
two numbers costs a tenth of one of two aware datetimes. Nothing here reads a clock.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
DAY_S = 86_400
DAY_US = DAY_S * SECOND_US
_KEPT_MAX = 200_000
_MINUTE_CHARS = 16


def us_of(value: datetime) -> int:
    """Microseconds since 2000-01-01 UTC; the moment must be aware."""
    since: timedelta = value - EPOCH
    return (since.days * DAY_S + since.seconds) * SECOND_US + since.microseconds


class Minutes(dict[str, tuple[int, date]]):
    """``2024-01-31T08:30+08:00``: when that minute began, and its civil day in a zone.

    Worked out once for each minute that records name; a day has 1,440 of them.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        """Begin with none."""
        super().__init__()
        self._zone = zone

    def __missing__(self, minute: str) -> tuple[int, date]:
        """Work one out.

        Raises:
            ValueError: there is no such minute.

        """
        began = datetime.fromisoformat(f"{minute[:_MINUTE_CHARS]}:00{minute[_MINUTE_CHARS:]}")
        if len(self) >= _KEPT_MAX:
            self.clear()
        found = self[minute] = us_of(began), began.astimezone(self._zone).date()
        return found


@lru_cache(maxsize=64)
def minutes_of(zone: ZoneInfo) -> Minutes:
    """The minutes of a zone, the same ones for everybody."""
    return Minutes(zone)
