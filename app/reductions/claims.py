"""Claims: no subject does two things at once, whoever reports them.

Here are those of vehicles, meters, orders and devices, and the long ones of citizens; a short
interval of the citizen's own stands in the reduction's row and is looked at by `recent`.
Citizens are locked by their balance row before anything is read here. Subjects that are not
citizens (a vehicle, a meter) have a row of their own to wait on. Live claims of one subject
never overlap, so the one that starts last before an act ends is the only one that can collide:
one index probe for each act.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from app.columns import int2s, int4s, int8s, moments_us, uuids
from app.database import Cursor, Tx
from app.lanes import routed
from app.reductions.decisions import Candidate, Interval


async def lock_subjects(
    tx: Tx, *, intervals: Iterable[Interval], buckets: Sequence[int] | None = None
) -> None:
    """Put acts of shared subjects in line, in key order, until the transaction ends.

    Args:
        tx: the transaction.
        intervals: what is claimed; in lanes all of it, for no balance is locked here.
        buckets: of a lane, which hold all subjects.

    """
    wanted = sorted(
        {
            (each.subject % 1024, each.scope, each.subject)
            for each in intervals
            if each.shared or buckets is not None
        }
    )
    if not wanted:
        return
    arguments = {
        "buckets": buckets,
        "scopes": [key[1] for key in wanted],
        "subjects": [key[2] for key in wanted],
    }
    await tx.execute(_MAKE, arguments)
    await tx.execute(routed(_LOCK, buckets), arguments)


async def colliding(
    tx: Tx, *, intervals: Sequence[Interval], buckets: Sequence[int] | None = None
) -> set[int]:
    """The places in ``intervals`` of those that a live claim overlaps.

    The subjects must be locked, or a claim could appear after the question.
    """
    return await told(await ask(tx, intervals=intervals, buckets=buckets))


async def ask(
    tx: Tx, *, intervals: Sequence[Interval], buckets: Sequence[int] | None = None
) -> Cursor | None:
    """The question of `colliding`, whose answer is read later (`told`); None if there is none."""
    if not intervals:
        return None
    return await tx.execute(
        routed(_COLLIDING, buckets),
        {
            "buckets": buckets,
            "places": int4s(range(len(intervals))),
            "scopes": int2s([each.scope for each in intervals]),
            "subjects": int8s([each.subject for each in intervals]),
            "starts": moments_us([each.starts_us for each in intervals]),
            "ends": moments_us([each.ends_us for each in intervals]),
        },
    )


async def told(asked: Cursor | None) -> set[int]:
    """The answer to `ask`."""
    return set() if asked is None else {place for (place,) in await asked.fetchall()}


async def keep(tx: Tx, *, credited: Sequence[Candidate], own: bool = False) -> None:
    """Write the claims of what was credited, in one statement.

    Args:
        tx: the transaction that credits.
        credited: the acts.
        own: the citizens' own claims only; in lanes, the others were reserved before.

    """
    pairs: list[tuple[UUID, Interval]] = [
        (each.id, interval)
        for each in credited
        for interval in each.claims
        if not own or interval.subject == each.account_id
    ]
    if not pairs:
        return
    await tx.execute(
        _KEEP,
        {
            "ids": uuids([pair[0] for pair in pairs]),
            "scopes": int2s([pair[1].scope for pair in pairs]),
            "subjects": int8s([pair[1].subject for pair in pairs]),
            "starts": moments_us([pair[1].starts_us for pair in pairs]),
            "ends": moments_us([pair[1].ends_us for pair in pairs]),
        },
    )


_MAKE = """
INSERT INTO claim_subject (bucket, scope, subject)
SELECT (subject %% 1024)::smallint, scope, subject
  FROM unnest(%(scopes)b::smallint[], %(subjects)b::bigint[]) AS t (scope, subject)
 ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
"""
# One after another, in the order of the arrays, as balances are (`ledger.locking`).
_LOCK = """
SELECT count(*)
  FROM unnest(%(scopes)b::smallint[], %(subjects)b::bigint[]) AS t (scope, subject)
 CROSS JOIN LATERAL (
  SELECT 1 FROM claim_subject c
   WHERE c.bucket = (t.subject %% 1024)::smallint AND c.scope = t.scope AND c.subject = t.subject
       /* lane: c */
     FOR UPDATE) AS locked
"""
_COLLIDING = """
SELECT t.place
  FROM unnest(%(places)b::int[], %(scopes)b::smallint[], %(subjects)b::bigint[],
              %(starts)b::timestamptz[], %(ends)b::timestamptz[])
         AS t (place, scope, subject, starts_at, ends_at)
 CROSS JOIN LATERAL (
         SELECT c.ends_at FROM claim c
          WHERE c.bucket = (t.subject %% 1024)::smallint AND c.scope = t.scope
            AND c.subject = t.subject AND c.starts_at < t.ends_at
            /* lane: c */
          ORDER BY c.starts_at DESC LIMIT 1) AS last
 WHERE last.ends_at > t.starts_at
"""
_KEEP = """
INSERT INTO claim (bucket, scope, subject, starts_at, ends_at, reduction_id)
SELECT (subject %% 1024)::smallint, scope, subject, starts_at, ends_at, id
  FROM unnest(%(ids)b::uuid[], %(scopes)b::smallint[], %(subjects)b::bigint[],
              %(starts)b::timestamptz[], %(ends)b::timestamptz[])
    AS t (id, scope, subject, starts_at, ends_at)
"""
