"""The fast way to read a record: one straight function for each manifest, made once.

It takes what nearly every provider sends (moments with seconds and an offset, numbers in digits,
plain texts) and gives up without a reason on anything else: `evidence.Reader` then reads the
record the patient way, which knows every form and every reason. Both give equal evidence, which
tests try; nothing is refused here but a span out of its bounds, which comes last in both.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from methodologies.manifest import InputSpec, Manifest
from methodologies.moments import DAY_US, EPOCH, Minutes
from methodologies.reading import TEXT_MAX, YEAR_MIN, length_of
from methodologies.replay import Evidence

Express = Callable[[Mapping[str, object], int, int, Minutes], Evidence | None]
"""The record, when it came, the latest moment that is believed, the zone's minutes (all moments
as `moments.us_of` counts them): evidence, or None."""

ABSENT: Mapping[str, Any] = {"decimal": Decimal(0), "integer": Decimal(0), "code": "", "list": ()}
"""What an optional input counts as when the record does not carry it."""
DIGITS_MAX = 40
_NUMBER = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,24})?")
_USUAL = frozenset({"--T::+:", "--T::-:"})
"""Every third character of ``2024-01-31T08:30:00+08:00``, from the fifth on."""
_USUAL_CHARS = 25
_FIRST_US = (datetime(YEAR_MIN, 1, 2, tzinfo=EPOCH.tzinfo) - EPOCH).days * DAY_US
"""A day after the first that is believed, wherever its year began; the patient way knows better."""
_TYPES = frozenset({"instant", "decimal", "integer", "code"})


def express_of(manifest: Manifest) -> Express | None:
    """The fast way for a manifest's records; None for lists, a past, or the sum of a period."""
    given = [spec for spec in manifest.inputs.values() if spec.derived_from is None]
    if manifest.history or manifest.aggregation != "per_act":
        return None
    if any(spec.type not in _TYPES for spec in given):
        return None
    made = _Made(manifest, given)
    source = "\n".join(["def express(data, received_at, latest, minutes):", *made.lines()])
    names = made.names | {"__builtins__": {}}
    exec(compile(source, "<express>", "exec"), names)  # noqa: S102 -- our own text
    express: Express = names["express"]
    return express


