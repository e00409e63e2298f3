"""Give back what was reserved for acts that were not accepted; and what the dead left behind.

Nobody may rely on a name while what hangs on it is given back: it is marked first, in its own
transaction, and only if nobody has relied on it since we looked. Then its claims go, then what it
drew on caps, and the name last. Each step may be repeated.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from app.columns import uuids
from app.database import Database, Tx
from app.ids import bucket_of
from app.lanes import Lane, Lanes, routed
from app.reductions import lane_log, lane_names, lane_shared
from app.reductions.lane_log import Wanted
from app.reductions.lane_names import Held

log = structlog.get_logger()

AGE = timedelta(hours=1)
"""So old, a delivery that is still written down is nobody's any more."""
Item = TypeVar("Item")
Done = TypeVar("Done")


async def release(
    database: Database,
    *,
    lanes: Lanes,
    gone: Sequence[tuple[Wanted, Held]],
    kept: Sequence[Wanted] = (),
) -> bool:
    """Give back for acts that are gone, forget for those that are kept; True if all went.

    Args:
        database: opens a transaction for each lane.
        lanes: which buckets go together.
        gone: acts that were not accepted, and their names as we last saw them.
        kept: acts that were; what they drew stays drawn.

    """
    marked: set[UUID] = set()
    names = [held for _, held in gone]

    async def mark(tx: Tx, lane: Lane[Held]) -> None:
        marked.update(await lane_names.begin_release(tx, names=lane.items))

    async def unclaim(tx: Tx, lane: Lane[lane_shared.ClaimWish]) -> None:
        await lane_shared.unclaim(tx, buckets=lane.buckets, wishes=lane.items)

    async def undraw(tx: Tx, lane: Lane[tuple[int, UUID]]) -> None:
        ids = {act_id for _, act_id in lane.items}
        await lane_shared.undraw(
            tx, buckets=lane.buckets, kept=list(ids - marked), gone=list(ids & marked)
        )

    async def drop(tx: Tx, lane: Lane[UUID]) -> None:
        await lane_names.drop(tx, buckets=lane.buckets, ids=lane.items)

    await _each(database, lanes.cut(names, lambda held: held.bucket), mark)
    acts = [wanted for wanted, _ in gone if wanted.id in marked]
    claimed = [(each.id, claim) for each in acts for claim in each.claims]
    await _each(database, lanes.cut(claimed, lane_shared.bucket_of_claim), unclaim)
    drawn = [(subject, each.id) for each in [*acts, *kept] for subject in each.cap_subjects]
    await _each(database, lanes.cut(drawn, lambda pair: bucket_of(pair[0])), undraw)
    await _each(database, lanes.cut(sorted(marked), lane_names.bucket_of_id), drop)
    return len(marked) == len(names)


async def _each(
    database: Database,
    cut: Sequence[Lane[Item]],
    step: Callable[[Tx, Lane[Item]], Awaitable[None]],
) -> None:
    for lane in cut:
        async with database.writing() as tx:
            await step(tx, lane)


async def sweep(database: Database, *, lanes: Lanes, now: datetime, limit: int = 100) -> int:
    """Finish what dead deliveries began: once an hour has gone, the sender has tried again.

    Acts that exist keep what they have; for the others everything is given back. What somebody
    relied on meanwhile stays until the next time.

    Returns:
        How many deliveries are settled.

    """
    async with database.reading() as tx:
        found = await lane_log.unfinished(tx, before=now - AGE, limit=limit)
    settled = 0
    for delivery, acts in found:
        points = await _written(database, lanes, acts)
        held = await _names(database, lanes, [each for each in acts if each.id not in points], now)
        gone = [(each, held[each.id]) for each in acts if each.id in held]
        kept = [each for each in acts if each.id in points]
        all_went = await release(database, lanes=lanes, gone=gone, kept=kept)
        if not all_went or len(gone) + len(kept) != len(acts):
            continue
        async with database.writing() as tx:
            await lane_log.end(tx, delivery=delivery, used=points, now=now)
        settled += 1
        log.info("lane_delivery_swept", delivery=str(delivery), acts=len(acts), gone=len(gone))
    return settled


async def _written(database: Database, lanes: Lanes, acts: Sequence[Wanted]) -> dict[UUID, int]:
    """Which acts exist, by whichever delivery, and the points they were paid."""
    found: dict[UUID, int] = {}
    for lane in lanes.cut(acts, lambda each: bucket_of(each.account_id)):
        ids = {"ids": uuids([each.id for each in lane.items]), "buckets": lane.buckets}
        async with database.reading() as tx:
            rows = await tx.execute(routed(_WRITTEN, lane.buckets), ids)
            found |= {act_id: points async for act_id, points in rows}
    return found


async def _names(
    database: Database, lanes: Lanes, acts: Collection[Wanted], now: datetime
) -> dict[UUID, Held]:
    """The names of acts that do not exist, if nobody has touched them for an hour."""
    held: dict[UUID, Held] = {}
    for lane in lanes.cut(acts, lambda each: lane_names.bucket_of_id(each.id)):
        async with database.reading() as tx:
            ids = [each.id for each in lane.items]
            seen = await lane_names.look(tx, buckets=lane.buckets, ids=ids)
        for each in lane.items:
            name = seen.get(each.id) or Held(each.id, each.account_id, each.id, now - AGE, 1)
            if name.reserved_at <= now - AGE:
                held[each.id] = name
    return held


_WRITTEN = """
SELECT r.id, r.points FROM reduction r WHERE r.id = ANY(%(ids)b::uuid[]) /* lane: r */
UNION ALL
SELECT h.id, 0 FROM held_activity h WHERE h.id = ANY(%(ids)b::uuid[]) /* lane: h */
"""
