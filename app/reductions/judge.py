"""What each record is worth by itself: the one loop over a batch, and it is pure.

Values in, values out: no database, no clock, no network; it runs off the event loop. What
depends on other acts (duplicates, overlaps, caps) is decided afterwards, under locks
(`settle`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from app.catalogue.versions import Version, Versions
from app.ids import new_id
from app.intake.evidence import key_of
from app.intake.records import Record
from app.people.links import Holder
from app.reductions.decisions import (
    NO_SUBJECTS,
    Candidate,
    Interval,
    Outcome,
    Scope,
    Verdict,
)
from methodologies.claims import PLATFORM_SUBJECTS, ClaimKey, claimed
from methodologies.contract import Context, Quantification
from methodologies.evidence import EvidenceError
from methodologies.manifest import Manifest
from methodologies.packs import FactorError, keys_of
from methodologies.replay import Evidence

_MASK_63 = 2**63 - 1
_INSTANT = timedelta(microseconds=1)
_FOR_EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""The span of an exact claim, which no other act of the subject can avoid."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that judging a batch needs to know besides the records."""

    provider_id: int
    secret: bytes
    versions: Versions
    holders: Mapping[UUID, tuple[Holder, ...]]
    subjects: Mapping[str, UUID]
    received_at: datetime


def judge_all(
    records: Sequence[Record], around: Surroundings
) -> tuple[list[Candidate], list[Outcome]]:
    """Sort a batch into candidates (creditable or to be held) and refusals."""
    candidates: list[Candidate] = []
    refused: list[Outcome] = []
    for record in records:
        judged = judge(record, around)
        if isinstance(judged, Candidate):
            candidates.append(judged)
        else:
            refused.append(judged)
    return candidates, refused


def judge(record: Record, around: Surroundings) -> Candidate | Outcome:
    """What one record is worth before others are looked at."""
    versions = around.versions.by_methodology.get(record.methodology)
    if not versions:
        return _refuse(record, "unknown_methodology", "methodology", "not in the catalogue")
    holders = around.holders.get(around.subjects[record.subject])
    if not holders:
        return _refuse(record, "not_linked", "subject", "nobody has linked this card")
    try:
        version, evidence = _read(record, versions, around)
    except EvidenceError as error:
        return _refuse(record, error.reason_code, f"data.{error.field}", error.detail)
    holder = next((each for each in holders if each.held_it_at(evidence.ended_at)), None)
    if holder is None:
        return _refuse(record, "not_linked", "subject", "nobody held this card at that time")
    if record.methodology not in holder.scenarios:
        return _refuse(record, "no_consent", "methodology", "the holder has not agreed to this")
    if version is None:
        return _refuse(record, "not_in_force", "methodology", "no version was in force that day")
    manifest = version.methodology.manifest
    if around.received_at - evidence.ended_at > timedelta(days=manifest.late_evidence_days + 1):
        days = manifest.late_evidence_days
        return _refuse(record, "too_late", "data", f"records are accepted for {days} days")
    if version.suspended:
        worth = Quantification.held("methodology_suspended")
    elif manifest.history:
        worth = Quantification("quantified")  # settled under locks, where the past is known
    else:
        worth = quantify(version, evidence, around.versions)
    if worth.status in {"not_applicable", "rejected"}:
        return _refuse(record, worth.reason_code or worth.status, "data", None)
    return Candidate(
        id=new_id(),
        key=key_of(around.secret, provider_id=around.provider_id, ref=record.ref),
        account_id=holder.account_id,
        record=record,
        version=version,
        evidence=evidence,
        worth=worth,
        points_per_kg=around.versions.points_per_kg(record.methodology, evidence.occurred_on),
        claims=tuple(
            _interval(key, holder.account_id, around)
            for key in claimed(manifest, evidence, provider=str(around.provider_id))
        ),
        cap_subjects=_cap_subjects(manifest, evidence, around),
    )


def quantify(
    version: Version,
    evidence: Evidence,
    versions: Versions,
    limits: Mapping[str, str] | None = None,
) -> Quantification:
    """Compute with the factors of the act's day; a missing factor holds, it never guesses."""
    try:
        context = context_of(version, evidence, versions, versions.factor_set_id, limits)
    except FactorError:
        return Quantification.held("no_factor")
    return version.methodology.quantify(evidence, context)


def context_of(
    version: Version,
    inputs: Mapping[str, object],
    versions: Versions,
    factor_set_id: int,
    limits: Mapping[str, str] | None,
) -> Context:
    """The factors of the act's day and what caps left of it.

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
    return Context(occurred_on, factors, exact)


def _read(
    record: Record, known: Sequence[Version], around: Surroundings
) -> tuple[Version | None, Evidence]:
    """Read with today's version; if another was in force on the act's day, read with that."""
    today = around.received_at.astimezone(around.versions.zone).date()
    likely = next((each for each in known if each.in_force(today)), known[0])
    try:
        evidence = _read_as(likely, record, around)
    except EvidenceError:
        earlier = _read_as_another(record, known, likely, around)
        if earlier is None:
            raise
        return earlier
    version = around.versions.of(record.methodology, evidence.occurred_on)
    if version is not None and version is not likely:
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


def _cap_subjects(
    manifest: Manifest, evidence: Evidence, around: Surroundings
) -> Mapping[str, int]:
    """The vehicles and keys that caps are counted for; without one the citizen is it."""
    wanted = {cap.subject for cap in manifest.caps if cap.subject}
    if not wanted:
        return NO_SUBJECTS
    named = {name: evidence.fields.get(name) or evidence.get(name) for name in wanted}
    return {
        name: _number(f"cap\n{name}\n{value}", around) for name, value in named.items() if value
    }


def _number(text: str, around: Surroundings) -> int:
    """63 bits of a keyed digest: a subject that is not a citizen."""
    digest = hashlib.blake2b(text.encode(), key=around.secret[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") & _MASK_63


@lru_cache(maxsize=256)
def blank_past(manifest: Manifest) -> Mapping[str, object]:
    """Something in the place of a past that is not read yet, so that the rest can be."""
    blank: dict[str, object] = {}
    for name in manifest.history:
        spec = manifest.inputs[name]
        number = max(spec.minimum or Decimal(0), Decimal(0))
        blank[name] = [number] if spec.type == "list" else number
    return blank


def _interval(key: ClaimKey, account_id: int, around: Surroundings) -> Interval:
    """The subject's number: the citizen's own, or 63 bits of a keyed digest."""
    scope = Scope[key.scope.replace("-", "_")]
    starts_at, ends_at = key.during or _FOR_EVER
    ends_at = max(ends_at, starts_at + _INSTANT)
    own = key.subject[0] in PLATFORM_SUBJECTS
    if own and not key.facet:
        return Interval(scope, account_id, starts_at, ends_at, shared=False)
    named = account_id if own else "\n".join(key.subject)
    subject = _number(f"{scope}\n{key.facet}\n{named}", around)
    return Interval(scope, subject, starts_at, ends_at, shared=not own)


def _refuse(record: Record, reason: str, field: str, detail: str | None) -> Outcome:
    return Outcome(record.index, record.ref, Verdict.rejected, reason, field, detail)