class _Made:
    """The lines of one function, and the values that they name.

    Of the document's own text only names reach the source, and those as quoted strings.
    """

    def __init__(self, manifest: Manifest, given: list[InputSpec]) -> None:
        self._manifest = manifest
        self._given = given
        self._required = frozenset(manifest.evidence.required)
        self._variables: dict[str, str] = {"received_at": "received_at"}
        self.names: dict[str, Any] = {
            "moment": datetime.fromisoformat,
            "number": Decimal,
            "digits": _NUMBER.fullmatch,
            "usual": _USUAL,
            "evidence": Evidence.of,
            "length": length_of,
            "NoMoment": (ValueError, OverflowError),
            "Text": str,
            "Whole": int,
            "Exact": Decimal,
            "kind": type,
            "size": len,
        }

    def lines(self) -> Iterator[str]:
        """The body: moments, numbers, codes, other texts, the count of them, spans."""
        assert self._manifest.aggregation == "per_act", "a period's day is not its end's"
        instants = [spec.name for spec in self._given if spec.type == "instant"]
        for name in instants:
            yield from self._moment(name)
        start = self._variables["started_at" if "started_at" in instants else instants[0]]
        end = self._variables["ended_at" if "ended_at" in instants else instants[0]]
        yield f" if {end} < {start}: return None"
        counted = [f"{len(instants)}"]
        for spec in self._given:
            if spec.type in ("decimal", "integer"):
                counted.append(self._count(spec.name))
                yield from self._number(spec)
            elif spec.type == "code":
                counted.append(self._count(spec.name))
                yield from self._text(spec.name, frozenset(spec.one_of), code=True)
        yield " fields = {}"
        for name in self._manifest.evidence.fields:
            counted.append(self._count(name))
            yield from self._text(name, frozenset(), code=False)
        yield f" if size(data) != {' + '.join(counted)}: return None"
        for spec in self._manifest.inputs.values():
            if spec.derived_from is not None:
                yield from self._span(spec)
        inputs = ", ".join(f"{name!r}: {self._value(name)}" for name in self._manifest.inputs)
        yield f" return evidence({{{inputs}}}, {end}_day, {start}_, {end}_, {start}, {end}, fields)"

    def _named(self, name: str) -> str:
        return self._variables.setdefault(name, f"v{len(self._variables)}")

    def _constant(self, value: object) -> str:
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def _count(self, name: str) -> str:
        """How many fields of the record this one is: an optional one may not be there."""
        return "1" if name in self._required else f"({self._named(name)}_ is not None)"

    def _value(self, name: str) -> str:
        """Of a moment, the datetime; of everything else, what was read."""
        moment = self._manifest.inputs[name].type == "instant"
        return self._variables[name] + ("_" if moment else "")

    def _moment(self, name: str) -> Iterator[str]:
        """``v`` is the number, ``v_`` the datetime, ``v_day`` the civil day.

        With these characters at these places the library reads the rest as digits or refuses.
        """
        v = self._named(name)
        yield f" text = data.get({name!r})"
        yield f" if kind(text) is not Text or size(text) != {_USUAL_CHARS}: return None"
        yield " if text[4::3] not in usual: return None"
        yield " try:"
        yield f"  {v}_ = moment(text)"
        yield f"  {v}, {v}_day = minutes[text[:16] + text[19:]]"
        yield " except NoMoment: return None"
        yield f" {v} += Whole(text[17:19]) * 1000000"
        yield f" if not {_FIRST_US} <= {v} <= latest: return None"

    def _number(self, spec: InputSpec) -> Iterator[str]:
        """Text, a whole number or an exact one; its text shows that it is not too precise."""
        v = self._named(spec.name)
        yield f" {v}_ = {v} = data.get({spec.name!r})"
        if spec.name in self._required:
            yield f" if {v} is None: return None"
            yield " if 1:"
        else:
            yield f" if {v} is None: {v} = {self._constant(ABSENT[spec.type])}"
            yield " else:"
        yield f"  if kind({v}) is Exact: {v} = Text({v})"
        yield f"  if kind({v}) is Text:"
        yield f"   if size({v}) > {DIGITS_MAX} or digits({v}) is None: return None"
        yield f"   point = {v}.find('.')"
        yield f"   if point >= 0 and size({v}) - point > {spec.places + 1}: return None"
        yield f"  elif kind({v}) is not Whole: return None"
        yield f"  {v} = number({v})"
        low, high = self._constant(spec.minimum), self._constant(spec.maximum)
        yield f"  if not {low} <= {v} <= {high}: return None"

    def _text(self, name: str, allowed: frozenset[str], *, code: bool) -> Iterator[str]:
        v = self._named(name)
        yield f" {v}_ = {v} = data.get({name!r})"
        required = name in self._required
        yield f" if {v} is None: " + ("return None" if required else f"{v} = ''")
        if allowed:
            yield f" elif kind({v}) is not Text or {v} not in {self._constant(allowed)}:"
            yield "  return None"
        else:
            yield f" elif kind({v}) is not Text or not 0 < size({v}) <= {TEXT_MAX}: return None"
            yield f" elif {v}.isspace() or not {v}.isprintable(): return None"
        if not code:
            yield f" else: fields[{name!r}] = {v}"

    def _span(self, spec: InputSpec) -> Iterator[str]:
        """The time between two moments, as `reading.span_reader` reads it."""
        assert spec.derived_from is not None, "asked for spans only"
        first, last = (self._variables[each] for each in spec.derived_from)
        v = self._named(spec.name)
        yield f" {v} = {last} - {first}"
        if spec.unit == "day":
            yield f" {v} = number({v} // {DAY_US} if {v} > 0 else 0)"
        else:
            if last == "received_at":
                yield f" if {v} < 0: {v} = 0"
            yield f" {v} = length({v}, {spec.unit!r})"
        low, high = self._constant(spec.minimum), self._constant(spec.maximum)
        yield f" if not {low} <= {v} <= {high}: return None"
