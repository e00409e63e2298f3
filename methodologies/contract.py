"""What a methodology is, in types. A plug-in imports this file and nothing of the app.

A methodology is pure: the same evidence and factors always give the same grams, today
and in an audit five years from now. It reads no clock, no database, no network; factors
are chosen by the date of the act and handed in. Numbers are `Decimal`, in the units the
manifest declares, and are combined under `EXACT`. Floats never get this far.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, Self

from methodologies.canonical import canonical_json, content_hash
from methodologies.manifest import (
    Cap,
    Claim,
    EngagementSpec,
    EvidenceSpec,
    FactorNeed,
    HistorySpec,
    InputSpec,
    Label,
    LowerTier,
    Manifest,
    ParameterSpec,
    RuleSpec,
    TableSpec,
    TermSpec,
    Tier,
    Vector,
)

__all__ = [
    "EXACT",
    "NOTHING",
    "PICOGRAM",
    "SENSED_SHARE",
    "Cap",
    "Claim",
    "Context",
    "EngagementSpec",
    "EvidenceSpec",
    "Factor",
    "FactorNeed",
    "HistorySpec",
    "InputSpec",
    "Label",
    "LowerTier",
    "Manifest",
    "Methodology",
    "Note",
    "ParameterSpec",
    "Plugin",
    "Quantification",
    "RuleSpec",
    "Status",
    "Step",
    "TableSpec",
    "TermSpec",
    "Tier",
    "Variant",
    "Vector",
]

EXACT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    clamp=0,
    flags=[],
    traps=[decimal.DivisionByZero, decimal.InvalidOperation, decimal.Overflow],
)
"""Decimal128 arithmetic, which an auditor can repeat in any language."""

PICOGRAM = Decimal("1E-12")
"""The step, in grams, to which a result is mended before it is cut to whole grams."""

SENSED_SHARE = Decimal("0.80")
"""What counts of an act that a sensor inferred (tier C); applied before the cut to grams."""

_ZERO, _THOUSAND = Decimal(0), Decimal(1000)
NOTHING: Mapping[str, Decimal] = MappingProxyType({})

Status = Literal["quantified", "not_applicable", "held", "rejected", "error"]
Variant = Literal["exact", "parent_zone", "older_year", "default"]
StepKind = Literal["input", "factor", "parameter", "rule", "term", "cap", "rounding"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One emission factor as it was found: chosen before a methodology runs, never by it.

    ``valid_from`` is the first day, ``valid_to`` the first day after (None: open-ended).
    ``variant`` says how it was found; ``grade`` is P, R, T, U or D (see factors/).
    """

    name: str
    value: Decimal
    unit: str
    issuer: str
    document: str
    grade: str
    region: str
    valid_from: date
    valid_to: date | None
    variant: Variant
    pack: str
    gas_basis: str


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds one act: its day in the programme's zone, and that day's factors.

    ``limits`` is what the caps over a window still allow of a capped term, in the term's
    unit. ``waived`` names the reasons to hold that an officer has set aside.
    """

    occurred_on: date
    factors: Mapping[str, Factor]
    limits: Mapping[str, Decimal] = field(default_factory=lambda: NOTHING)
    waived: frozenset[str] = frozenset()


class Quantification(NamedTuple):
    """What one act is worth: whole grams of CO2e, or none and the rule that says so.

    ``unrounded_kg`` is after caps and before the cut at zero. ``counts`` holds the value
    of each term or input that a cap counts, for the engine to add up over the window, and of
    the kept terms. ``tier`` is the evidence tier of this act, None for the methodology's own;
    ``poolable`` is False where the act itself rules pooling out (`pooling` asks the rest).
    """

    status: Status
    grams: int = 0
    unrounded_kg: Decimal = _ZERO
    reason_code: str | None = None
    counts: Mapping[str, Decimal] = NOTHING
    tier: Tier | None = None
    poolable: bool = True

    @classmethod
    def of(
        cls,
        kg: Decimal,
        counts: Mapping[str, Decimal] = NOTHING,
        tier: Tier | None = None,
        poolable: bool = True,  # noqa: FBT001, FBT002 - called by compiled formulas, in order
    ) -> Self:
        """Whole grams, rounded down, never below zero: doubt costs us, not the air.

        The quotient of a division may end a hair under a whole gram; the picogram step
        mends that first. Rounding lives here and nowhere else, and so does the deduction of
        tier C, of which four fifths count. Tier D has no grams at all.

        Args:
            kg: kilograms of CO2e saved.
            counts: values of what the caps count, and of the kept terms.
            tier: the tier of this act's evidence; None is the methodology's own and takes
                nothing off, so a plug-in of tier C says it.
            poolable: whether this act may be pooled, as far as the act itself goes.

        Raises:
            decimal.InvalidOperation: more than 10^22 grams, which no act saves.
        """
        if tier is not None:
            if tier == "C":
                kg = EXACT.multiply(kg, SENSED_SHARE)
            elif tier == "D":
                kg = _ZERO
        exact_g = EXACT.quantize(EXACT.multiply(kg, _THOUSAND), PICOGRAM)
        grams = int(exact_g) if exact_g > 0 else 0
        return cls("quantified", grams, kg, None, counts, tier, poolable)

    @classmethod
    def engaged(cls, counts: Mapping[str, Decimal] = NOTHING) -> Self:
        """An engagement that took place: worth points of its own budget, never grams."""
        return cls("quantified", counts=counts, poolable=False)

    @classmethod
    def not_applicable(cls, reason_code: str) -> Self:
        """An act that is not of the kind this methodology is for."""
        return cls("not_applicable", reason_code=reason_code)

    @classmethod
    def held(cls, reason_code: str) -> Self:
        """Evidence that a person must look at first."""
        return cls("held", reason_code=reason_code)

    @classmethod
    def rejected(cls, reason_code: str) -> Self:
        """Evidence that this methodology does not believe."""
        return cls("rejected", reason_code=reason_code)

    @classmethod
    def error(cls, reason_code: str) -> Self:
        """Something that could not be computed: held for an officer, never credited."""
        return cls("error", reason_code=reason_code)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation; the lines in order are the whole computation."""

    name: str
    kind: StepKind
    label: Label
    value: str
    unit: str = ""
    formula: str = ""
    provenance: Mapping[str, str] | None = None


