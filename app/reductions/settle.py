"""Settle a batch's candidates against everything else, in the order they were sent.

Pure: what the database said comes in as values. The order makes the answer independent of
how a stream of records was cut into batches, so a file that was interrupted ends like one
that was not.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.catalogue.versions import Versions
from app.reductions.caps import ACTS, Used
from app.reductions.decisions import Candidate, Interval, Outcome, Verdict
from app.reductions.history import Past
from app.reductions.quantify import believable, quantify
from app.reductions.seen import Earlier
from methodologies.canonical import plain_number
from methodologies.evidence import EvidenceError


@dataclass(slots=True)
class Settled:
    """What the batch came to: accepted acts in order, refusals, and records seen before."""

    accepted: list[Candidate] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    seen: list[tuple[Candidate, Earlier]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about the batch's acts, read under locks.

    ``colliding`` are the places of records in the batch: two of them may be about one act.
    ``unagreed`` are the accounts and scenarios without a consent that lives; an officer's release
    has asked for its own.
    """

    earlier: Mapping[UUID, Earlier]
    colliding: frozenset[int]
    used: Used
    past: Past
    versions: Versions
    received_at: datetime
    unagreed: frozenset[tuple[int, str]] = frozenset()


def settle(candidates: Sequence[Candidate], known: Known) -> Settled:
    """Decide consent, duplicates, overlaps and caps, one candidate after another."""
    settled = Settled()
    keys: dict[int, Candidate] = {}
    taken: defaultdict[tuple[int, int], list[Interval]] = defaultdict(list)
    for candidate in candidates:
        if known.unagreed and candidate.consent in known.unagreed:
            settled.refused.append(candidate.unagreed())
            continue
        number = candidate.id.int
        before = known.earlier.get(candidate.id) if known.earlier else None
        if before is None and number in keys:
            before = Earlier(keys[number].account_id, candidate.id, None)
        if before is not None:
            settled.seen.append((candidate, before))
            continue
        remembered = _remembered(candidate, known) if candidate.asks else candidate
        if isinstance(remembered, Outcome):
            settled.refused.append(remembered)
            continue
        candidate = remembered  # noqa: PLW2901 -- the same act, now with its past
        if candidate.held:
            settled.accepted.append(candidate)
            keys[number] = candidate
            continue
        if candidate.record.index in known.colliding or _collides(candidate, taken):
            settled.refused.append(
                candidate.refused("overlap", "another credited act of this subject overlaps")
            )
            continue
        cut = _within_caps(candidate, known)
        if isinstance(cut, Outcome):
            settled.refused.append(cut)
            continue
        _take(cut, taken, known)
        settled.accepted.append(cut)
        keys[number] = cut
    return settled


def _remembered(candidate: Candidate, known: Known) -> Candidate | Outcome:
    """Read the act again with the citizen's past, acts of this batch included, and compute it."""
    try:
        evidence = candidate.version.reader.read(
            candidate.record.data,
            received_at=known.received_at,
            zone=known.versions.zone,
            history=known.past.values(candidate),
        )
    except EvidenceError as error:
        return candidate.refused(error.reason_code, error.detail)
    worth = quantify(candidate.version, evidence, known.versions, waived=candidate.waived)
    if worth.status in {"not_applicable", "rejected"}:
        return candidate.refused(worth.reason_code or worth.status)
    return believable(candidate.remembered(evidence, worth))


def _collides(candidate: Candidate, taken: Mapping[tuple[int, int], list[Interval]]) -> bool:
    for claim in candidate.intervals:
        for other in taken.get((claim.scope, claim.subject), ()):
            if claim.overlaps(other):
                return True
    return False


def _within_caps(candidate: Candidate, known: Known) -> Candidate | Outcome:
    """The act, cut to what the day's caps leave of it; or the refusal when that is nothing."""
    limits: dict[str, str] = {}
    for cap, place in candidate.places:
        left = known.used.left_for(candidate.id, cap, place)
        if left <= 0:
            detail = f"the {cap.window}'s limit of {cap.maximum} is used up"
            return candidate.refused(cap.because, detail)
        if cap.count != ACTS and candidate.worth.counts.get(cap.count, left) > left:
            limits[cap.count] = plain_number(left)
    if not limits:
        return candidate
    worth = quantify(
        candidate.version, candidate.evidence, known.versions, limits, waived=candidate.waived
    )
    assert worth.status == "quantified", "less of an act is still an act"
    return candidate.cut(worth, limits)


def _take(
    candidate: Candidate,
    taken: defaultdict[tuple[int, int], list[Interval]],
    known: Known,
) -> None:
    for claim in candidate.intervals:
        taken[claim.scope, claim.subject].append(claim)
    known.used.take(candidate)
    known.past.take(candidate)


def answers(settled: Settled) -> list[Outcome]:
    """Every candidate's outcome, in any order."""
    decided = [each.outcome() for each in settled.accepted] + settled.refused
    if settled.seen:
        accepted = {each.id: each for each in settled.accepted}
        decided += [_duplicate(candidate, before, accepted) for candidate, before in settled.seen]
    return decided


def _duplicate(
    candidate: Candidate, before: Earlier, accepted: Mapping[UUID, Candidate]
) -> Outcome:
    """The first answer again; of another citizen's record, nothing but that it exists."""
    record = candidate.record
    if before.account_id == candidate.account_id:
        first = accepted.get(before.activity_id)
        worth = before.worth
        if first is not None and not first.held:
            worth = first.worth.grams, first.points
        if worth is not None:
            return Outcome(
                record.index,
                record.ref,
                Verdict.duplicate,
                "seen_before",
                None,
                None,
                *worth,
                before.activity_id,
            )
    return Outcome(record.index, record.ref, Verdict.duplicate, "seen_before")
