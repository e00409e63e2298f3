"""Carry a correction out, chunk by chunk; it may be killed at any moment and goes on later.

One chunk is one transaction: what it found, what it booked, and how far it came commit
together or not at all. The scan is repeated until a pass finds nothing, because acts that were
credited by an old version behind its back must not be missed. Then everybody concerned gets
one message. Reductions themselves are never touched: what counts now is the newest row of
``reduction_correction``.
"""

from asyncio import to_thread
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.rows import dict_row

from app.catalogue.versions import Catalogue, Versions
from app.clock import points_expire_on
from app.database import Database, Tx
from app.ledger import contra
from app.ledger.adjust import Adjusted, Adjustment, adjust
from app.notices.enqueue import enqueue
from app.reductions.correct_scan import START, Change, Look, Place, assess, look, plan_of
from app.reductions.tables import CorrectionState

log = structlog.get_logger()

CHUNK = 1_000
"""Reductions looked at in one transaction: what a citizen may have to wait for."""


async def run_correction(
    database: Database,
    *,
    correction_id: UUID,
    catalogue: Catalogue,
    clock: Callable[[], datetime],
    chunk: int = CHUNK,
) -> int:
    """Work until the correction is finished, or somebody else is at it.

    Args:
        database: opens one transaction for each chunk.
        correction_id: which; it must have been approved.
        catalogue: where the versions are.
        clock: tells the time of each chunk (UTC).
        chunk: reductions looked at, or people told, in one transaction.

    Returns:
        How many transactions it took.

    """
    steps = 0
    more = True
    while more:
        async with database.writing() as tx:
            versions = await catalogue.versions(tx)
            more = await step(
                tx, correction_id=correction_id, versions=versions, limit=chunk, now=clock()
            )
        steps += 1
    return steps


async def unfinished(tx: Tx) -> list[UUID]:
    """Corrections that were begun and are not finished: a worker that died left them."""
    begun = [CorrectionState.correcting.value, CorrectionState.telling.value]
    rows = await tx.execute(_UNFINISHED, {"begun": begun})
    return [correction_id async for (correction_id,) in rows]


async def step(
    tx: Tx, *, correction_id: UUID, versions: Versions, limit: int, now: datetime
) -> bool:
    """Do one chunk; whether there is more to do.

    The correction's row is locked for the chunk, so two workers cannot do the same one.
    """
    async with tx.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(_PROGRESS, (correction_id,))).fetchone()
    if row is None:
        return False
    if row["state"] == CorrectionState.correcting:
        await _correct(tx, row, versions, limit, now)
        return True
    if row["state"] == CorrectionState.telling:
        return await _tell(tx, row, limit, now)
    return False


async def _correct(
    tx: Tx, row: Mapping[str, Any], versions: Versions, limit: int, now: datetime
) -> None:
    plan = plan_of(row)
    after: Place = (row["at_bucket"], row["at_account"], row["at_day"], row["at_id"])
    seen = await look(tx, plan=plan, after=after, limit=limit)
    changes, _ = await to_thread(assess, seen.found, plan, versions)
    answers = await _book(tx, changes, versions, now)
    if changes:
        arguments = _columns(changes, answers)
        common = {"correction": row["id"], "new": plan.new_version_id, "now": now}
        await tx.execute(_ROWS, arguments | common)
    await tx.execute(_GO_ON, _progress(row, seen, changes, answers, ended=seen.looked_at < limit))


async def _book(
    tx: Tx, changes: Sequence[Change], versions: Versions, now: datetime
) -> list[Adjusted]:
    today = now.astimezone(versions.zone).date()
    return await adjust(
        tx,
        adjustments=[
            Adjustment(
                each.before.account_id,
                each.points,
                each.before.id,
                each.before.occurred_at,
                max(0, each.before.owed),
            )
            for each in changes
        ],
        contra=contra.CORRECTION,
        expires_on=points_expire_on(today, months=versions.points_life_months),
        now=now,
    )


def _columns(changes: Sequence[Change], answers: Sequence[Adjusted]) -> dict[str, object]:
    return {
        "accounts": [each.before.account_id for each in changes],
        "ids": [each.before.id for each in changes],
        "days": [each.before.occurred_on for each in changes],
        "nths": [each.before.nth + 1 for each in changes],
        "olds": [each.before.version_id for each in changes],
        "grams_before": [each.before.grams for each in changes],
        "grams_after": [each.grams_after for each in changes],
        "points_before": [each.before.points for each in changes],
        "points_after": [each.points_after for each in changes],
        "booked": [each.booked for each in answers],
        "shortfalls": [each.shortfall for each in answers],
    }


