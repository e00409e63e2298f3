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
InputType = Literal["decimal", "integer", "instant", "code", "list"]
Tier = Literal["A", "B", "C", "D"]
HistoryKind = Literal[
    "same_month_of_past_years",
    "mean_of_prior_days",
    "max_of_prior_days",
    "sum_this_year",
    "minutes_since_last",
    "credited_grams_same_day",
    "counted_same_period",
]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One thing the evidence must say; ``derived_from`` names the two instants it spans.

    Of a ``list`` the bounds and places are those of each item; it has from ``items_min`` to
    ``items_max`` items. An input whose name is in `Manifest.history` is the platform's to give.
    """

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
    items_min: int = 0
    items_max: int = 0


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """A value out of the citizen's own past, which the platform looks up before it quantifies.

    The value is handed to the reader (``history=``), is an ordinary input from there on, and
    is kept with the reduction, so that a replay needs no history. "Kept acts" below are the
    kept reductions of the same *methodology id*, in any version, of the same *subject*, whose
    status is quantified (zero grams included) and which are not reversed. *Day* is the civil
    day ``occurred_on``; *earlier* means a day before the act's own, never the day itself.

    ============================ ==========================================================
    kind                         what the platform computes
    ============================ ==========================================================
    ``same_month_of_past_years`` list: for each of the ``years`` calendar years before the
                                 act's, newest first, the sum of ``of`` over kept acts in
                                 the act's calendar month of that year; a year without acts
                                 gives no item
    ``mean_of_prior_days``       mean of ``of`` over the ``days`` days before the act; none
                                 unless at least ``at_least`` of those days have a kept act
    ``max_of_prior_days``        greatest ``of`` over the same days, under the same condition
    ``sum_this_year``            sum of ``of`` over earlier kept acts of the act's year
    ``minutes_since_last``       whole minutes from the latest ``ended_at`` before this act's
                                 ``started_at`` among kept acts, with equal values of the
                                 inputs or fields named in ``same``
    ``credited_grams_same_day``  grams credited to the citizen on the act's day by reductions
                                 of *any* methodology that hold a live claim in one of
                                 ``scopes``; zero where there are none
    ``counted_same_period``      sum of the kept term ``of`` over reductions of *other*
                                 methodologies of the same household that hold a live claim
                                 in one of ``scopes`` overlapping ``[started_at, ended_at)``;
                                 zero where there are none
    ============================ ==========================================================

    ``subject`` is ``citizen``, ``household`` (the citizen alone where none is bound) or a
    field of the evidence (a meter). ``of`` is an input that is kept, or one of
    ``kept_terms``. Means are 34 digits, half even, brought to the input's decimal places by
    rounding half even. Everything can be read set-based from kept inputs and counts. Where
    there is nothing, ``if_none`` stands in; without it the record is refused (``no_history``).
    """

    name: str
    kind: HistoryKind
    of: str = ""
    subject: str = "citizen"
    years: int = 0
    days: int = 0
    at_least: int = 0
    same: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    if_none: Decimal | None = None
    or_from_provider: bool = False


@dataclass(frozen=True, slots=True)
class TableSpec:
    """Numbers by code, fixed by the methodology itself: ``lookup(table, key)`` reads them."""

    name: str
    unit: str
    label: Label
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """A number, or a code, fixed by the methodology itself."""

    name: str
    value: Decimal | str
    unit: str
    label: Label


@dataclass(frozen=True, slots=True)
class FactorNeed:
    """A factor that must be chosen for the act, and what it may lie between.

    ``choose_by`` is the pack and the day of the act, and sometimes a code of the evidence: a
    grid region, a model. An ``optional`` factor may be missing from a pack; an act whose
    formulas come to need it then has the status ``error`` (``incomplete``).
    """

    name: str
    unit: str
    label: Label
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    choose_by: tuple[str, ...] = ("pack", "date")
    optional: bool = False


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
    """At most ``maximum`` of ``count`` per holder in a window of civil days.

    ``count`` is ``acts``, a term or an input. The holder is the citizen, the household (the
    citizen alone where none is bound), the vehicle or another natural key; for the last two
    ``subject`` names the field of the evidence that tells it.
    """

    count: str
    window: Literal["day", "month", "quarter", "year"]
    maximum: Decimal
    because: str
    per: Literal["citizen", "household", "vehicle", "key"] = "citizen"
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What this act uses up, so that no other act can use it again.

    ``subject`` is ``citizen``, ``household`` or a field of the evidence, told apart ``within``
    the field that names its issuer (an order number within a shop). Where the record carries
    none, ``if_absent`` is the subject, or ``none``: then nothing is claimed. With ``during``
    the claim lasts from one instant to the other; with ``months`` from the end of the act for
    so long; with neither it is exact and for ever. ``facet`` is part of the subject, and may
    have slots: ``goods/{line_no}/{role}``. `claims.claimed` makes keys of all this.
    """

    scope: str
    subject: str
    during: tuple[str, str] | None = None
    facet: str = ""
    if_absent: str = ""
    within: str = ""
    months: int = 0


@dataclass(frozen=True, slots=True)
class LowerTier:
    """A condition under which the evidence of an act is of a lower tier."""

    condition: str
    tier: Tier


@dataclass(frozen=True, slots=True)
class EvidenceSpec:
    """How good the evidence is, what else it carries, and how long it is kept (days).

    ``tier``: A metered or an operator's, B a platform's record (5 % are withheld when grams
    are pooled), C inferred by a sensor (four fifths count, never pooled), D shown by the
    citizen (no grams, only engagement). Of ``lower_tiers`` the first that holds counts.
    """

    tier: Tier
    poolable: bool
    retention_days: int
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    lower_tiers: tuple[LowerTier, ...] = ()
    poolable_if: str = ""


@dataclass(frozen=True, slots=True)
class EngagementSpec:
    """What an engagement is worth points for: ``count`` is ``acts`` or a term.

    Its points come from the budget of this name, and it never has grams.
    """

    budget: Literal["engagement"]
    count: str


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """What a methodology says about itself. Points, budgets and states are not in it.

    ``supersedes``, ``kind`` and ``changes`` tell how a version came out of an earlier one.
    ``aggregation`` says what a record is: an act, or the sum of a day or month, which is dated
    by its last day. ``kept_terms`` are told with the result, for histories and caps.
    ``shares`` split whole grams between roles (`contract.split`). ``largest_act`` is the most
    grams of one act, proved by `bounds`. An engagement has no ``result``.
    """

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
    supersedes: str = ""
    kind: Literal["", "clarification", "factor-update", "error-correction"] = ""
    changes: Label = field(default_factory=dict)
    aggregation: Literal["per_act", "day", "month"] = "per_act"
    tables: Mapping[str, TableSpec] = field(default_factory=dict)
    history: Mapping[str, HistorySpec] = field(default_factory=dict)
    kept_terms: tuple[str, ...] = ()
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    largest_act: int | None = None
    engagement: EngagementSpec | None = None
    sentence: Label = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)
    replay_inputs: tuple[str, ...] = ()
    canonical_json: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Vector:
    """A worked example that must come out exactly; all values are text, lists as ``14,9``."""

    name: str
    given: Mapping[str, str]
    factors: Mapping[str, str]
    expect: Mapping[str, str]
    limits: Mapping[str, str] = field(default_factory=dict)
