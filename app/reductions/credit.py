"""Use case: candidates become evidence, reductions, points and messages.

The number of statements does not depend on the number of acts; one act is a batch of one. All
of it shares the caller's transaction: a citizen is never told of points that were not booked.
Lock order, as everywhere: balances (sorted), shared subjects (sorted), natural keys (sorted).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from app.catalogue.versions import Versions
from app.clock import points_expire_on
from app.database import Tx
from app.intake import evidence
from app.intake.evidence import Earlier, Kept
from app.ledger.earn import Earning, earn
from app.ledger.locking import lock_accounts
from app.notices.enqueue import enqueue
from app.reductions import caps, claims
from app.reductions.decisions import Candidate, Outcome
from app.reductions.settle import Known, Settled, answers, settle
from methodologies.canonical import plain_number
from methodologies.replay import inputs_to_json

LIMIT_PREFIX = "limit:"
"""Marks, among a reduction's inputs, what a cap over a window still allowed."""


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
    settled = settle(candidates, await _known(tx, candidates, versions))
    await _claim_keys(tx, settled)
    if settled.accepted:
        await evidence.keep(tx, provider_id=provider_id, kept=_kept(settled.accepted), now=now)
        await _hold(tx, [each for each in settled.accepted if each.held], now)
        await _book(tx, [each for each in settled.accepted if not each.held], versions, now)
    return answers(settled, await _first(tx, settled.seen))


async def _known(tx: Tx, candidates: Sequence[Candidate], versions: Versions) -> Known:
    """Lock whoever the batch is about, then read what is known of them."""
    await lock_accounts(tx, account_ids=(each.account_id for each in candidates))
    places = [(each.id, claim) for each in candidates if not each.held for claim in each.claims]
    intervals = [claim for _, claim in places]
    await claims.lock_subjects(tx, intervals=intervals)
    colliding = await claims.colliding(tx, intervals=intervals)
    return Known(
        earlier=await evidence.earlier(tx, keys={each.key for each in candidates}),
        colliding=frozenset(places[place][0] for place in colliding),
        used=await caps.used_by(tx, candidates=candidates, versions=versions),
        versions=versions,
    )


async def _claim_keys(tx: Tx, settled: Settled) -> None:
    """Make the records unique for ever; one that a stranger took meanwhile was seen before."""
    if not settled.accepted:
        return
    free = await evidence.claim_keys(tx, kept=_kept(settled.accepted))
    late = [each for each in settled.accepted if each.key not in free]
    settled.accepted = [each for each in settled.accepted if each.key in free]
    settled.seen += [(each, Earlier(0, each.id, each.day)) for each in late]


def _kept(candidates: Sequence[Candidate]) -> list[Kept]:
    return [Kept(each.id, each.account_id, each.day, each.key, each.record) for each in candidates]


async def _book(tx: Tx, credited: Sequence[Candidate], versions: Versions, now: datetime) -> None:
    """Reductions, claims, points and messages of what is credited."""
    if not credited:
        return
    await tx.execute(_REDUCTIONS, _columns(credited, versions))
    await claims.keep(tx, credited=credited)
    earnings = [
        Earning(each.account_id, each.points, each.id, each.evidence.ended_at)
        for each in credited
        if each.points > 0
    ]
    today = now.astimezone(versions.zone).date()
    expires_on = points_expire_on(today, months=versions.points_life_months)
    await earn(tx, earnings=earnings, expires_on=expires_on, now=now)
    points_of: Counter[int] = Counter()
    for earning in earnings:
        points_of[earning.account_id] += earning.points
    facts_of = {account_id: {"points": points} for account_id, points in points_of.items()}
    await enqueue(tx, template="points_earned", facts_of=facts_of, now=now)


def _columns(credited: Sequence[Candidate], versions: Versions) -> dict[str, object]:
    return {
        "accounts": [each.account_id for each in credited],
        "days": [each.day for each in credited],
        "ids": [each.id for each in credited],
        "versions": [each.version.id for each in credited],
        "rates": [each.points_per_kg for each in credited],
        "grams": [each.worth.grams for each in credited],
        "points": [each.points for each in credited],
        "happened": [each.evidence.ended_at for each in credited],
        "inputs": [Jsonb(_inputs(each)) for each in credited],
        "counts": [Jsonb(_counts(each)) if each.worth.counts else None for each in credited],
        "factor_set": versions.factor_set_id,
    }


def _inputs(candidate: Candidate) -> dict[str, str]:
    """All that is needed to work the grams out again, as text."""
    inputs = inputs_to_json(candidate.evidence, candidate.version.methodology.manifest)
    limits = candidate.limits or {}
    return inputs | {f"{LIMIT_PREFIX}{name}": value for name, value in limits.items()}


def _counts(candidate: Candidate) -> dict[str, str]:
    return {name: plain_number(value) for name, value in candidate.worth.counts.items()}


async def _hold(tx: Tx, held: Sequence[Candidate], now: datetime) -> None:
    """Park what a person must look at: kept, unpaid, claiming nothing."""
    if not held:
        return
    await tx.execute(
        _HELD,
        {
            "accounts": [each.account_id for each in held],
            "ids": [each.id for each in held],
            "versions": [each.version.id for each in held],
            "reasons": [each.worth.reason_code or each.worth.status for each in held],
            "now": now,
        },
    )


async def _first(tx: Tx, seen: Sequence[tuple[Candidate, Earlier]]) -> dict[UUID, tuple[int, int]]:
    """Grams and points of what was credited before, for the same citizen's duplicates."""
    same = [before for candidate, before in seen if before.account_id == candidate.account_id]
    if not same:
        return {}
    rows = await tx.execute(
        _FIRST,
        {
            "accounts": [each.account_id for each in same],
            "days": [each.occurred_on for each in same],
            "ids": [each.activity_id for each in same],
        },
    )
    return {reduction_id: (grams, points) async for reduction_id, grams, points in rows}


_REDUCTIONS = """
INSERT INTO reduction (bucket, account_id, occurred_on, id, version_id, factor_set_id,
                       points_per_kg, grams, points, occurred_at, inputs, counts)
SELECT (account %% 1024)::smallint, account, day, id, version, %(factor_set)s, rate, grams,
       points, happened, inputs, counts
  FROM unnest(%(accounts)b::bigint[], %(days)b::date[], %(ids)b::uuid[],
              %(versions)b::smallint[], %(rates)b::int[], %(grams)b::bigint[],
              %(points)b::bigint[], %(happened)b::timestamptz[], %(inputs)b::jsonb[],
              %(counts)b::jsonb[])
    AS t (account, day, id, version, rate, grams, points, happened, inputs, counts)
"""
_HELD = """
INSERT INTO held_activity (bucket, account_id, id, version_id, reason_code, held_at)
SELECT (account %% 1024)::smallint, account, id, version, reason, %(now)s
  FROM unnest(%(accounts)b::bigint[], %(ids)b::uuid[], %(versions)b::smallint[],
              %(reasons)b::text[]) AS t (account, id, version, reason)
"""
_FIRST = """
SELECT r.id, r.grams, r.points
  FROM unnest(%(accounts)b::bigint[], %(days)b::date[], %(ids)b::uuid[]) AS t (account, day, id)
  JOIN reduction r ON r.bucket = (t.account %% 1024)::smallint AND r.account_id = t.account
                  AND r.occurred_on = t.day AND r.id = t.id
"""
