"""What each record is worth by itself: the one loop over a batch, and it is pure.

Values in, values out: no database, no clock, no network; it runs off the event loop. What
depends on other acts (duplicates, overlaps, caps) is decided afterwards, under locks
(`settle`).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import lru_cache

from msgspec.structs import replace

from app.catalogue.states import State
from app.catalogue.versions import Version, Versions
from app.intake.evidence import act_id
from app.intake.records import Record
from app.reductions import uses
from app.reductions.caps import places_of
from app.reductions.decisions import (
    NO_MARKS,
    Candidate,
    Outcome,
    Surroundings,
    Verdict,
)
from methodologies.contract import Context, Quantification
from methodologies.evidence import EvidenceError
from methodologies.manifest import Manifest
from methodologies.moments import DAY_US, us_of
from methodologies.packs import FactorError, keys_of
from methodologies.replay import Evidence

LARGEST = 2**31 - 1
"""Grams, or points, of one act: two thousand tonnes."""
_REFUSED = frozenset({"not_applicable", "rejected"})
_SUSPENDED = State.suspended  # a member looked up in its class costs as much as a rule


def judge_all(
    records: Sequence[Record], around: Surroundings
) -> tuple[list[Candidate], list[Outcome]]:
    """Sort a batch into candidates (creditable or to be held) and refusals."""
    candidates: list[Candidate] = []
    refused: list[Outcome] = []
    bench = Bench(around)
    for record in records:
        judged = judge(record, around, bench)
        if type(judged) is Candidate:
            candidates.append(judged)
        else:
            assert type(judged) is Outcome
            refused.append(judged)
    return candidates, refused


class Bench:
    """What does not depend on one record, worked out once for a batch."""

    def __init__(self, around: Surroundings) -> None:
        self._versions = around.versions
        self.received_us = us_of(around.received_at)
        self.today = around.received_at.astimezone(around.versions.zone).date()
        self._likely: dict[str, Likely] = {}
        self._rates: dict[tuple[str, date], int] = {}
        self._contexts: dict[tuple[object, ...], Context] = {}

    def likely(self, methodology: str, known: Sequence[Version]) -> "Likely":
        """The version of today; without one, the latest."""
        found = self._likely.get(methodology)
        if found is None:
            version = next((each for each in known if each.in_force(self.today)), known[0])
            found = self._likely[methodology] = Likely(version)
        return found

    def rate(self, methodology: str, day: date) -> int:
        """The tariff of a scenario on a day."""
        key = methodology, day
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = self._versions.points_per_kg(methodology, day)
        return found

    def quantify(self, version: Version, evidence: Evidence) -> Quantification:
        """Compute; the factors of a day are looked up once, not for every act of the day."""
        chosen_by = _chosen_by(version.methodology.manifest)
        key = (version.id, evidence.occurred_on, *map(evidence.get, chosen_by))
        context = self._contexts.get(key)
        if context is None:
            try:
                context = context_of(
                    version, evidence, self._versions, self._versions.factor_set_id, None
                )
            except FactorError:
                return Quantification.held("no_factor")
            self._contexts[key] = context
        return version.methodology.quantify(evidence, context)


class Likely:
    """A version that most records of a batch are read with, and the days it was found in force."""

    __slots__ = ("blank", "days", "read", "version")

    def __init__(self, version: Version) -> None:
        self.version = version
        self.read = version.reader.read
        self.blank = blank_past(version.methodology.manifest)
        self.days: set[date] = set()

    def in_force(self, day: date) -> bool:
        """Whether acts of this day are judged by it; asked once for each day of a batch."""
        if day in self.days:
            return True
        if not self.version.in_force(day):
            return False
        self.days.add(day)
        return True


@lru_cache(maxsize=512)
def _chosen_by(manifest: Manifest) -> tuple[str, ...]:
    """The inputs that choose factors, besides the day of the act."""
    names = {name for need in manifest.factors for name in need.choose_by[2:]}
    return ("grid_region", *sorted(names))


def judge(record: Record, around: Surroundings, bench: Bench) -> Candidate | Outcome:
    """What one record is worth before others are looked at."""
    versions = around.versions.by_methodology.get(record.methodology)
    if not versions:
        return _refuse(record, "unknown_methodology", "methodology", "not in the catalogue")
    holders = around.holders.get(record.subject)
    if not holders:
        return _refuse(record, "not_linked", "subject", "nobody has linked this card")
    try:
        version, evidence = _read(record, versions, around, bench)
    except EvidenceError as error:
        return _refuse(record, error.reason_code, f"data.{error.field}", error.detail)
    ended_us = evidence.ended_us
    for holder in holders:
        if holder.held_it_at(ended_us):
            break
    else:
        return _refuse(record, "not_linked", "subject", "nobody held this card at that time")
    if record.methodology not in holder.scenarios:
        return _refuse(record, "no_consent", "methodology", "the holder has not agreed to this")
    if version is None:
        return _refuse(record, "not_in_force", "methodology", "no version was in force that day")
    manifest = version.methodology.manifest
    days = manifest.late_evidence_days
    if bench.received_us - ended_us > (days + 1) * DAY_US:
        return _refuse(record, "too_late", "data", f"records are accepted for {days} days")
    if version.state is _SUSPENDED:
        worth = Quantification.held("methodology_suspended")
    elif manifest.history:
        worth = Quantification("quantified")  # settled under locks, where the past is known
    else:
        worth = bench.quantify(version, evidence)
    if worth.status in _REFUSED:
        return _refuse(record, worth.reason_code or worth.status, "data", None)
    day = evidence.occurred_on
    own, claims = uses.intervals(manifest, evidence, holder.account_id, ended_us, around)
    subjects = uses.cap_subjects(manifest, evidence, around)
    return believable(
        Candidate(
            id=act_id(around.secret, provider_id=around.provider_id, ref=record.ref),
            account_id=holder.account_id,
            record=record,
            version=version,
            evidence=evidence,
            worth=worth,
            points_per_kg=bench.rate(record.methodology, day),
            own=own,
            claims=claims,
            ended_us=ended_us,
            day=day,
            places=places_of(manifest, holder.account_id, subjects, day),
            marks=uses.marks(manifest, evidence, around) if manifest.history else NO_MARKS,
        )
    )


def believable(candidate: Candidate) -> Candidate:
    """The same, unless it is so large that it cannot be true: then a person looks at it first."""
    worth = candidate.worth
    if worth.status != "quantified" or (worth.grams <= LARGEST and candidate.points <= LARGEST):
        return candidate
    return replace(candidate, worth=Quantification.held("too_large"))


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


def _read(
    record: Record, known: Sequence[Version], around: Surroundings, bench: Bench
) -> tuple[Version | None, Evidence]:
    """Read with today's version; if another was in force on the act's day, read with that."""
    likely = bench.likely(record.methodology, known)
    try:
        evidence = likely.read(
            record.data,
            received_at=around.received_at,
            zone=around.versions.zone,
            history=likely.blank,
        )
    except EvidenceError:
        earlier = _read_as_another(record, known, likely.version, around)
        if earlier is None:
            raise
        return earlier
    if likely.in_force(evidence.occurred_on):
        return likely.version, evidence
    version = around.versions.of(record.methodology, evidence.occurred_on)
    if version is not None and version is not likely.version:
        evidence = _read_as(version, record, around)
    return version, evidence


def _read_as(version: Version, record: Record, around: Surroundings) -> Evidence:
    """What the record says to one version; its past, if it asks for one, is still blank."""
    return version.reader.read(
        record.data,
        received_at=around.received_at,
        zone=around.versions.zone,
        history=blank_past(version.methodology.manifest),
    )


def _read_as_another(
    record: Record, known: Sequence[Version], likely: Version, around: Surroundings
) -> tuple[Version, Evidence] | None:
    """What today's version cannot read may be evidence of a day when records looked otherwise."""
    for version in known:
        if version is likely:
            continue
        with suppress(EvidenceError):
            evidence = _read_as(version, record, around)
            if version.in_force(evidence.occurred_on):
                return version, evidence
    return None


@lru_cache(maxsize=256)
def blank_past(manifest: Manifest) -> Mapping[str, object]:
    """Something in the place of a past that is not read yet, so that the rest can be."""
    blank: dict[str, object] = {}
    for name in manifest.history:
        spec = manifest.inputs[name]
        number = max(spec.minimum or Decimal(0), Decimal(0))
        blank[name] = [number] if spec.type == "list" else number
    return blank


def _refuse(record: Record, reason: str, field: str, detail: str | None) -> Outcome:
    return Outcome(record.index, record.ref, Verdict.rejected, reason, field, detail)
