"""Factor packs: dated values with their sources, loaded strictly, chosen by the act's day.

A pack is data; nothing here computes a gram. A value that cannot be found is refused,
never guessed: what stands in for it, if anything, is said by ``variant``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from methodologies.canonical import canonical_json, content_hash, plain_number
from methodologies.contract import Factor, FactorNeed, Variant
from methodologies.documents import tree_of_json
from methodologies.language.units import unit
from methodologies.shape import Table
from methodologies.shape import name as checked_name
from methodologies.strict_yaml import DocumentError, load, refuse

__all__ = [
    "FactorError",
    "FactorMissing",
    "FactorUnsuitable",
    "Pack",
    "PackDisabled",
    "load_pack",
    "pack_from_canonical",
    "pack_from_text",
]

_CACHED_MAX = 20_000
_GRADES = ("P", "R", "T", "U", "D")


class FactorError(LookupError):
    """No factor can be had: the act is held, never credited on a guess."""


class FactorMissing(FactorError):
    """The pack has no value of this name for this day."""

    def __init__(self, name: str, occurred_on: date) -> None:
        """Keep both, for the officer who has to supply it."""
        super().__init__(f"no value of {name} for {occurred_on.isoformat()}")
        self.name = name
        self.occurred_on = occurred_on


class FactorUnsuitable(FactorError):
    """The pack's value is in another unit, or outside what the methodology allows."""


