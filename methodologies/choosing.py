"""Choosing the factors of an act out of a pack, by its day and sometimes a code.

A value that cannot be found is refused, never guessed: what stands in for it, if anything, is
said by ``variant``. How a pack is read stands in `packs`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from methodologies.canonical import plain_number
from methodologies.contract import Factor, FactorNeed, Variant
from methodologies.language.units import unit

GRID_REGION = "grid_region"
NO_KEYS: Mapping[str, str] = MappingProxyType({})
_CACHED_MAX = 20_000


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
        self,
        needs: Sequence[FactorNeed],
        *,
        occurred_on: date,
        grid_region: str | None = None,
        keys: Mapping[str, str] = NO_KEYS,
    ) -> Mapping[str, Factor]:
        """The factors of one act.

        Args:
            needs: what the methodology asks for (``manifest.factors``).
            occurred_on: the civil day of the act, which chooses the value.
            grid_region: ISO 3166-2 code, for factors chosen by it.
            keys: other codes that choose a factor (a model), by input: see `keys_of`.

        Returns:
            A read-only mapping by name; the same object for the same question. An optional
            factor that the pack does not have is not in it.

        Raises:
            PackDisabled: the pack is not enabled.
            FactorMissing: a value is not there for this day.
            FactorUnsuitable: a value does not fit the need.
        """
        if not self.enabled:
            raise PackDisabled(f"the pack {self.id} is not enabled")
        key = (id(needs), occurred_on, grid_region, tuple(keys.items()))
        hit = self._found.get(key)
        if hit is not None and hit[0] is needs:
            return hit[1]
        codes = {GRID_REGION: grid_region or "", **keys}
        chosen: dict[str, Factor] = {}
        for need in needs:
            try:
                chosen[need.name] = self._suitable(need, occurred_on, codes)
            except FactorMissing:
                if not need.optional:
                    raise
        found = MappingProxyType(chosen)
        if len(self._found) >= _CACHED_MAX:
            self._found.clear()
        self._found[key] = (needs, found)
        return found

    def _suitable(self, need: FactorNeed, occurred_on: date, codes: Mapping[str, str]) -> Factor:
        regions = self._by_name.get(need.name, {})
        chooser = need.choose_by[2] if len(need.choose_by) > 2 else ""
        if chooser == GRID_REGION:
            factor = _of_region(regions, self.region, codes[GRID_REGION] or None, occurred_on)
        elif chooser:
            factor = _of_key(regions, self.region, codes.get(chooser, ""), occurred_on)
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


def _of_key(
    regions: Mapping[str, Sequence[Factor]], parent: str, code: str, day: date
) -> Factor | None:
    """The value of a code (a model); else the pack's own value for the kind, as a default."""
    own = _on(regions.get(code, ()), day)
    if own is not None:
        return own
    general = _on(regions.get(parent, ()), day)
    return None if general is None else _as(general, "default")


def keys_of(needs: Sequence[FactorNeed], inputs: Mapping[str, object]) -> dict[str, str]:
    """The codes of an act that choose its factors, grid region apart."""
    names = {name for need in needs for name in need.choose_by[2:]} - {GRID_REGION}
    found = {name: inputs.get(name, "") for name in sorted(names)}
    return {name: code for name, code in found.items() if isinstance(code, str)}


def _as(factor: Factor, variant: Variant) -> Factor:
    names = [name for name in Factor.__dataclass_fields__ if name != "variant"]
    return Factor(variant=variant, **{name: getattr(factor, name) for name in names})
