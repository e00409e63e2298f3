"""Evidence in: a provider's record becomes typed inputs, or a reason why not.

Nothing is judged here beyond form and bounds; plausibility is the methodology's. How the
inputs are kept as text and got back stands in `replay`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from methodologies.canonical import plain_number
from methodologies.contract import EXACT
from methodologies.manifest import InputSpec, Manifest
from methodologies.replay import Evidence, inputs_from_json, inputs_to_json

__all__ = [
    "Evidence",
    "EvidenceError",
    "Reader",
    "inputs_from_json",
    "inputs_to_json",
    "reader_for",
]

TEXT_MAX = 100
FUTURE_ALLOWED = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""
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


class Reader:
    """Reads the records of one methodology; made once per manifest, used for millions."""

    __slots__ = ("_codes", "_end", "_instants", "_known", "_numbers", "_spans", "_start", "_texts")

    def __init__(self, manifest: Manifest) -> None:
        """Settle everything that does not depend on a record."""
        required = frozenset(manifest.evidence.required)
        given = [spec for spec in manifest.inputs.values() if spec.derived_from is None]
        self._instants = tuple(spec.name for spec in given if spec.type == "instant")
        self._start = "started_at" if "started_at" in self._instants else self._instants[0]
        self._end = "ended_at" if "ended_at" in self._instants else self._instants[0]
        self._numbers = tuple(
            (spec.name, spec.name in required, _number_reader(spec))
            for spec in given
            if spec.type in ("decimal", "integer")
        )
        self._codes = tuple(
            (spec.name, spec.name in required, frozenset(spec.one_of))
            for spec in given
            if spec.type == "code"
        )
        self._spans = tuple(
            (spec.name, spec.derived_from[0], spec.derived_from[1], spec)
            for spec in manifest.inputs.values()
            if spec.derived_from is not None
        )
        self._texts = tuple((name, name in required) for name in manifest.evidence.fields)
        self._known = frozenset(spec.name for spec in given) | frozenset(manifest.evidence.fields)

    def read(
        self, data: Mapping[str, object], *, received_at: datetime, zone: ZoneInfo
    ) -> Evidence:
        """The typed evidence of one record.

        Args:
            data: the record as it came: texts, integers or decimals; never floats.
            received_at: when it reached us (aware).
            zone: the programme's zone, whose civil day the act belongs to.

        Returns:
            All inputs by name, derived ones included; an optional number that is absent
            is zero, an optional code the empty text.

        Raises:
            EvidenceError: the first thing that is wrong, instants first.
        """
        moments = self._moments(data, received_at)
        start, end = moments[self._start], moments[self._end]
        if end < start:
            raise EvidenceError("ends_before_start", self._end, "the act ends before it starts")
        fields: dict[str, str] = {}
        evidence = Evidence(
            occurred_on=end.astimezone(zone).date(), started_at=start, ended_at=end, fields=fields
        )
        evidence.update(moments)
        seen = len(moments)
        for name, required, read in self._numbers:
            value = data.get(name)
            if value is None:
                evidence[name] = _absent(name, _ZERO, required=required)
                seen += name in data
                continue
            evidence[name] = read(value)
            seen += 1
        for name, required, allowed in self._codes:
            value = data.get(name)
            text = _absent(name, "", required=required) if value is None else _text(value, name)
            if allowed and text and text not in allowed:
                raise EvidenceError("out_of_bounds", name, f"one of {', '.join(sorted(allowed))}")
            evidence[name] = text
            seen += name in data
        for name, required in self._texts:
            value = data.get(name)
            if value is not None:
                fields[name] = _text(value, name)
            elif required:
                raise EvidenceError("missing_field", name, "this field is required")
            seen += name in data
        if seen != len(data):
            unknown = min(str(name)[:60] for name in data if name not in self._known)
            raise EvidenceError("unknown_field", unknown, "this methodology has no such field")
        moments["received_at"] = received_at
        for name, first, last, spec in self._spans:
            evidence[name] = _span(moments[first], moments[last], spec)
        return evidence

    def _moments(self, data: Mapping[str, object], received_at: datetime) -> dict[str, datetime]:
        """All instants; an absurd year is found before anything is computed with it."""
        latest = received_at + FUTURE_ALLOWED
        moments: dict[str, datetime] = {}
        for name in self._instants:
            moment = moments[name] = _moment(data.get(name), name, received_at.year)
            if moment > latest:
                raise EvidenceError("in_the_future", name, "later than the record arrived")
        return moments


@lru_cache(maxsize=1024)
def reader_for(manifest: Manifest) -> Reader:
    """The reader of a methodology's records; the same one for the same manifest."""
    return Reader(manifest)


def _absent(name: str, value: Any, *, required: bool) -> Any:
    if required:
        raise EvidenceError("missing_field", name, "this field is required")
    return value


def _text(value: object, name: str) -> str:
    if type(value) is not str or not value.strip():
        raise EvidenceError("not_a_text", name, "a text that is not empty")
    if len(value) > TEXT_MAX or not value.isprintable():
        raise EvidenceError("not_a_text", name, f"at most {TEXT_MAX} printable characters")
    return value


def _moment(value: object, name: str, received_year: int) -> datetime:
    if type(value) is not str:
        if value is None:
            raise EvidenceError("missing_field", name, "this field is required")
        return _aware(value, name, received_year)
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


def _aware(value: object, name: str, received_year: int) -> datetime:
    """A moment that is one already, out of a table with typed columns."""
    if not isinstance(value, datetime):
        raise EvidenceError("not_a_time", name, "written 2024-01-31T08:30:00+08:00")
    if not YEAR_MIN <= value.year <= received_year + 1:
        raise EvidenceError("year_out_of_range", name, f"the year {value.year}")
    if value.utcoffset() is None:
        raise EvidenceError("no_time_zone", name, "a time needs an offset")
    return value


def _span(first: datetime, last: datetime, spec: InputSpec) -> Decimal:
    """The time between two moments; of days only whole ones count, a hair early is none.

    Minutes are exact where their decimal ends and otherwise right to 34 digits, which
    cannot carry a comparison with a number of fewer digits over its threshold.
    """
    between = last - first
    if spec.unit == "day":
        value = Decimal(max(0, between // _DAY))
    else:
        value = EXACT.divide(Decimal(between // _MICROSECOND), _MICROSECONDS_IN[spec.unit])
        if value < 0 and spec.derived_from and spec.derived_from[1] == "received_at":
            value = _ZERO
    low, high = _limits(spec)
    if not low <= value <= high:
        raise EvidenceError("out_of_bounds", spec.name, _bounds(spec))
    return value


def _bounds(spec: InputSpec) -> str:
    low, high = _limits(spec)
    return f"from {plain_number(low)} to {plain_number(high)} {spec.unit}"


def _limits(spec: InputSpec) -> tuple[Decimal, Decimal]:
    """The least and the greatest value; every number has both."""
    assert spec.minimum is not None, spec.name
    assert spec.maximum is not None, spec.name
    return spec.minimum, spec.maximum


def _number_reader(spec: InputSpec) -> Callable[[object], Decimal]:
    """A function that reads this input from text, integer or decimal."""
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
        if len(number.as_tuple().digits) > 40 or _places(number) > places:
            raise EvidenceError("too_precise", name, f"at most {places} decimal places")
        return number

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
