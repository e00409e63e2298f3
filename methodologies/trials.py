"""Acts to try a methodology on: its worked examples, and acts drawn from its bounds.

The draw depends on nothing but the methodology's own content, so two people who check the
same text see the same findings.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from methodologies.contract import EXACT, Context, Factor, Methodology, Vector
from methodologies.evidence import may_be_absent
from methodologies.express import ABSENT
from methodologies.manifest import Manifest
from methodologies.replay import typed

_DAY = date(2024, 1, 1)


def context_of(vector: Vector, manifest: Manifest) -> Context:
    """The context of a worked example: its own factor values, whatever the packs say."""
    needs = [need for need in manifest.factors if need.name in vector.factors or not need.optional]
    values = {need.name: Decimal(vector.factors[need.name]) for need in needs}
    limits = {name: Decimal(value) for name, value in vector.limits.items()}
    return Context(_DAY, factors_of(manifest, values), limits)


def evidence_of(vector: Vector, manifest: Manifest) -> dict[str, Any]:
    """The typed inputs of a worked example; what is optional and absent counts as nothing."""
    found = {name: typed(value, manifest.inputs[name].type) for name, value in vector.given.items()}
    for name, spec in manifest.inputs.items():
        if name not in found and may_be_absent(manifest, spec):
            found[name] = ABSENT[spec.type]
    return found


def readable(vector: Vector, manifest: Manifest) -> bool:
    """Whether a worked example gives all that is needed, and nothing unknown."""
    try:
        evidence = evidence_of(vector, manifest)
        context_of(vector, manifest)
    except (KeyError, ArithmeticError, ValueError):
        return False
    return evidence.keys() >= set(manifest.replay_inputs)


def factors_of(manifest: Manifest, values: Mapping[str, Decimal]) -> dict[str, Factor]:
    """Factors with these values and no source, for examples and trials."""
    return {
        need.name: Factor(
            name=need.name,
            value=values[need.name],
            unit=need.unit,
            issuer="example",
            document="example",
            grade="D",
            region="example",
            valid_from=_DAY,
            valid_to=None,
            variant="default",
            pack="example",
            gas_basis="none",
        )
        for need in manifest.factors
        if need.name in values
    }


def acts_of(methodology: Methodology, count: int) -> Iterator[tuple[dict[str, Any], Context]]:
    """The worked examples, and acts drawn from the declared bounds, always the same ones."""
    manifest = methodology.manifest
    for vector in methodology.vectors:
        if readable(vector, manifest):
            yield evidence_of(vector, manifest), context_of(vector, manifest)
    draw = random.Random(manifest.content_hash)  # noqa: S311 - trials, not secrets
    for _ in range(count):
        evidence: dict[str, Any] = {}
        for name, spec in manifest.inputs.items():
            if spec.type == "code":
                evidence[name] = draw.choice(spec.one_of or ("A", "B"))
            elif spec.type == "list":
                length = draw.randint(spec.items_min, spec.items_max)
                drawn = (spec.minimum, spec.maximum, spec.places)
                evidence[name] = tuple(_drawn(draw, *drawn) for _ in range(length))
            elif spec.type != "instant":
                evidence[name] = _drawn(draw, spec.minimum, spec.maximum, spec.places)
        values = {
            need.name: _drawn(draw, need.minimum, need.maximum, 6) for need in manifest.factors
        }
        yield evidence, Context(_DAY, factors_of(manifest, values))


def _drawn(draw: random.Random, low: Decimal | None, high: Decimal | None, places: int) -> Decimal:
    """A number within bounds; every third is a bound, or small, where mistakes live."""
    low, high = low or Decimal(0), high if high is not None else Decimal(1000)
    first, last = (int(EXACT.scaleb(bound, places)) for bound in (low, high))
    choice = draw.randrange(6)
    if choice == 0:
        return draw.choice((low, high))
    if choice == 1:
        last = min(last, first + 100)
    return EXACT.scaleb(Decimal(draw.randint(first, max(first, last))), -places)
