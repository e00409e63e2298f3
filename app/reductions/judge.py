"""What each record is worth by itself: the one loop over a batch, and it is pure.

Values in, values out: no database, no clock, no network; it runs off the event loop. What
depends on other acts (duplicates, overlaps, caps) is decided afterwards, under locks
(`settle`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.catalogue.versions import Version, Versions
from app.ids import new_id
from app.intake.evidence import key_of
from app.intake.records import Record
from app.people.links import Holder
from app.reductions.decisions import Candidate, Interval, Outcome, Scope, Verdict
from methodologies.contract import Claim, Context, Quantification
from methodologies.evidence import EvidenceError
from methodologies.packs import FactorError
from methodologies.replay import Evidence

_MASK_63 = 2**63 - 1
_INSTANT = timedelta(microseconds=1)


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
        version, evidence = _read(record, versions[0], around)
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
            _interval(claim, evidence, holder.account_id, around) for claim in manifest.claims
        ),
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
    )
    exact = {name: Decimal(value) for name, value in (limits or {}).items()}
    return Context(occurred_on, factors, exact)


def _read(record: Record, newest: Version, around: Surroundings) -> tuple[Version | None, Evidence]:
    """Read with the newest version; if another was in force that day, read with that."""
    zone = around.versions.zone
    evidence = newest.reader.read(record.data, received_at=around.received_at, zone=zone)
    version = around.versions.of(record.methodology, evidence.occurred_on)
    if version is not None and version is not newest:
        evidence = version.reader.read(record.data, received_at=around.received_at, zone=zone)
    return version, evidence


def _interval(claim: Claim, evidence: Evidence, account_id: int, around: Surroundings) -> Interval:
    """The subject's number: the citizen's own, or 63 bits of a keyed digest."""
    scope = Scope[claim.scope.replace("-", "_")]
    named = "" if claim.subject == "citizen" else evidence.fields.get(claim.subject, "")
    starts_at, ends_at = evidence.started_at, evidence.ended_at
    if claim.during is not None:
        starts_at, ends_at = evidence[claim.during[0]], evidence[claim.during[1]]
    ends_at = max(ends_at, starts_at + _INSTANT)
    if not named and not claim.facet:
        return Interval(scope, account_id, starts_at, ends_at, shared=False)
    text = f"{scope}\n{claim.facet}\n{named or account_id}".encode()
    digest = hashlib.blake2b(text, key=around.secret[:64], digest_size=8).digest()
    subject = int.from_bytes(digest, "big") & _MASK_63
    return Interval(scope, subject, starts_at, ends_at, shared=bool(named))


def _refuse(record: Record, reason: str, field: str, detail: str | None) -> Outcome:
    return Outcome(record.index, record.ref, Verdict.rejected, reason, field, detail)
