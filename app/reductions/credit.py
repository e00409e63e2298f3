"""Use case: candidates become evidence, reductions and points.

The number of statements does not depend on the number of acts; one act is a batch of one. All
of it shares the caller's transaction. Lock order, as everywhere: balances (sorted), shared
subjects (sorted), their caps (sorted), budget slots, ids of acts (sorted).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.catalogue import budgets
from app.catalogue.budgets import Want
from app.catalogue.budgets_draw import draw
from app.catalogue.versions import Versions
from app.clock import points_expire_on
from app.columns import dates, int2s, int4s, int8s, moments, texts, uuids
from app.database import Tx, savepoint
from app.ids import bucket_of
from app.intake import evidence
from app.ledger.earn import Earning, earn
from app.ledger.locking import lock_accounts
from app.reductions import caps, claims, history, recent, seen, shadow, shapes
from app.reductions.decisions import Candidate, Outcome, measured
from app.reductions.seen import Earlier
from app.reductions.settle import Known, Settled, answers, settle

_NOBODY = 0


class _LateError(Exception):
    """Another batch credited some of these acts first; raised to give back what they drew."""

    def __init__(self, ids: set[UUID]) -> None:
        self.ids = ids


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all acts of a batch share."""

    block: int
    lines: dict[UUID, int]
    versions: Versions
    now: datetime


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
    known = await _known(tx, candidates, versions, now)
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
        await _book(tx, [each for each in settled.accepted if not each.held], versions, now)
        await shadow.observe(tx, accepted=settled.accepted, versions=versions, now=now)
    return answers(settled)


async def _known(
    tx: Tx, candidates: Sequence[Candidate], versions: Versions, now: datetime
) -> Known:
    """Lock whoever the batch is about, then read what is known of them."""
    await lock_accounts(tx, account_ids=(each.account_id for each in candidates))
    places = [
        (each.record.index, claim)
        for each in candidates
        if not each.held
        for claim in each.intervals
    ]
    intervals = [claim for _, claim in places]
    await claims.lock_subjects(tx, intervals=intervals)
    used = caps.Used()
    await caps.read_subjects(tx, candidates=candidates, used=used)
    colliding = {places[place][0] for place in await claims.colliding(tx, intervals=intervals)}
    colliding |= await recent.read(tx, candidates=candidates, versions=versions, used=used)
    return Known(
        earlier=await seen.earlier(tx, ids={each.id for each in candidates}),
        colliding=frozenset(colliding),
        used=used,
        past=await history.past_of(tx, candidates=candidates, versions=versions),
        versions=versions,
        received_at=now,
    )


async def _make_unique(
    tx: Tx, settled: Settled, block: int, versions: Versions, now: datetime
) -> None:
    """Write the acts: whoever writes an id first has it, for ever and for all citizens.

    What another batch took meanwhile was seen before; it draws no budget, and leaves no
    evidence.
    """
    lines = {each.id: line for line, each in enumerate(settled.accepted)}
    batch = _Batch(block, lines, versions, now)
    while True:
        try:
            async with _undoable(tx, needed=bool(versions.budgets)):
                accepted = await _within_budget(tx, settled.accepted, versions, now)
                late = await _write(tx, accepted, batch)
                if late and versions.budgets:
                    raise _LateError(late)
        except _LateError as error:
            late = error.ids
            accepted = settled.accepted
        else:
            settled.accepted = accepted
        settled.seen += [
            (each, Earlier(_NOBODY, each.id, None)) for each in accepted if each.id in late
        ]
        settled.accepted = [each for each in accepted if each.id not in late]
        if late:
            await evidence.erase(tx, places=[(block, lines[each]) for each in late])
        if not (late and versions.budgets):
            return


@asynccontextmanager
async def _undoable(tx: Tx, *, needed: bool) -> AsyncIterator[None]:
    if not needed:
        yield
        return
    async with savepoint(tx):
        yield


async def _write(tx: Tx, accepted: Sequence[Candidate], batch: _Batch) -> set[UUID]:
    """Insert reductions and held activities in the order of their ids; those that existed."""
    accepted = sorted(accepted, key=lambda each: each.id.int)
    late: set[UUID] = set()
    for part, insert in (
        ([each for each in accepted if not each.held], _insert_credited),
        ([each for each in accepted if each.held], _insert_held),
    ):
        if part:
            late |= await insert(tx, part, batch)
    return late


async def _within_budget(
    tx: Tx, accepted: list[Candidate], versions: Versions, now: datetime
) -> list[Candidate]:
    """What the month's budget pays for each act; the last lock, taken where there is a budget."""
    if not versions.budgets:
        return accepted
    month = budgets.month_of(now.astimezone(versions.zone).date())
    paid = [each for each in accepted if not each.held]
    wants = [_want(each, versions, month) for each in paid]
    seed = bucket_of(paid[0].account_id) if paid else 0
    known = versions.budgets
    rates = await draw(tx, wants=wants, known=known, month=month, seed=seed, now=now)
    rate_of = dict(zip((each.id for each in paid), rates, strict=True))
    return [each.paid(rate_of.get(each.id, each.points_per_kg)) for each in accepted]


