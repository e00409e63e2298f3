"""What an act comes to by its version's formulas, with the factors of its day; pure.

A missing factor holds an act, it never guesses; so does a number too large to be true.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from app.catalogue.versions import Version, Versions
from app.reductions.decisions import Candidate
from methodologies.contract import Context, Quantification
from methodologies.packs import FactorError, keys_of
from methodologies.replay import Evidence

LARGEST = 2**31 - 1
"""Grams, or points, of one act: two thousand tonnes."""


def quantify(
    version: Version,
    evidence: Evidence,
    versions: Versions,
    limits: Mapping[str, str] | None = None,
    *,
    waived: frozenset[str] = frozenset(),
) -> Quantification:
    """Compute with the factors of the act's day; a missing factor holds, it never guesses."""
    try:
        context = context_of(
            version, evidence, versions, versions.factor_set_id, limits, waived=waived
        )
    except FactorError:
        return Quantification.held("no_factor")
    return version.methodology.quantify(evidence, context)


def context_of(
    version: Version,
    inputs: Mapping[str, object],
    versions: Versions,
    factor_set_id: int,
    limits: Mapping[str, str] | None,
    *,
    waived: frozenset[str] = frozenset(),
) -> Context:
    """The factors of the act's day, what caps left of it, and what an officer set aside.

    Raises:
        FactorError: the factor set has no value for this day.

    """
    occurred_on = inputs.occurred_on if isinstance(inputs, Evidence) else inputs["occurred_on"]
    assert isinstance(occurred_on, date), "typed evidence knows its day"
    region = inputs.get("grid_region")
    factors = versions.packs[factor_set_id].resolve(
        version.methodology.manifest.factors,
        occurred_on=occurred_on,
        grid_region=region if isinstance(region, str) else None,
        keys=keys_of(version.methodology.manifest.factors, inputs),
    )
    exact = {name: Decimal(value) for name, value in (limits or {}).items()}
    return Context(occurred_on, factors, exact, waived)


def believable(candidate: Candidate) -> Candidate:
    """The same, unless it is so large that it cannot be true: then a person looks at it first."""
    worth = candidate.worth
    if worth.status != "quantified" or (worth.grams <= LARGEST and candidate.points <= LARGEST):
        return candidate
    return replace(candidate, worth=Quantification.held("too_large"))
