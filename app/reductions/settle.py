"""Settle a batch's candidates against everything else, in the order they were sent.

Pure: what the database said comes in as values. The order makes the answer independent of
how a stream of records was cut into batches, so a file that was interrupted ends like one
that was not.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.catalogue.versions import Versions
from app.intake.evidence import Earlier
from app.reductions.caps import ACTS, Used
from app.reductions.decisions import Candidate, Interval, Outcome, Verdict
from app.reductions.judge import quantify
from methodologies.canonical import plain_number


@dataclass(slots=True)
class Settled:
    """What the batch came to: accepted acts in order, refusals, and records seen before."""

    accepted: list[Candidate] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    seen: list[tuple[Candidate, Earlier]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows about the batch's acts, read under locks."""

    earlier: Mapping[UUID, Earlier]
    colliding: frozenset[UUID]
    used: Used
    versions: Versions


def settle(candidates: Sequence[Candidate], known: Known) -> Settled:
    """Decide duplicates, overlaps and caps, one candidate after another."""
    settled = Settled()
    keys: dict[UUID, Candidate] = {}
    taken: defaultdict[tuple[int, int], list[Interval]] = defaultdict(list)
    for candidate in candidates:
        before = known.earlier.get(candidate.key) or _within(keys.get(candidate.key))
        if before is not None:
            settled.seen.append((candidate, before))
            continue
        if candidate.held:
            settled.accepted.append(candidate)
            keys[candidate.key] = candidate
            continue
        if candidate.id in known.colliding or _collides(candidate, taken):
            settled.refused.append(
                candidate.refused("overlap", "another credited act of this subject overlaps")
            )
            continue
        cut = _within_caps(candidate, known)
        if isinstance(cut, Outcome):
            settled.refused.append(cut)
            continue
        _take(cut, taken, known.used)
        settled.accepted.append(cut)
        keys[cut.key] = cut
    return settled


def _within(candidate: Candidate | None) -> Earlier | None:
    if candidate is None:
        return None
    return Earlier(candidate.account_id, candidate.id, candidate.day)


def _collides(candidate: Candidate, taken: Mapping[tuple[int, int], list[Interval]]) -> bool:
    return any(
        claim.overlaps(other)
        for claim in candidate.claims
        for other in taken.get((claim.scope, claim.subject), ())
    )


def _within_caps(candidate: Candidate, known: Known) -> Candidate | Outcome:
    """The act, cut to what the day's caps leave of it; or the refusal when that is nothing."""
    limits: dict[str, str] = {}
    for cap in candidate.version.methodology.manifest.caps:
        left = known.used.left(candidate, cap)
        if left <= 0:
            return candidate.refused(cap.because, f"the day's limit of {cap.maximum} is used up")
        if cap.count != ACTS and candidate.worth.counts.get(cap.count, left) > left:
            limits[cap.count] = plain_number(left)
    if not limits:
        return candidate
    worth = quantify(candidate.version, candidate.evidence, known.versions, limits)
    assert worth.status == "quantified", "less of an act is still an act"
    return candidate.cut(worth, limits)


def _take(
    candidate: Candidate,
    taken: defaultdict[tuple[int, int], list[Interval]],
    used: Used,
) -> None:
    for claim in candidate.claims:
        taken[claim.scope, claim.subject].append(claim)
    name = candidate.version.methodology.manifest.id
    used.add(candidate.account_id, candidate.day, name, candidate.worth.counts)


def answers(settled: Settled, first: Mapping[UUID, tuple[int, int]]) -> list[Outcome]:
    """Every candidate's outcome, in any order.

    Args:
        settled: what the batch came to.
        first: grams and points of earlier reductions, by id, for the same citizen.

    """
    seen = [
        _duplicate(candidate, before, first.get(before.activity_id))
        for candidate, before in settled.seen
    ]
    return [each.outcome() for each in settled.accepted] + settled.refused + seen


def _duplicate(candidate: Candidate, before: Earlier, first: tuple[int, int] | None) -> Outcome:
    """The first answer again; of another citizen's record, nothing but that it exists."""
    record = candidate.record
    if before.account_id != candidate.account_id or first is None:
        return Outcome(record.index, record.ref, Verdict.duplicate, "seen_before")
    return Outcome(
        record.index,
        record.ref,
        Verdict.duplicate,
        "seen_before",
        None,
        None,
        first[0],
        first[1],
        before.activity_id,
    )
