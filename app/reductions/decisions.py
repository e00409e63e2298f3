"""The words of a decision: what may become of a record, and what a candidate is.

Frozen values that cross from one file of this room to the next; nothing here decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from uuid import UUID

from app.catalogue.versions import Version
from app.intake.records import Record
from methodologies.contract import Quantification
from methodologies.manifest import Manifest
from methodologies.replay import Evidence

NO_SUBJECTS: Mapping[str, int] = MappingProxyType({})


def measured(worth: Quantification, manifest: Manifest) -> int:
    """What a tariff multiplies, in thousandths: grams; or, for an engagement, what it counts.

    A tariff for steps is points per thousand steps; one for acts is points per act.
    """
    if manifest.engagement is None:
        return worth.grams
    if manifest.engagement.count == "acts":
        return 1000
    return int(worth.counts[manifest.engagement.count])


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


@dataclass(frozen=True, slots=True)
class Interval:
    """What an act uses up: one subject in one scope, half-open.

    ``shared`` subjects are not the citizen, so the citizen's own lock does not guard them.
    """

    scope: Scope
    subject: int
    starts_at: datetime
    ends_at: datetime
    shared: bool

    def overlaps(self, other: "Interval") -> bool:
        """Whether both claim a moment; touching ends do not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one record: grams and points whole; zero unless credited.

    For a duplicate of the same citizen's record, the numbers of the first credit.
    """

    index: int
    ref: str | None
    verdict: Verdict
    reason: str | None = None
    field: str | None = None
    detail: str | None = None
    grams: int = 0
    points: int = 0
    reduction_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that is believed so far: whose it is, and what it would be worth by itself.

    ``limits`` is what a cap over a window still allowed, when it cut the act. ``cap_subjects``
    are the numbers of vehicles and keys that caps are counted for, by field. ``points_per_kg``
    is the tariff until the month's budget has been asked, and then the rate that is paid;
    ``budget`` says why it is less.
    """

    id: UUID
    key: UUID
    account_id: int
    record: Record
    version: Version
    evidence: Evidence
    worth: Quantification
    points_per_kg: int
    claims: tuple[Interval, ...]
    cap_subjects: Mapping[str, int] = field(default_factory=lambda: NO_SUBJECTS)
    limits: Mapping[str, str] | None = None
    budget: str | None = None

    @property
    def held(self) -> bool:
        """Whether a person must look at it first."""
        return self.worth.status != "quantified"

    @property
    def asks(self) -> bool:
        """Whether its worth depends on the citizen's past, which is read under locks."""
        return bool(self.version.methodology.manifest.history) and not self.held

    @property
    def day(self) -> date:
        """The act's civil day."""
        return self.evidence.occurred_on

    @property
    def points(self) -> int:
        """Whole points: grams times the tariff, rounded down (rule R23)."""
        manifest = self.version.methodology.manifest
        return measured(self.worth, manifest) * self.points_per_kg // 1000

    def remembered(self, evidence: Evidence, worth: Quantification) -> "Candidate":
        """The same act, with its past put in."""
        return replace(self, evidence=evidence, worth=worth)

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

    def _cut_by(self) -> str | None:
        if not self.limits:
            return None
        caps = self.version.methodology.manifest.caps
        return next(cap.because for cap in caps if cap.count in self.limits)
