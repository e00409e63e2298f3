"""What a document declares to compute with: inputs, history, parameters, tables, factors, terms.

Each function takes one block of a document and gives frozen values; `schema` puts them
together, and `agreement` asks whether they fit each other.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from methodologies.language.tokens import RESERVED
from methodologies.manifest import (
    FactorNeed,
    HistorySpec,
    InputSpec,
    ParameterSpec,
    TableSpec,
    TermSpec,
)
from methodologies.shape import Table, number
from methodologies.strict_yaml import refuse

DERIVED_UNITS = ("s", "min", "h", "day")
SCOPES = ("traveller", "vehicle", "meter", "household-day", "order", "device-serial")
ITEMS_MAX = 100
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_CHOICE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_HISTORY_KINDS = {
    "same_month_of_past_years": ("of", "years"),
    "mean_of_prior_days": ("of", "days", "at_least"),
    "max_of_prior_days": ("of", "days", "at_least"),
    "sum_this_year": ("of",),
    "minutes_since_last": ("same",),
    "credited_grams_same_day": ("scopes",),
    "counted_same_period": ("of", "scopes"),
}
"""Each kind of history and the keys it needs besides unit and bounds."""


def inputs_of(table: Table) -> Iterator[tuple[str, InputSpec]]:
    """The block ``inputs``."""
    for name, entry in table.named("inputs"):
        kind = entry.one_of("type", ("decimal", "integer", "instant", "code", "list"))
        numeric = kind in ("decimal", "integer", "list")
        derived = entry.names("from")
        if derived and (len(derived) != 2 or kind not in ("decimal", "integer")):
            raise refuse(f"{name}: only a number is derived, from two instants", derived[0])
        fewest, most = _length(entry) if kind == "list" else (0, 0)
        spec = InputSpec(
            name=name,
            type=kind,
            label=entry.label("label"),
            unit=entry.unit("unit") if numeric else "",
            minimum=entry.number("min") if numeric else None,
            maximum=entry.number("max") if numeric else None,
            places=entry.whole("places", 0, 12, "6") if kind in ("decimal", "list") else 0,
            derived_from=(derived[0], derived[1]) if derived else None,
            one_of=entry.names("one_of") if kind == "code" else (),
            personal=entry.one_of("personal", ("no", "yes", "sensitive"), "no"),
            items_min=fewest,
            items_max=most,
        )
        entry.close()
        if derived and spec.unit not in DERIVED_UNITS:
            raise refuse(f"{name}: a span has a unit of {', '.join(DERIVED_UNITS)}", derived[0])
        yield name, spec


def _length(entry: Table) -> tuple[int, int]:
    """How many items a list has."""
    fewest = entry.whole("min_items", 0, ITEMS_MAX)
    return fewest, entry.whole("max_items", max(1, fewest), ITEMS_MAX)


def history_of(table: Table) -> Iterator[tuple[InputSpec, HistorySpec]]:
    """The block ``history``: each value as the input it becomes, and how it is looked up."""
    for name, entry in table.named("history"):
        kind = entry.one_of("kind", tuple(_HISTORY_KINDS))
        needed = _HISTORY_KINDS[kind]
        years = entry.whole("years", 1, 10) if "years" in needed else 0
        days = entry.whole("days", 1, 366) if "days" in needed else 0
        low, high = entry.number("min"), entry.number("max")
        spec = HistorySpec(
            name=name,
            kind=kind,
            of=entry.text("of") if "of" in needed else "",
            subject=entry.text("subject", "citizen"),
            years=years,
            days=days,
            at_least=entry.whole("at_least", 1, days, str(days)) if days else 0,
            same=entry.names("same", empty=False) if "same" in needed else (),
            scopes=entry.names("scopes", empty=False) if "scopes" in needed else (),
            if_none=entry.number_or_none("if_none"),
            or_from_provider=entry.one_of("or_from", ("provider", "nobody"), "nobody")
            == "provider",
        )
        for scope in spec.scopes:
            if scope not in SCOPES:
                raise refuse(f"{name}: there is no scope {scope[:40]!r}", scope)
        if spec.if_none is not None and (years or not low <= spec.if_none <= high):
            raise refuse(f"{name}: if_none lies within the bounds, and a list has none", name)
        made = InputSpec(
            name=name,
            type="list" if years else "decimal",
            label=entry.label("label"),
            unit=entry.unit("unit"),
            minimum=low,
            maximum=high,
            places=entry.whole("places", 0, 12, "6"),
            items_min=1 if years else 0,
            items_max=years,
        )
        entry.close()
        yield made, spec


def parameters_of(table: Table) -> Iterator[tuple[str, ParameterSpec]]:
    """The block ``parameters``."""
    for name, entry in table.named("parameters"):
        if entry.one_of("type", ("decimal", "code"), "decimal") == "code":
            made = ParameterSpec(name, entry.text("value"), "", entry.label("label"))
        else:
            value = entry.number("value")
            made = ParameterSpec(name, value, entry.unit("unit"), entry.label("label"))
        entry.close()
        yield name, made


def tables_of(table: Table) -> Iterator[tuple[str, TableSpec]]:
    """The block ``tables``: numbers of one unit by code."""
    for name, entry in table.named("tables"):
        values = Table(entry.need("values"), f"{name}: values", name)
        found: dict[str, Decimal] = {}
        for key in list(values.left):
            if not _KEY.fullmatch(key):
                raise refuse(f"{name}: {key[:60]!r} cannot be a key", key)
            found[str(key)] = number(values.take(key), f"{name}: {key}", key)
        if not found:
            raise refuse(f"{name}: a table has at least one entry", name)
        made = TableSpec(name, entry.unit("unit"), entry.label("label"), found)
        entry.close()
        yield name, made


def factor_of(name: str, entry: Table) -> FactorNeed:
    """One entry of the block ``factors``."""
    need = FactorNeed(
        name=name,
        unit=entry.unit("unit"),
        label=entry.label("label"),
        minimum=entry.number("min"),
        maximum=entry.number("max"),
        choose_by=entry.names("choose_by", empty=False),
        optional=entry.one_of("optional", ("yes", "no"), "no") == "yes",
    )
    entry.close()
    chosen = need.choose_by
    if chosen[:2] != ("pack", "date") or len(chosen) > 3 or not _is_key(chosen[2:]):
        raise refuse("choose_by is [pack, date], or also a code of the evidence", chosen[0])
    return need


def _is_key(rest: tuple[str, ...]) -> bool:
    return all(_CHOICE.fullmatch(each) and each not in RESERVED for each in rest)


def term_of(name: str, entry: Table) -> TermSpec:
    """One entry of the block ``terms``."""
    term = TermSpec(name, entry.text("formula"), entry.unit("unit"), entry.label("label"))
    entry.close()
    return term


def labels_of(*groups: Any) -> dict[str, Any]:
    """The label of everything that has a name."""
    return {spec.name: spec.label for group in groups for spec in group}
