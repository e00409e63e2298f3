"""What a methodology declares about itself, as frozen values; nothing here computes.

A plug-in author finds these names in `contract` and need not read this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Label = Mapping[str, str]
"""One text in two languages: keys ``zh`` and ``en``."""
InputType = Literal["decimal", "integer", "instant", "code"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One thing the evidence must say; ``derived_from`` names the two instants it spans."""

    name: str
    type: InputType
    label: Label
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    places: int = 0
    derived_from: tuple[str, str] | None = None
    one_of: tuple[str, ...] = ()
    personal: str = ""


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A number, or a code, fixed by the methodology itself."""

    name: str
    value: Decimal | str
    unit: str
    label: Label


@dataclass(frozen=True, slots=True)
class FactorNeed:
    """A factor that must be chosen for the act, and what it may lie between."""

    name: str
    unit: str
    label: Label
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    choose_by: tuple[str, ...] = ("pack", "date")


@dataclass(frozen=True, slots=True)
class TermSpec:
    """One named formula; ``unit`` is the unit its value is shown in."""

    name: str
    formula: str
    unit: str
    label: Label


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A condition that must hold, and what follows when it does not."""

    condition: str
    otherwise: Literal["not_applicable", "hold", "reject"]
    because: str
    label: Label


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``maximum`` of ``count`` per citizen in a window of civil days."""

    count: str
    window: Literal["day", "month", "quarter", "year"]
    maximum: Decimal
    because: str
    per: Literal["citizen"] = "citizen"


@dataclass(frozen=True, slots=True)
class Claim:
    """What this act uses up, so that no other act can use it again.

    ``subject`` is ``citizen`` or a field of the evidence; where the record carries none,
    ``if_absent`` is the subject. Without ``during`` the claim is for ever.
    """

    scope: str
    subject: str
    during: tuple[str, str] | None = None
    facet: str = ""
    if_absent: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceSpec:
    """How good the evidence is, what else it carries, and how long it is kept (days)."""

    tier: Literal["A", "B", "C"]
    poolable: bool
    retention_days: int
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """What a methodology says about itself. Points, budgets and states are not in it."""

    id: str
    version: str
    title: Label
    evidence: EvidenceSpec
    inputs: Mapping[str, InputSpec]
    language: str = "1"
    upstream: tuple[Mapping[str, str], ...] = ()
    scope: Mapping[str, Any] = field(default_factory=dict)
    late_evidence_days: int = 30
    parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)
    factors: tuple[FactorNeed, ...] = ()
    applicable_if: tuple[RuleSpec, ...] = ()
    verification: tuple[RuleSpec, ...] = ()
    terms: tuple[TermSpec, ...] = ()
    result: str = ""
    caps: tuple[Cap, ...] = ()
    claims: tuple[Claim, ...] = ()
    natural_key: tuple[str, ...] = ()
    sentence: Label = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)
    replay_inputs: tuple[str, ...] = ()
    canonical_json: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Vector:
    """A worked example that must come out exactly; all values are text."""

    name: str
    given: Mapping[str, str]
    factors: Mapping[str, str]
    expect: Mapping[str, str]
    limits: Mapping[str, str] = field(default_factory=dict)