class Methodology(Protocol):
    """One way to turn evidence into a reduction; documents and plug-ins look the same."""

    @property
    def manifest(self) -> Manifest:
        """What it says about itself."""
        ...

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """Its worked examples."""
        ...

    def quantify(self, evidence: Mapping[str, Any], context: Context) -> Quantification:
        """The credit path: fast, no notes taken. Never raises for any typed evidence."""
        ...

    def explain(
        self, evidence: Mapping[str, Any], context: Context
    ) -> tuple[Quantification, tuple[Step, ...]]:
        """The same answer, and how it came about."""
        ...


Note = Callable[[str, Decimal, str], None]
"""What a plug-in calls for each term: its name, its value, its unit."""


def _silently(name: str, value: Decimal, unit: str) -> None:
    """Take no note."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """Makes a methodology of one function: explaining is running it with a pencil."""

    manifest: Manifest
    run: Callable[[Mapping[str, Any], Context, Note], Quantification]
    vectors: tuple[Vector, ...] = ()

    def __post_init__(self) -> None:
        """Give the manifest its canonical form and its hash; by default every input is kept."""
        manifest = self.manifest
        if not manifest.replay_inputs:
            kept = (name for name, spec in manifest.inputs.items() if spec.type != "instant")
            manifest = replace(manifest, replay_inputs=tuple(kept))
        if not manifest.content_hash:
            text = canonical_json(manifest)
            manifest = replace(manifest, canonical_json=text, content_hash=content_hash(text))
        object.__setattr__(self, "manifest", manifest)

    def quantify(self, evidence: Mapping[str, Any], context: Context) -> Quantification:
        """Run, keeping no notes."""
        return self._run(evidence, context, _silently)

    def explain(
        self, evidence: Mapping[str, Any], context: Context
    ) -> tuple[Quantification, tuple[Step, ...]]:
        """Run, writing every term down."""
        steps: list[Step] = []

        def write(name: str, value: Decimal, unit: str) -> None:
            steps.append(Step(name, "term", self.manifest.labels[name], str(value), unit))

        return self._run(evidence, context, write), tuple(steps)

    def _run(self, evidence: Mapping[str, Any], context: Context, note: Note) -> Quantification:
        if not context.limits.keys() <= {cap.count for cap in self.manifest.caps}:
            return Quantification.error("unknown_limit")
        try:
            return self.run(evidence, context, note)
        except ArithmeticError:
            return Quantification.error("arithmetic")
        except KeyError:
            return Quantification.error("incomplete")
