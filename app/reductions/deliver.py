"""Use case: a provider's records go through one transaction, and each gets an answer.

Everything that comes in (a request, a chunk of a file) comes in here.
"""

from asyncio import to_thread
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.catalogue.versions import Versions
from app.database import Tx
from app.ids import new_id
from app.intake import batches
from app.intake.batches import Tally
from app.intake.records import Malformed, Record
from app.people import links
from app.people.subjects import digests_of
from app.reductions.credit import credit
from app.reductions.decisions import Candidate, Outcome, Surroundings, Verdict
from app.reductions.judge import judge_all

log = structlog.get_logger()

INLINE_MAX = 8
"""So few records are judged where they are: handing them to a thread would cost more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a batch: one outcome for each record, in the order of the batch."""

    batch_id: UUID
    tally: Tally
    outcomes: Sequence[Outcome]


async def deliver(
    tx: Tx,
    *,
    provider_id: int,
    records: Sequence[Record],
    malformed: Sequence[Malformed],
    versions: Versions,
    subject_key: bytes,
    now: datetime,
) -> Delivery:
    """Judge, settle and book a batch.

    Args:
        provider_id: who sent it.
        records: what could be read; indices are distinct.
        malformed: what could not; they are answered too.
        versions: the catalogue's picture of this moment.
        subject_key: what card numbers are digested with.
        now: when the batch was received (UTC).

    """
    candidates, refused = await judged(
        tx,
        provider_id=provider_id,
        records=records,
        malformed=malformed,
        versions=versions,
        subject_key=subject_key,
        now=now,
    )
    decided = await credit(
        tx, provider_id=provider_id, candidates=candidates, versions=versions, now=now
    )
    outcomes = sorted([*decided, *refused], key=lambda outcome: outcome.index)
    delivery = Delivery(new_id(), tally_of(outcomes), outcomes)
    await noted(tx, delivery=delivery, provider_id=provider_id, now=now)
    return delivery


async def judged(
    tx: Tx,
    *,
    provider_id: int,
    records: Sequence[Record],
    malformed: Sequence[Malformed],
    versions: Versions,
    subject_key: bytes,
    now: datetime,
) -> tuple[list[Candidate], list[Outcome]]:
    """What each record is worth by itself: candidates, and the answers to all others."""
    cards = {record.subject for record in records}
    subjects = digests_of(subject_key, provider_id=provider_id, subjects=cards)
    around = Surroundings(
        provider_id=provider_id,
        secret=subject_key,
        versions=versions,
        holders=await links.holders(tx, provider_id=provider_id, subjects=subjects),
        received_at=now,
    )
    if len(records) > INLINE_MAX:
        candidates, refused = await to_thread(judge_all, records, around)
    else:
        candidates, refused = judge_all(records, around)
    return candidates, [*refused, *malformed_outcomes(malformed)]


def malformed_outcomes(malformed: Sequence[Malformed]) -> list[Outcome]:
    """The answers to what could not be read."""
    return [
        Outcome(each.index, each.ref, Verdict.rejected, "malformed", each.field, each.detail)
        for each in malformed
    ]


async def noted(tx: Tx, *, delivery: Delivery, provider_id: int, now: datetime) -> None:
    """Keep a row about the batch, and say so."""
    await batches.note(
        tx, batch_id=delivery.batch_id, provider_id=provider_id, tally=delivery.tally, now=now
    )
    log.info(
        "batch_decided",
        batch_id=str(delivery.batch_id),
        records=delivery.tally.records,
        credited=delivery.tally.credited,
        grams=delivery.tally.grams,
        points=delivery.tally.points,
    )


def tally_of(outcomes: Sequence[Outcome]) -> Tally:
    """Counts of the outcomes; grams and points of what was credited now."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    credited = [each for each in outcomes if each.verdict is Verdict.credited]
    return Tally(
        records=len(outcomes),
        credited=counts[Verdict.credited],
        duplicate=counts[Verdict.duplicate],
        held=counts[Verdict.held],
        rejected=counts[Verdict.rejected],
        grams=sum(each.grams for each in credited),
        points=sum(each.points for each in credited),
    )
