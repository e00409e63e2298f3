"""The words of a decision: what may become of a record, and what a candidate is.

Frozen values that cross from one file of this room to the next; nothing here decides.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from uuid import UUID

import msgspec
from msgspec.structs import replace

from app.catalogue.versions import Version, Versions
from app.intake.records import Record
from app.people.links import Holder
from methodologies.contract import Cap, Quantification
from methodologies.manifest import Manifest
from methodologies.replay import Evidence

Place = tuple[int, str, str, date]
"""Where a cap is counted: holder, methodology, what, and the window's first day."""
NO_SUBJECTS: Mapping[str, int] = MappingProxyType({})
NO_MARKS: Mapping[str, str] = MappingProxyType({})
_SECOND_US = 1_000_000
OWN_SPAN_S_MAX = 86_400
"""The longest interval of the citizen's own that stands in the reduction's row."""


def measured(worth: Quantification, manifest: Manifest) -> int:
    """What a tariff multiplies, in thousandths: grams; or, for an engagement, what it counts.

    A tariff for steps is points per thousand steps; one for acts is points per act.
    """
    if manifest.engagement is None:
        return worth.grams
    if manifest.engagement.count == "acts":
        return 1000
    return int(worth.counts[manifest.engagement.count])


class Surroundings(msgspec.Struct, frozen=True):
    """All that judging a batch needs to know besides the records; ``holders`` by their subjects."""

    provider_id: int
    secret: bytes
    versions: Versions
    holders: Mapping[str, tuple[Holder, ...]]
    received_at: datetime


class Verdict(StrEnum):
    """What became of a record; each record of a batch has exactly one."""

    credited = "credited"
    duplicate = "duplicate"
    held = "held"
    rejected = "rejected"


class Scope(IntEnum):
    """Claim scopes: the platform's vocabulary, so that strangers' methodologies collide."""

    traveller = 1
    vehicle = 2
    meter = 3
    household_day = 4
    order = 5
    device_serial = 6


class Interval(msgspec.Struct, frozen=True):
    """What an act uses up: one subject in one scope, half-open.

    Its moments are microseconds, counted as PostgreSQL counts them (`moments.us_of`): a batch
    compares and packs each of them several times. ``shared`` subjects are not the citizen, so the
    citizen's own lock does not guard them. ``scope`` is a `Scope`, or the number of a facet of the
    citizen's own (`uses`).
    """

    scope: int
    subject: int
    starts_us: int
    ends_us: int
    shared: bool

    @property
    def seconds(self) -> int:
        """How long it is, in whole seconds."""
        return (self.ends_us - self.starts_us) // _SECOND_US

    def overlaps(self, other: "Interval") -> bool:
        """Whether both claim a moment; touching ends do not."""
        return self.starts_us < other.ends_us and other.starts_us < self.ends_us


class Outcome(msgspec.Struct, frozen=True):
    """The answer for one record: grams and points whole; zero unless credited.

    For a duplicate of the same citizen's record, the numbers of the first credit. As JSON it is
    what `schemas.OutcomeView` describes.
    """

    index: int
    ref: str | None
    verdict: Verdict = msgspec.field(name="outcome")
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    grams: int = 0
    points: int = 0
    reduction_id: UUID | None = None


class Candidate(msgspec.Struct, frozen=True):
    """A record that is believed so far: whose it is, and what it would be worth by itself.

    ``id`` is a digest of the provider's own number, so the same record is the same act for
    ever. ``own`` is the citizen's own interval that ends with the act, if it is short: it stands
    in the reduction's row. ``claims`` are all others. ``ended_us`` is when the act ended
    (`moments.us_of`), ``day`` its civil day. ``marks`` tell like acts from others.

    ``limits`` is what a cap over a window still allowed, when it cut the act. ``places``
    are its methodology's caps, each with where its use is counted. ``points_per_kg``
    is the tariff until the month's budget has been asked, and then the rate that is paid;
    ``budget`` says why it is less. ``waived`` are reasons to hold it that an officer set aside.
    """

    id: UUID
    account_id: int
    record: Record
    version: Version
    evidence: Evidence
    worth: Quantification
    points_per_kg: int
    own: Interval | None
    claims: tuple[Interval, ...]
    ended_us: int
    day: date
    places: tuple[tuple[Cap, Place], ...] = ()
    marks: Mapping[str, str] = NO_MARKS
    limits: Mapping[str, str] | None = None
    budget: str | None = None
    waived: frozenset[str] = frozenset()

    @property
    def held(self) -> bool:
        """Whether a person must look at it first."""
        return self.worth.status != "quantified"

    @property
    def consent(self) -> tuple[int, str]:
        """Who must have agreed, and to what."""
        return self.account_id, self.record.methodology

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Everything the act uses up, wherever it is kept."""
        return self.claims if self.own is None else (self.own, *self.claims)

    @property
    def asks(self) -> bool:
        """Whether its worth depends on the citizen's past, which is read under locks."""
        return bool(self.version.methodology.manifest.history) and self.worth.status == "quantified"

    @property
    def points(self) -> int:
        """Whole points: grams times the tariff, rounded down (rule R23)."""
        manifest = self.version.methodology.manifest
        return measured(self.worth, manifest) * self.points_per_kg // 1000

    def remembered(self, evidence: Evidence, worth: Quantification) -> "Candidate":
        """The same act, with its past put in."""
        return replace(self, evidence=evidence, worth=worth)

    def named(self, act_id: UUID) -> "Candidate":
        """The same act under the id that it has: of before ids were digests, another."""
        return replace(self, id=act_id)

    def excused(self, reason: str, worth: Quantification) -> "Candidate":
        """The same act, one more reason to hold it set aside, and what it is worth then."""
        return replace(self, waived=self.waived | {reason}, worth=worth)

    def cut(self, worth: Quantification, limits: Mapping[str, str]) -> "Candidate":
        """The same act, of which a cap lets only a part count."""
        return replace(self, worth=worth, limits=limits)

    def paid(self, points_per_kg: int) -> "Candidate":
        """The same act at the rate that the month's budget allows; its grams stay."""
        if points_per_kg == self.points_per_kg:
            return self
        why = "budget_tapered" if points_per_kg else "budget_spent"
        return replace(self, points_per_kg=points_per_kg, budget=why)

    def outcome(self) -> Outcome:
        """The answer when it is credited or held."""
        if self.held:
            return Outcome(self.record.index, self.record.ref, Verdict.held, self.worth.reason_code)
        return Outcome(
            self.record.index,
            self.record.ref,
            Verdict.credited,
            self._cut_by() or self.budget,
            None,
            None,
            self.worth.grams,
            self.points,
            self.id,
        )

    def refused(self, reason: str, detail: str | None = None) -> Outcome:
        """The answer when it is rejected after all."""
        return Outcome(self.record.index, self.record.ref, Verdict.rejected, reason, None, detail)

    def unagreed(self) -> Outcome:
        """The answer when its citizen does not agree to the scenario, or no more."""
        refused = self.refused("no_consent", "the holder has not agreed to this")
        return replace(refused, field="methodology")

    def _cut_by(self) -> str | None:
        if not self.limits:
            return None
        caps = self.version.methodology.manifest.caps
        return next(cap.because for cap in caps if cap.count in self.limits)
