"""Use case: candidates become evidence, reductions and points.

The number of statements does not depend on the number of acts; one act is a batch of one. All
of it shares the caller's transaction. Lock order, as everywhere: balances (sorted), shared
subjects (sorted), their caps (sorted), budget slots, ids of acts (sorted).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from app.catalogue import budgets
from app.catalogue.budgets import Want
from app.catalogue.budgets_draw import draw
from app.catalogue.versions import Versions
from app.database import Tx, in_one_go, savepoint
from app.ids import bucket_of
from app.intake import evidence
from app.ledger.locking import lock_accounts
from app.people import agreed
from app.reductions import caps, claims, history, recent, seen, shadow
from app.reductions.decisions import Candidate, Outcome, measured
from app.reductions.seen import Earlier
from app.reductions.settle import Known, Settled, answers, settle
from app.reductions.write import Batch, book, write

_NOBODY = 0


class _LateError(Exception):
    """Another batch credited some of these acts first; raised to give back what they drew."""

    def __init__(self, ids: set[UUID]) -> None:
        self.ids = ids


async def credit(
    tx: Tx,
    *,
    provider_id: int,
    candidates: Sequence[Candidate],
    versions: Versions,
    now: datetime,
) -> list[Outcome]:
    """Settle every candidate, and do all that follows; one outcome each.

    Args:
        provider_id: who sent the records.
        candidates: in the order they were sent.
        versions: the picture of the catalogue they were judged by.
        now: when (UTC).

    """
    if not candidates:
        return []
    known = await _known(tx, candidates, versions, now, provider_id=provider_id)
    settled = settle(candidates, known)
    await caps.keep(tx, used=known.used)
    if settled.accepted:
        block = await evidence.keep(
            tx,
            provider_id=provider_id,
            bucket=bucket_of(settled.accepted[0].account_id),
            records=[each.record for each in settled.accepted],
            now=now,
        )
        await _make_unique(tx, settled, block, versions, now)
        credited = [each for each in settled.accepted if not each.held]
        await book(tx, credited=credited, versions=versions, now=now)
        await shadow.observe(tx, accepted=settled.accepted, versions=versions, now=now)
    return answers(settled)


async def settle_again(
    tx: Tx, *, candidate: Candidate, received_at: datetime, versions: Versions, now: datetime
) -> Candidate | Outcome:
    """What one act that was held is worth now, against all that was credited since.

    Everything that its credit needs is locked then, and what it takes of caps and budget is
    taken; the caller writes it, or undoes all of it.

    Args:
        tx: the transaction of the release.
        candidate: the act, no longer held.
        received_at: when its record came: what was in time then is in time.
        versions: the catalogue's picture.
        now: when (UTC).

    """
    known = await _known(tx, [candidate], versions, received_at)
    unseen = replace(known, earlier={})  # its own row is not another's
    settled = settle([candidate], unseen)
    if not settled.accepted:
        (refusal,) = settled.refused
        return refusal
    await caps.keep(tx, used=known.used)
    (accepted,) = await _within_budget(tx, settled.accepted, versions, now)
    return accepted


async def _known(
    tx: Tx,
    candidates: Sequence[Candidate],
    versions: Versions,
    received_at: datetime,
    *,
    provider_id: int | None = None,
) -> Known:
    """Lock whoever the batch is about, then read what is known of them; consents of a provider."""
    used = caps.Used()
    async with in_one_go(tx):
        await lock_accounts(tx, account_ids=(each.account_id for each in candidates))
        places = [
            (each.record.index, claim)
            for each in candidates
            if not each.held
            for claim in each.intervals
        ]
        intervals = [claim for _, claim in places]
        await claims.lock_subjects(tx, intervals=intervals)
        await caps.read_subjects(tx, candidates=candidates, used=used)
        needed = {each.consent for each in candidates}
        consents = (
            None
            if provider_id is None
            else await agreed.ask(tx, pairs=needed, provider_id=provider_id)
        )
        claimed = await claims.ask(tx, intervals=intervals)
        asked = await recent.ask(tx, candidates=candidates, versions=versions)
        known = await seen.ask(tx, ids=[each.id for each in candidates])
        colliding = {places[place][0] for place in await claims.told(claimed)}
        if asked is not None:
            colliding |= await recent.told(tx, question=asked, used=used)
        earlier = await seen.told(known)
        unagreed = frozenset() if consents is None else await agreed.missing(consents, pairs=needed)
    return Known(
        earlier=earlier,
        colliding=frozenset(colliding),
        used=used,
        past=await history.past_of(tx, candidates=candidates, versions=versions),
        versions=versions,
        received_at=received_at,
        unagreed=unagreed,
    )


async def _make_unique(
    tx: Tx, settled: Settled, block: int, versions: Versions, now: datetime
) -> None:
    """Write the acts: whoever writes an id first has it, for ever and for all citizens.

    What another batch took meanwhile was seen before; it draws no budget, and leaves no
    evidence.
    """
    lines = {each.record.index: line for line, each in enumerate(settled.accepted)}
    batch = Batch(block, lines, versions, now)
    while True:
        try:
            async with _undoable(tx, needed=bool(versions.budgets)):
                accepted = await _within_budget(tx, settled.accepted, versions, now)
                late = await write(tx, accepted=accepted, batch=batch)
                if late and versions.budgets:
                    raise _LateError(late)
        except _LateError as error:
            late = error.ids
            accepted = settled.accepted
        else:
            settled.accepted = accepted
        if late:
            ours = [each for each in accepted if each.id in late]
            settled.seen += [(each, Earlier(_NOBODY, each.id, None)) for each in ours]
            settled.accepted = [each for each in accepted if each.id not in late]
            places = [(block, lines[each.record.index]) for each in ours]
            await evidence.erase(tx, places=places)
        if not (late and versions.budgets):
            return


@asynccontextmanager
async def _undoable(tx: Tx, *, needed: bool) -> AsyncIterator[None]:
    if not needed:
        yield
        return
    async with savepoint(tx):
        yield


async def _within_budget(
    tx: Tx, accepted: list[Candidate], versions: Versions, now: datetime
) -> list[Candidate]:
    """What the month's budget pays for each act; the last lock, taken where there is a budget."""
    if not versions.budgets:
        return accepted
    month = budgets.month_of(now.astimezone(versions.zone).date())
    paid = [each for each in accepted if not each.held]
    wants = [want(each, versions, month) for each in paid]
    seed = bucket_of(paid[0].account_id) if paid else 0
    known = versions.budgets
    rates = await draw(tx, wants=wants, known=known, month=month, seed=seed, now=now)
    rate_of = dict(zip((each.id for each in paid), rates, strict=True))
    return [each.paid(rate_of.get(each.id, each.points_per_kg)) for each in accepted]


def want(candidate: Candidate, versions: Versions, month: date) -> Want:
    """What an act asks of the month's budget."""
    manifest = candidate.version.methodology.manifest
    line = budgets.line_of(
        versions.budgets, manifest.id, month, engagement=manifest.engagement is not None
    )
    return Want(line, measured(candidate.worth, manifest), candidate.points_per_kg)
