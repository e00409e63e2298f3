"""Times as providers write them become times with an offset; nothing is guessed.

A local time that the clock showed twice, or never, is refused, and so is one without a zone
(by the methodology's reader). A year such as 0014 passes through as it is, to be refused.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

REMEMBERED_MAX = 100_000
_YEARS = range(1900, 2200)
_USUAL = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,6})?\d{0,3} ?(Z|z|[+-]\d{2}:?\d{2})?"
)


class Refused(Exception):
    """A value that cannot be taken: a stable reason code, and what would mend it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def time_reader(
    *, zone: ZoneInfo | None, time_format: str | None, shift_days: int
) -> Callable[[str], str]:
    """A function that writes a time as ``2014-01-31T08:30:00-08:00``.

    Args:
        zone: where the clock stood that wrote times without an offset; None leaves them so.
        time_format: how times are written (`datetime.strptime`); None: as in ISO 8601, with
            a blank for the ``T`` and without seconds if need be.
        shift_days: whole days added to the instant; a demonstration's licence.

    """
    remembered: dict[str, str] = {}
    shift = timedelta(days=shift_days)

    def read(text: str) -> str:
        written = remembered.get(text)
        if written is None:
            moment = _parsed(text, time_format)
            if moment is None:
                return text  # the methodology's reader says what is wrong with it
            if moment.tzinfo is None and zone is not None and moment.year in _YEARS:
                moment = _placed(moment, zone)
            if shift_days and moment.year in _YEARS:
                moment += shift
            written = moment.isoformat()
            if len(remembered) >= REMEMBERED_MAX:
                remembered.clear()
            remembered[text] = written
        return written

    return read


def _parsed(text: str, time_format: str | None) -> datetime | None:
    try:
        if time_format is not None:
            return datetime.strptime(text, time_format)  # noqa: DTZ007 - the zone comes later
        match = _USUAL.fullmatch(text)
        if match is None:
            return None
        day, minute, second, fraction, offset = match.groups(default="")
        return datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{fraction}{offset.upper()}")
    except ValueError:
        if time_format is None:
            return None
        raise Refused("not_a_time", f"written {time_format}") from None


def _placed(moment: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which a clock in the zone showed this.

    Source: PEP 495: before and after a change the two folds differ, and the sign tells which.
    """
    first = moment.replace(tzinfo=zone, fold=0).utcoffset()
    second = moment.replace(tzinfo=zone, fold=1).utcoffset()
    assert first is not None
    assert second is not None
    if first > second:
        raise Refused("ambiguous_time", f"clocks in {zone.key} showed this time twice that night")
    if first < second:
        raise Refused("no_such_time", f"clocks in {zone.key} skipped this time that night")
    return datetime.fromisoformat(moment.replace(tzinfo=zone).isoformat())