def _want(candidate: Candidate, versions: Versions, month: date) -> Want:
    manifest = candidate.version.methodology.manifest
    line = budgets.line_of(
        versions.budgets, manifest.id, month, engagement=manifest.engagement is not None
    )
    return Want(line, measured(candidate.worth, manifest), candidate.points_per_kg)


async def _book(tx: Tx, credited: Sequence[Candidate], versions: Versions, now: datetime) -> None:
    """Claims and points of what is credited; citizens hear of them from `announce`."""
    if not credited:
        return
    await claims.keep(tx, credited=credited)
    earnings = [
        Earning(each.account_id, each.points, each.id, each.evidence.ended_at)
        for each in credited
        if each.points > 0
    ]
    today = now.astimezone(versions.zone).date()
    expires_on = points_expire_on(today, months=versions.points_life_months)
    await earn(tx, earnings=earnings, expires_on=expires_on, now=now)


async def _insert_credited(tx: Tx, credited: Sequence[Candidate], batch: _Batch) -> set[UUID]:
    kept = [
        shapes.packed(
            each.evidence,
            each.version.methodology.manifest,
            counts=each.worth.counts,
            limits=each.limits,
            marks=each.marks,
        )
        for each in credited
    ]
    names = sorted({names for names, _ in kept})
    arguments = {
        "ids": uuids([each.id for each in credited]),
        "accounts": int8s([each.account_id for each in credited]),
        "happened": moments([each.evidence.ended_at for each in credited]),
        "grams": int4s([each.worth.grams for each in credited]),
        "points": int4s([each.points for each in credited]),
        "rates": int4s([each.points_per_kg for each in credited]),
        "spans": int4s([each.own.seconds if each.own else 0 for each in credited]),
        "shapes": int4s([shapes.number_of(names) for names, _ in kept]),
        "lines": int2s([batch.lines[each.id] for each in credited]),
        "days": dates([each.evidence.occurred_on for each in credited]),
        "versions": int2s([each.version.id for each in credited]),
        "scopes": int2s([each.own.scope.value if each.own else 0 for each in credited]),
        "inputs": texts([values for _, values in kept]),
        "block": batch.block,
        "factor_set": batch.versions.factor_set_id,
        "shape_ids": int4s([shapes.number_of(each) for each in names]),
        "shape_names": texts(names),
    }
    written = await tx.execute(_REDUCTIONS, arguments)
    if written.rowcount == len(credited):
        return set()
    return await _not_ours(tx, "reduction", credited, batch)


async def _insert_held(tx: Tx, held: Sequence[Candidate], batch: _Batch) -> set[UUID]:
    """Park what a person must look at: kept, unpaid, claiming nothing."""
    arguments = {
        "accounts": [each.account_id for each in held],
        "ids": [each.id for each in held],
        "versions": [each.version.id for each in held],
        "reasons": [each.worth.reason_code or each.worth.status for each in held],
        "lines": [batch.lines[each.id] for each in held],
        "block": batch.block,
        "now": batch.now,
    }
    written = await tx.execute(_HELD, arguments)
    if written.rowcount == len(held):
        return set()
    return await _not_ours(tx, "held_activity", held, batch)


async def _not_ours(
    tx: Tx, table: str, candidates: Sequence[Candidate], batch: _Batch
) -> set[UUID]:
    """Which of these ids were taken by somebody else: their rows name another block."""
    ids = [each.id for each in candidates]
    rows = await tx.execute(_OURS[table], {"ids": ids, "block": batch.block})
    return set(ids) - {each async for (each,) in rows}


_REDUCTIONS = """
WITH shape AS (
  INSERT INTO input_shape (id, names)
  SELECT * FROM unnest(%(shape_ids)b::int[], %(shape_names)b::text[])
  ON CONFLICT DO NOTHING
)
INSERT INTO reduction (id, account_id, occurred_at, grams, points, points_per_kg, duration_s,
                       shape_id, block_no, occurred_on, version_id, factor_set_id, scope, line,
                       bucket, inputs)
SELECT id, account, happened, grams, points, rate, span, shape, %(block)s, day, version,
       %(factor_set)s, scope, line, (account %% 1024)::smallint, inputs
  FROM unnest(%(ids)b::uuid[], %(accounts)b::bigint[], %(happened)b::timestamptz[],
              %(grams)b::int[], %(points)b::int[], %(rates)b::int[], %(spans)b::int[],
              %(shapes)b::int[], %(lines)b::smallint[], %(days)b::date[],
              %(versions)b::smallint[], %(scopes)b::smallint[], %(inputs)b::text[])
    AS t (id, account, happened, grams, points, rate, span, shape, line, day, version, scope,
          inputs)
ON CONFLICT (id) DO NOTHING
"""
_HELD = """
INSERT INTO held_activity (bucket, account_id, id, version_id, reason_code, held_at, block_no,
                           line)
SELECT (account %% 1024)::smallint, account, id, version, reason, %(now)s, %(block)s, line
  FROM unnest(%(accounts)b::bigint[], %(ids)b::uuid[], %(versions)b::smallint[],
              %(reasons)b::text[], %(lines)b::smallint[]) AS t (account, id, version, reason, line)
ON CONFLICT (id) DO NOTHING
"""
_OURS = {
    table: f"SELECT id FROM {table} WHERE id = ANY(%(ids)b::uuid[]) AND block_no = %(block)s"
    for table in ("reduction", "held_activity")
}
"""Two statements, by the table."""
