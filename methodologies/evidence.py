"""Evidence in: a provider's record becomes typed inputs, or a reason why not.

Nothing is judged here beyond form and bounds; plausibility is the methodology's. How one value
is read stands in `reading`, how inputs are kept as text and got back in `replay`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from methodologies.express import ABSENT, express_of
from methodologies.manifest import InputSpec, Manifest
from methodologies.moments import EPOCH, Minutes, minutes_of, us_of
from methodologies.reading import (
    EvidenceError,
    list_reader,
    moment,
    number_reader,
    span_reader,
    text,
)
from methodologies.replay import Evidence, inputs_from_json, inputs_to_json

__all__ = [
    "Evidence",
    "EvidenceError",
    "Reader",
    "inputs_from_json",
    "inputs_to_json",
    "reader_for",
]

FUTURE_ALLOWED = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""
NO_HISTORY: Mapping[str, object] = MappingProxyType({})
_FUTURE_US = FUTURE_ALLOWED // timedelta(microseconds=1)
_Around = tuple[datetime, ZoneInfo, int, int, Minutes]
"""When records came and whose days are told; the same as numbers, as the fast way wants them."""
_NOWHERE = ZoneInfo("UTC")
_A_MOMENT = timedelta(microseconds=1)


class Reader:
    """Reads the records of one methodology; made once per manifest, used for millions."""

    __slots__ = (
        "_around",
        "_codes",
        "_end",
        "_express",
        "_history",
        "_instants",
        "_known",
        "_numbers",
        "_of_a_period",
        "_spans",
        "_start",
        "_texts",
    )

    def __init__(self, manifest: Manifest) -> None:
        """Settle everything that does not depend on a record."""
        self._express = express_of(manifest)
        self._around: _Around = (EPOCH, _NOWHERE, 0, 0, Minutes(_NOWHERE))
        required = frozenset(manifest.evidence.required)
        given = [
            spec
            for spec in manifest.inputs.values()
            if spec.derived_from is None and spec.name not in manifest.history
        ]
        self._instants = tuple(spec.name for spec in given if spec.type == "instant")
        self._start = "started_at" if "started_at" in self._instants else self._instants[0]
        self._end = "ended_at" if "ended_at" in self._instants else self._instants[0]
        self._of_a_period = manifest.aggregation != "per_act"
        self._numbers = tuple(
            (spec.name, spec.name in required, ABSENT[spec.type], _reader(spec))
            for spec in given
            if spec.type in ("decimal", "integer", "list")
        )
        self._codes = tuple(
            (spec.name, spec.name in required, frozenset(spec.one_of))
            for spec in given
            if spec.type == "code"
        )
        self._spans = tuple(
            (spec.name, spec.derived_from[0], spec.derived_from[1], span_reader(spec))
            for spec in manifest.inputs.values()
            if spec.derived_from is not None
        )
        self._history = tuple(
            (name, spec.if_none, spec.or_from_provider, _reader(manifest.inputs[name]))
            for name, spec in manifest.history.items()
        )
        self._texts = tuple((name, name in required) for name in manifest.evidence.fields)
        self._known = frozenset(spec.name for spec in given) | frozenset(manifest.evidence.fields)
        self._known |= {name for name, _, from_provider, _ in self._history if from_provider}

    def read(
        self,
        data: Mapping[str, object],
        *,
        received_at: datetime,
        zone: ZoneInfo,
        history: Mapping[str, object] = NO_HISTORY,
    ) -> Evidence:
        """The typed evidence of one record.

        Args:
            data: the record as it came: texts, integers or decimals; never floats.
            received_at: when it reached us (aware).
            zone: the programme's zone, whose civil day the act belongs to.
            history: what the platform found for `Manifest.history`, by name; a value that is
                absent or None was not to be had.

        Returns:
            All inputs by name, derived ones and history included; an optional number that is
            absent is zero, an optional code the empty text, an optional list empty.

        Raises:
            EvidenceError: the first thing that is wrong, instants first.
        """
        if self._express is not None:
            around = self._around
            if around[0] is not received_at or around[1] is not zone:  # alike in a whole batch
                us = us_of(received_at)
                around = received_at, zone, us, us + _FUTURE_US, minutes_of(zone)
                self._around = around
            evidence = self._express(data, around[2], around[3], around[4])
            if evidence is not None:
                return evidence
        return self.read_patiently(data, received_at=received_at, zone=zone, history=history)

    def read_patiently(
        self,
        data: Mapping[str, object],
        *,
        received_at: datetime,
        zone: ZoneInfo,
        history: Mapping[str, object] = NO_HISTORY,
    ) -> Evidence:
        """`read` without the fast way: whatever form a value has, and why it cannot be."""
        moments = self._moments(data, received_at)
        start, end = moments[self._start], moments[self._end]
        if end < start:
            raise EvidenceError("ends_before_start", self._end, "the act ends before it starts")
        fields: dict[str, str] = {}
        day = self._day(start, end, zone)
        evidence = Evidence.of(dict(moments), day, start, end, us_of(start), us_of(end), fields)
        seen = len(moments)
        for name, required, absent, read in self._numbers:
            value = data.get(name)
            if value is None:
                evidence[name] = _absent(name, absent, required=required)
                seen += name in data
                continue
            evidence[name] = read(value)
            seen += 1
        for name, required, allowed in self._codes:
            value = data.get(name)
            code = _absent(name, "", required=required) if value is None else text(value, name)
            if allowed and code and code not in allowed:
                raise EvidenceError("out_of_bounds", name, f"one of {', '.join(sorted(allowed))}")
            evidence[name] = code
            seen += name in data
        for name, required in self._texts:
            value = data.get(name)
            if value is not None:
                fields[name] = text(value, name)
            elif required:
                raise EvidenceError("missing_field", name, "this field is required")
            seen += name in data
        if self._history:
            seen += self._remember(evidence, data, history)
        if seen != len(data):
            unknown = min(str(name)[:60] for name in data if name not in self._known)
            raise EvidenceError("unknown_field", unknown, "this methodology has no such field")
        moments["received_at"] = received_at
        for name, first, last, span in self._spans:
            evidence[name] = span(moments[first], moments[last])
        return evidence

    def _day(self, start: datetime, end: datetime, zone: ZoneInfo) -> date:
        """The civil day of an act; a period that ends at midnight belongs to the day before."""
        if self._of_a_period and start < end:
            end -= _A_MOMENT
        return end.astimezone(zone).date()

    def _moments(self, data: Mapping[str, object], received_at: datetime) -> dict[str, datetime]:
        """All instants; an absurd year is found before anything is computed with it."""
        latest = received_at + FUTURE_ALLOWED
        moments: dict[str, datetime] = {}
        for name in self._instants:
            found = moments[name] = moment(data.get(name), name, received_at.year)
            if found > latest:
                raise EvidenceError("in_the_future", name, "later than the record arrived")
        return moments

    def _remember(
        self, evidence: Evidence, data: Mapping[str, object], history: Mapping[str, object]
    ) -> int:
        """Put history in: the platform's own value first, then the provider's, then none.

        Returns how many of the record's fields were history.
        """
        seen = 0
        for name, if_none, from_provider, read in self._history:
            value = history.get(name)
            if from_provider and name in data:
                seen += 1
                value = data[name] if value is None else value
            if value is not None:
                evidence[name] = read(value)
            elif if_none is not None:
                evidence[name] = if_none
            else:
                raise EvidenceError("no_history", name, "nothing is known of the time before")
        return seen


@lru_cache(maxsize=1024)
def reader_for(manifest: Manifest) -> Reader:
    """The reader of a methodology's records; the same one for the same manifest."""
    return Reader(manifest)


def may_be_absent(manifest: Manifest, spec: InputSpec) -> bool:
    """Whether a record may leave an input out, which then counts as nothing."""
    if spec.type == "instant" or spec.derived_from is not None or spec.name in manifest.history:
        return False
    return spec.name not in manifest.evidence.required


def _reader(spec: InputSpec) -> Any:
    return list_reader(spec) if spec.type == "list" else number_reader(spec)


def _absent(name: str, value: Any, *, required: bool) -> Any:
    if required:
        raise EvidenceError("missing_field", name, "this field is required")
    return value
