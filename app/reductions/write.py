"""Write what was decided: acts in the order of their ids, their claims and their points.

Whoever writes an id first has it. The statements are the same in a lane, which names its buckets
where it reads, and whose shapes were registered before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.catalogue.versions import Versions
from app.clock import points_expire_on
from app.columns import day_of, days, int2s, int4s, int8s, moments_us, texts, uuid_bytes
from app.database import Tx, in_one_go
from app.lanes import routed
from app.ledger.earn import Earning, earn
from app.reductions import claims, shapes
from app.reductions.decisions import Candidate


@dataclass(frozen=True, slots=True)
class Batch:
    """What all acts of a batch share; ``lines`` are those of its evidence, by a record's index."""

    block: int
    lines: dict[int, int]
    versions: Versions
    now: datetime
    buckets: Sequence[int] | None = None


async def write(tx: Tx, *, accepted: Sequence[Candidate], batch: Batch) -> set[UUID]:
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


async def book(
    tx: Tx,
    *,
    credited: Sequence[Candidate],
    versions: Versions,
    now: datetime,
    buckets: Sequence[int] | None = None,
) -> None:
    """Claims and points of what is credited; citizens hear of them from `announce`."""
    if not credited:
        return
    earnings = [
        Earning(each.account_id, points, each.id, each.evidence.ended_at)
        for each in credited
        if (points := each.points) > 0
    ]
    today = now.astimezone(versions.zone).date()
    expires_on = points_expire_on(today, months=versions.points_life_months)
    async with in_one_go(tx):
        await claims.keep(tx, credited=credited, own=buckets is not None)
        await earn(tx, earnings=earnings, expires_on=expires_on, now=now, buckets=buckets)


def packed(candidate: Candidate) -> tuple[str, str]:
    """What is kept of an act: the names, and the values in their order."""
    return shapes.packed(
        candidate.evidence,
        candidate.version.methodology.manifest,
        counts=candidate.worth.counts,
        limits=candidate.limits,
        marks=candidate.marks,
        waived=candidate.waived,
    )


async def register_shapes(tx: Tx, *, names: Sequence[str]) -> None:
    """Say once what names a shape has: before lanes, for a node may not write for all others."""
    numbers = int4s([shapes.number_of(each) for each in names])
    await tx.execute(_SHAPES, {"shape_ids": numbers, "shape_names": texts(names)})


async def _insert_credited(tx: Tx, credited: Sequence[Candidate], batch: Batch) -> set[UUID]:
    # Each act is looked at once: a pass for every column would fetch all of them from memory anew.
    rows, shape_names = _rows(credited, batch)
    columns = [pack(values) for pack, values in zip(_PACK, zip(*rows, strict=True), strict=True)]
    names = sorted(shape_names)
    arguments = dict(zip(_COLUMNS, columns, strict=True)) | {
        "block": batch.block,
        "factor_set": batch.versions.factor_set_id,
        "shape_ids": int4s([shapes.number_of(each) for each in names]),
        "shape_names": texts(names),
    }
    insert = _REDUCTIONS if batch.buckets is None else _ACTS
    written = await tx.execute(insert, arguments)
    if written.rowcount == len(credited):
        return set()
    return await _not_ours(tx, "reduction", credited, batch)


def _rows(credited: Sequence[Candidate], batch: Batch) -> tuple[list[tuple[Any, ...]], set[str]]:
    """The acts as rows, in the order of `_COLUMNS`; and the names of their shapes."""
    rows = []
    shape_names: set[str] = set()
    lines = batch.lines
    for each in credited:
        names, inputs = packed(each)
        shape_names.add(names)
        own = each.own
        rows.append(
            (
                each.id.int.to_bytes(16, "big"),
                each.account_id,
                each.ended_us,
                each.worth.grams,
                each.points,
                each.points_per_kg,
                own.seconds if own else 0,
                shapes.number_of(names),
                lines[each.record.index],
                day_of(each.day),
                each.version.id,
                own.scope if own else 0,
                inputs,
            )
        )
    return rows, shape_names


async def _insert_held(tx: Tx, held: Sequence[Candidate], batch: Batch) -> set[UUID]:
    """Park what a person must look at: kept, unpaid, claiming nothing."""
    arguments = {
        "accounts": [each.account_id for each in held],
        "ids": [each.id for each in held],
        "versions": [each.version.id for each in held],
        "reasons": [each.worth.reason_code or each.worth.status for each in held],
        "lines": [batch.lines[each.record.index] for each in held],
        "block": batch.block,
        "now": batch.now,
    }
    written = await tx.execute(_HELD, arguments)
    if written.rowcount == len(held):
        return set()
    return await _not_ours(tx, "held_activity", held, batch)


async def _not_ours(tx: Tx, table: str, candidates: Sequence[Candidate], batch: Batch) -> set[UUID]:
    """Which of these ids were taken by somebody else: their rows name another block."""
    ids = [each.id for each in candidates]
    rows = await tx.execute(
        routed(_OURS[table], batch.buckets),
        {"ids": ids, "block": batch.block, "buckets": batch.buckets},
    )
    return set(ids) - {each async for (each,) in rows}


_COLUMNS, _PACK = zip(
    ("ids", uuid_bytes),
    ("accounts", int8s),
    ("happened", moments_us),
    ("grams", int4s),
    ("points", int4s),
    ("rates", int4s),
    ("spans", int4s),
    ("shapes", int4s),
    ("lines", int2s),
    ("days", days),
    ("versions", int2s),
    ("scopes", int2s),
    ("inputs", texts),
    strict=True,
)
"""The columns of an act's row, and what packs each."""
_SHAPES = """
INSERT INTO input_shape (id, names)
SELECT * FROM unnest(%(shape_ids)b::int[], %(shape_names)b::text[])
ON CONFLICT DO NOTHING
"""
_ACTS = """
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
ON CONFLICT DO NOTHING
"""
_REDUCTIONS = f"WITH shape AS ({_SHAPES}) {_ACTS}"
_HELD = """
INSERT INTO held_activity (bucket, account_id, id, version_id, reason_code, held_at, block_no,
                           line)
SELECT (account %% 1024)::smallint, account, id, version, reason, %(now)s, %(block)s, line
  FROM unnest(%(accounts)b::bigint[], %(ids)b::uuid[], %(versions)b::smallint[],
              %(reasons)b::text[], %(lines)b::smallint[]) AS t (account, id, version, reason, line)
ON CONFLICT DO NOTHING
"""
_OURS = {
    table: f"""
SELECT id FROM {table} t
 WHERE id = ANY(%(ids)b::uuid[]) AND block_no = %(block)s /* lane: t */"""
    for table in ("reduction", "held_activity")
}
"""Two statements, by the table."""