def _progress(
    row: Mapping[str, Any],
    seen: Look,
    changes: Sequence[Change],
    answers: Sequence[Adjusted],
    *,
    ended: bool,
) -> dict[str, object]:
    """How far it is now: the next place, the next pass, or the telling. Pure."""
    place, state = seen.place, CorrectionState.correcting
    in_this_pass = row["pass_changed"] + len(changes)
    if ended:
        place = START
        state = CorrectionState.correcting if in_this_pass else CorrectionState.telling
        in_this_pass = 0
    return {
        "id": row["id"],
        "state": state.value,
        "bucket": place[0],
        "account": place[1],
        "day": place[2],
        "at": place[3],
        "pass": in_this_pass,
        "looked_at": seen.looked_at,
        "changed": len(changes),
        "grams": sum(each.grams for each in changes),
        "points": sum(each.points for each in changes),
        "up": sum(max(0, each.booked) for each in answers),
        "down": sum(max(0, -each.booked) for each in answers),
        "shortfall": sum(each.shortfall for each in answers),
    }


async def _tell(tx: Tx, row: Mapping[str, Any], limit: int, now: datetime) -> bool:
    """One message to each of the next accounts, with what the correction came to for them."""
    arguments = {
        "id": row["id"],
        "bucket": row["at_bucket"],
        "account": row["at_account"],
        "limit": limit,
    }
    people = await (await tx.execute(_PEOPLE, arguments)).fetchall()
    common = {
        "correction_id": str(row["id"]),
        "methodology": row["methodology"],
        "reason_zh": row["reason_zh"],
        "reason_en": row["reason_en"],
    }
    facts_of = {
        account_id: {"acts": acts, "grams": grams, "points": booked, **common}
        for _, account_id, acts, grams, booked in people
    }
    await enqueue(tx, template="reductions_corrected", facts_of=facts_of, now=now)
    ended = len(people) < limit
    place = people[-1][:2] if people else (row["at_bucket"], row["at_account"])
    told = {
        "id": row["id"],
        "people": len(people),
        "bucket": place[0],
        "account": place[1],
        "state": (CorrectionState.finished if ended else CorrectionState.telling).value,
        "finished_at": now if ended else None,
    }
    await tx.execute(_TOLD, told)
    if ended:
        log.info("correction_finished", correction_id=str(row["id"]), changed=row["changed"])
    return not ended


_UNFINISHED = "SELECT id FROM correction WHERE state = ANY(%(begun)s::smallint[]) ORDER BY id"
_PROGRESS = "SELECT * FROM correction WHERE id = %s FOR UPDATE SKIP LOCKED"
_ROWS = """
INSERT INTO reduction_correction (
  bucket, account_id, reduction_id, correction_id, occurred_on, nth, old_version_id,
  new_version_id, grams_before, grams_after, points_before, points_after, booked, shortfall,
  corrected_at)
SELECT (account %% 1024)::smallint, account, id, %(correction)s, day, nth, old, %(new)s,
       grams_before, grams_after, points_before, points_after, booked, shortfall, %(now)s
  FROM unnest(%(accounts)b::bigint[], %(ids)b::uuid[], %(days)b::date[], %(nths)b::smallint[],
              %(olds)b::smallint[], %(grams_before)b::bigint[], %(grams_after)b::bigint[],
              %(points_before)b::bigint[], %(points_after)b::bigint[], %(booked)b::bigint[],
              %(shortfalls)b::bigint[])
    AS t (account, id, day, nth, old, grams_before, grams_after, points_before, points_after,
          booked, shortfall)
"""
_GO_ON = """
UPDATE correction SET state = %(state)s, at_bucket = %(bucket)s, at_account = %(account)s,
       at_day = %(day)s, at_id = %(at)s, pass_changed = %(pass)s,
       looked_at = looked_at + %(looked_at)s, changed = changed + %(changed)s,
       grams = grams + %(grams)s, points = points + %(points)s,
       booked_up = booked_up + %(up)s, booked_down = booked_down + %(down)s,
       shortfall = shortfall + %(shortfall)s
 WHERE id = %(id)s
"""
_PEOPLE = """
SELECT bucket, account_id, count(*), sum(grams_after - grams_before)::bigint,
       sum(booked)::bigint
  FROM reduction_correction
 WHERE correction_id = %(id)s
   AND (bucket, account_id) > (%(bucket)s::smallint, %(account)s::bigint)
 GROUP BY bucket, account_id ORDER BY bucket, account_id LIMIT %(limit)s
"""
_TOLD = """
UPDATE correction SET state = %(state)s, people = people + %(people)s, at_bucket = %(bucket)s,
       at_account = %(account)s, finished_at = %(finished_at)s
 WHERE id = %(id)s
"""
