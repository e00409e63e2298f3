"""One value of a record, read strictly: texts, numbers, lists and moments.

Form and bounds only; which values there are is the manifest's, and `evidence` asks for them.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from methodologies.canonical import plain_number
from methodologies.contract import EXACT
from methodologies.manifest import InputSpec

TEXT_MAX = 100
YEAR_MIN = 2000

_NUMBER = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,24})?")
_NUMBER_AND_UNIT = re.compile(r"(-?[0-9]{1,24}(?:\.[0-9]{1,24})?) ?([A-Za-z][A-Za-z0-9./]*)")
_INSTANT = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_EXPONENT = re.compile(r"[eE][0-9]*")
_ZERO = Decimal(0)
_DAY, _MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
_MICROSECONDS_IN = {
    "s": Decimal(10**6),
    "min": Decimal(60 * 10**6),
    "h": Decimal(3600 * 10**6),
}


class EvidenceError(ValueError):
    """A record that cannot be read: a stable reason code, the field, and a hint."""

    def __init__(self, reason_code: str, field: str, detail: str) -> None:
        """Keep the three apart, for an answer a provider's program can act on."""
        super().__init__(f"{field}: {reason_code}: {detail}")
        self.reason_code = reason_code
        self.field = field
        self.detail = detail


def text(value: object, name: str) -> str:
    """A text of a record.

    Raises:
        EvidenceError: ``not_a_text``.
    """
    if type(value) is not str or not value.strip():
        raise EvidenceError("not_a_text", name, "a text that is not empty")
    if len(value) > TEXT_MAX or not value.isprintable():
        raise EvidenceError("not_a_text", name, f"at most {TEXT_MAX} printable characters")
    return value


def moment(value: object, name: str, received_year: int) -> datetime:
    """An aware moment of a plausible year, out of RFC 3339 text or a typed column.

    Raises:
        EvidenceError: it is none, has no zone, or its year cannot be.
    """
    if type(value) is not str:
        if value is None:
            raise EvidenceError("missing_field", name, "this field is required")
        return _aware(value, name, received_year)
    usual = _usual_moment(value)
    if usual is not None and YEAR_MIN <= usual.year <= received_year + 1:
        return usual
    match = _INSTANT.fullmatch(value)
    if match is None:
        raise EvidenceError("not_a_time", name, "written 2024-01-31T08:30:00+08:00")
    year, zone = match.groups()
    if not YEAR_MIN <= int(year) <= received_year + 1:
        raise EvidenceError("year_out_of_range", name, f"the year {year}")
    if zone is None:
        raise EvidenceError("no_time_zone", name, "a time needs an offset such as +08:00, or Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise EvidenceError("not_a_time", name, "there is no such day or time") from None


def _usual_moment(value: str) -> datetime | None:
    """``2024-01-31T08:30:00+08:00``, as nearly all write it; None for whatever looks otherwise.

    With these characters at these places the library reads the rest as digits or refuses.
    """
    if len(value) != 25 or value[4] + value[7] + value[10] + value[13] + value[16] != "--T::":
        return None
    if value[19] not in "+-" or value[22] != ":":
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _aware(value: object, name: str, received_year: int) -> datetime:
    """A moment that is one already, out of a table with typed columns."""
    if not isinstance(value, datetime):
        raise EvidenceError("not_a_time", name, "written 2024-01-31T08:30:00+08:00")
    if not YEAR_MIN <= value.year <= received_year + 1:
        raise EvidenceError("year_out_of_range", name, f"the year {value.year}")
    if value.utcoffset() is None:
        raise EvidenceError("no_time_zone", name, "a time needs an offset")
    return value


def span_reader(spec: InputSpec) -> Callable[[datetime, datetime], Decimal]:
    """A function of two moments: the time between; of days only whole ones count.

    A hair early is none. Minutes are exact where their decimal ends and otherwise right to 34
    digits, which cannot carry a comparison with a number of fewer digits over its threshold.
    """
    low, high = _limits(spec)
    unit = spec.unit
    to_receipt = spec.derived_from is not None and spec.derived_from[1] == "received_at"

    def read(first: datetime, last: datetime) -> Decimal:
        between = last - first
        if unit == "day":
            value = Decimal(max(0, between // _DAY))
        else:
            value = length_of(between // _MICROSECOND, unit)
            if to_receipt and value < 0:
                value = _ZERO
        if not low <= value <= high:
            raise EvidenceError("out_of_bounds", spec.name, _bounds(spec))
        return value

    return read


@lru_cache(maxsize=8192)
def length_of(between_us: int, unit: str) -> Decimal:
    """Microseconds in another unit of time; most lengths were seen before."""
    return EXACT.divide(Decimal(between_us), _MICROSECONDS_IN[unit])


def _bounds(spec: InputSpec) -> str:
    low, high = _limits(spec)
    return f"from {plain_number(low)} to {plain_number(high)} {spec.unit}"


def _limits(spec: InputSpec) -> tuple[Decimal, Decimal]:
    """The least and the greatest value; every number has both."""
    assert spec.minimum is not None, spec.name
    assert spec.maximum is not None, spec.name
    return spec.minimum, spec.maximum


def number_reader(spec: InputSpec) -> Callable[[object], Decimal]:
    """A function that reads this input, or an item of it, from text, integer or decimal."""
    name, places = spec.name, spec.places
    low, high = _limits(spec)

    def read(value: object) -> Decimal:
        if type(value) is str:
            if _NUMBER.fullmatch(value) is None:
                value = _without_unit(value, spec)
            number = Decimal(value)
        elif type(value) is int:
            number = Decimal(value)
        elif type(value) is Decimal and value.is_finite():
            number = value
        else:
            hint = "send numbers as text, not as floats" if type(value) is float else "no number"
            raise EvidenceError("not_a_number", name, hint)
        if not low <= number <= high:
            raise EvidenceError("out_of_bounds", name, _bounds(spec))
        if type(value) is str and len(value) <= 40:
            point = value.find(".")
            if point < 0 or len(value) - point - 1 <= places:
                return number  # its text shows that it is neither too long nor too precise
        if len(number.as_tuple().digits) > 40 or _places(number) > places:
            raise EvidenceError("too_precise", name, f"at most {places} decimal places")
        return number

    return read


def list_reader(spec: InputSpec) -> Callable[[object], tuple[Decimal, ...]]:
    """A function that reads a list of numbers, each within the bounds of an item."""
    name, each = spec.name, number_reader(spec)

    def read(value: object) -> tuple[Decimal, ...]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise EvidenceError("not_a_list", name, "a list of numbers")
        if not spec.items_min <= len(value) <= spec.items_max:
            detail = f"from {spec.items_min} to {spec.items_max} items"
            raise EvidenceError("out_of_bounds", name, detail)
        return tuple(each(item) for item in value)

    return read


def _places(number: Decimal) -> int:
    """Decimal places that say something: ``3.70`` has one."""
    places = -int(number.as_tuple().exponent)
    if places <= 0:
        return 0
    text = format(number, "f")
    return places - (len(text) - len(text.rstrip("0")))


def _without_unit(value: str, spec: InputSpec) -> str:
    """The number before a unit, which must be the declared one: nothing is converted."""
    match = _NUMBER_AND_UNIT.fullmatch(value)
    if match is None or _EXPONENT.fullmatch(match.group(2)):
        raise EvidenceError("not_a_number", spec.name, "written with digits and a point: 3.7")
    number, unit = match.groups()
    if unit != spec.unit:
        raise EvidenceError("wrong_unit", spec.name, f"in {spec.unit}, not {unit[:20]}")
    return number
