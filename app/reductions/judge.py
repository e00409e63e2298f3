"""What each record is worth by itself: the one loop over a batch, and it is pure.

Values in, values out: no database, no clock, no network; it runs off the event loop. Consent, and
what depends on other acts (duplicates, overlaps, caps), is decided afterwards, under locks
(`settle`).
"""

from collections.abc import Sequence
from contextlib import suppress

from app.catalogue.states import State
from app.catalogue.versions import Version
from app.intake.evidence import act_id
from app.intake.records import Record
from app.reductions import uses
from app.reductions.bench import Bench, blank_past
from app.reductions.caps import places_of
from app.reductions.decisions import (
    NO_MARKS,
    Candidate,
    Outcome,
    Surroundings,
    Verdict,
)
from app.reductions.quantify import believable
from methodologies.contract import Quantification
from methodologies.evidence import EvidenceError
from methodologies.moments import DAY_US
from methodologies.replay import Evidence

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


def _refuse(record: Record, reason: str, field: str, detail: str | None) -> Outcome:
    return Outcome(record.index, record.ref, Verdict.rejected, reason, field, detail)