class PackDisabled(FactorError):
    """The pack is not enabled, so nothing may be credited with it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One region's set of factors, immutable and known by its hash."""

    id: str
    version: str
    enabled: bool
    region: str
    title: Mapping[str, str]
    values: tuple[Factor, ...]
    canonical_json: str
    content_hash: str
    review: Mapping[str, Mapping[str, str]]
    _by_name: dict[str, dict[str, list[Factor]]] = field(repr=False, compare=False)
    _found: dict[Any, tuple[Any, Mapping[str, Factor]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def resolve(
        self, needs: Sequence[FactorNeed], *, occurred_on: date, grid_region: str | None = None
    ) -> Mapping[str, Factor]:
        """The factors of one act.

        Args:
            needs: what the methodology asks for (``manifest.factors``).
            occurred_on: the civil day of the act, which chooses the value.
            grid_region: ISO 3166-2 code, for factors chosen by it.

        Returns:
            A read-only mapping by name; the same object for the same question.

        Raises:
            PackDisabled: the pack is not enabled.
            FactorMissing: a value is not there for this day.
            FactorUnsuitable: a value does not fit the need.
        """
        if not self.enabled:
            raise PackDisabled(f"the pack {self.id} is not enabled")
        key = (id(needs), occurred_on, grid_region)
        hit = self._found.get(key)
        if hit is not None and hit[0] is needs:
            return hit[1]
        chosen = {need.name: self._suitable(need, occurred_on, grid_region) for need in needs}
        found = MappingProxyType(chosen)
        if len(self._found) >= _CACHED_MAX:
            self._found.clear()
        self._found[key] = (needs, found)
        return found

    def _suitable(self, need: FactorNeed, occurred_on: date, grid_region: str | None) -> Factor:
        regions = self._by_name.get(need.name, {})
        if "grid_region" in need.choose_by:
            factor = _of_region(regions, self.region, grid_region, occurred_on)
        else:
            factor = _on(regions.get(self.region, ()), occurred_on)
        if factor is None:
            raise FactorMissing(need.name, occurred_on)
        if unit(factor.unit) != unit(need.unit):
            raise FactorUnsuitable(f"{need.name} is in {factor.unit}, needed in {need.unit}")
        low, high = need.minimum, need.maximum
        if (low is not None and factor.value < low) or (high is not None and factor.value > high):
            raise FactorUnsuitable(f"{need.name} is {plain_number(factor.value)}: out of bounds")
        return factor


def _on(values: Sequence[Factor], day: date) -> Factor | None:
    for factor in values:
        if factor.valid_from <= day and (factor.valid_to is None or day < factor.valid_to):
            return factor
    return None


def _of_region(
    regions: Mapping[str, Sequence[Factor]], parent: str, region: str | None, day: date
) -> Factor | None:
    """A region's own value; else the lower of its latest older one and the parent's."""
    national = _on(regions.get(parent, ()), day)
    own_values = regions.get(region or parent, ())
    own = _on(own_values, day)
    if own is not None:
        return own
    older = [factor for factor in own_values if factor.valid_from <= day]
    if national is None:
        return None
    if not older:
        return _as(national, "parent_zone")
    latest = max(older, key=lambda factor: factor.valid_from)
    return _as(min(latest, national, key=lambda factor: factor.value), "older_year")


def _as(factor: Factor, variant: Variant) -> Factor:
    names = [name for name in Factor.__dataclass_fields__ if name != "variant"]
    return Factor(variant=variant, **{name: getattr(factor, name) for name in names})


def load_pack(path: Path) -> Pack:
    """The pack a YAML file describes.

    Raises:
        DocumentError: the file is refused; the error says why and where.
    """
    try:
        return pack_from_text(path.read_text(encoding="utf-8"))
    except DocumentError as refused:
        raise DocumentError(
            f"{path.name}: {refused.message}", refused.line, refused.column
        ) from None


def pack_from_text(text: str) -> Pack:
    """The pack a YAML text describes.

    Raises:
        DocumentError: the text is refused.
    """
    placed = _pack(load(text))  # texts that know their place, for the sake of errors
    return pack_from_canonical(placed.canonical_json)


def pack_from_canonical(json_text: str) -> Pack:
    """The pack that was kept as canonical JSON.

    Raises:
        DocumentError: the text is no pack.
    """
    return _pack(tree_of_json(json_text))


def _pack(tree: dict[str, Any]) -> Pack:
    table = Table(tree, "the pack")
    identifier, version = table.text("id"), table.text("version")
    enabled = table.one_of("enabled", ("yes", "no")) == "yes"
    region, title = table.text("region"), table.label("title")
    values: list[Factor] = []
    review: dict[str, Mapping[str, str]] = {}
    for entry in table.tables("factors", empty=False):
        found, reviewed = _entry(entry, f"{identifier}@{version}")
        values += found
        review[f"{found[0].name} {found[0].valid_from.isoformat()}"] = reviewed
    table.close()
    text = canonical_json(tree)
    return Pack(
        id=identifier,
        version=version,
        enabled=enabled,
        region=region,
        title=title,
        values=tuple(values),
        canonical_json=text,
        content_hash=content_hash(text),
        review=review,
        _by_name=_indexed(values, identifier),
    )


def _entry(entry: Table, pack: str) -> tuple[list[Factor], Mapping[str, str]]:
    """One source and the values it gives."""
    name = checked_name(entry.text("name"))
    shared = {
        "unit": entry.unit("unit"),
        "gas_basis": entry.one_of("gas_basis", ("CO2", "CO2e", "none")),
        "issuer": entry.text("issuer"),
        "document": entry.text("document"),
    }
    entry.one_of("boundary", ("use", "life_cycle", "none"))
    review = {
        "checked_by": entry.text("checked_by"),
        "review_by": entry.day("review_by").isoformat(),
    }
    found = [_value(row, name, shared, pack) for row in entry.tables("values", empty=False)]
    entry.close()
    return found, review


def _value(row: Table, name: str, shared: Mapping[str, str], pack: str) -> Factor:
    valid_from = row.day("valid_from")
    valid_to = row.day("valid_to") if "valid_to" in row.left else None
    factor = Factor(
        name=name,
        value=row.number("value"),
        grade=row.one_of("grade", _GRADES),
        region=row.text("region"),
        valid_from=valid_from,
        valid_to=valid_to,
        variant="exact",
        pack=pack,
        **shared,
    )
    if valid_to is not None and valid_to <= valid_from:
        raise refuse(f"{name}: valid_to is not after valid_from", row.near)
    row.close()
    return factor


def _indexed(values: Sequence[Factor], pack: str) -> dict[str, dict[str, list[Factor]]]:
    """Values by name and region, in order of their dates; none may overlap another."""
    found: dict[str, dict[str, list[Factor]]] = {}
    for factor in sorted(values, key=lambda factor: factor.valid_from):
        before = found.setdefault(factor.name, {}).setdefault(factor.region, [])
        if before and (before[-1].valid_to is None or before[-1].valid_to > factor.valid_from):
            day = factor.valid_from.isoformat()
            raise DocumentError(f"{pack}: {factor.name} {factor.region} overlaps at {day}")
        before.append(factor)
    return found
