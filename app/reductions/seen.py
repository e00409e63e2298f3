"""Which records are known already: an act's id is a digest of its record's number.

Of before 21 November 2026 there are acts with ids of their own; their digests stand apart and
lead to them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.columns import uuids
from app.database import Cursor, Tx
from app.lanes import routed


@dataclass(frozen=True, slots=True)
class Earlier:
    """What became of a record before; ``worth`` is grams and points, None if it is held."""

    account_id: int
    activity_id: UUID
    worth: tuple[int, int] | None


async def earlier(tx: Tx, *, ids: Iterable[UUID]) -> Mapping[UUID, Earlier]:
    """Which of these acts exist already; read under their citizens' locks, by one statement."""
    return await told(await ask(tx, ids=ids))


async def ask(tx: Tx, *, ids: Iterable[UUID]) -> Cursor:
    """The question of `earlier`, whose answer is read later (`told`)."""
    return await tx.execute(_EARLIER, {"ids": uuids(list(ids))})


async def told(asked: Cursor) -> Mapping[UUID, Earlier]:
    """The answer to `ask`."""
    return {
        key: Earlier(account_id, activity_id, None if grams is None else (grams, points))
        for key, account_id, activity_id, grams, points in await asked.fetchall()
    }


async def in_lane(tx: Tx, *, ids: Iterable[UUID], buckets: Sequence[int]) -> dict[UUID, Earlier]:
    """The same, of a lane's own buckets, by its own transaction."""
    rows = await tx.execute(
        routed(_IN_LANE, buckets), {"ids": uuids(list(ids)), "buckets": buckets}
    )
    return {
        key: Earlier(account_id, key, None if grams is None else (grams, points))
        async for key, account_id, grams, points in rows
    }


async def before_digests(tx: Tx, *, ids: Iterable[UUID]) -> dict[UUID, Earlier]:
    """Acts of before ids were digests, from every bucket: they change no more, so no lock."""
    keys = {
        key: (account_id, activity_id)
        async for key, account_id, activity_id in await tx.execute(_KEYS, {"ids": uuids(list(ids))})
    }
    if not keys:
        return {}
    acts = uuids([activity_id for _, activity_id in keys.values()])
    worth = {
        act: (grams, points) async for act, grams, points in await tx.execute(_WORTH, {"ids": acts})
    }
    return {
        key: Earlier(account_id, activity_id, worth.get(activity_id))
        for key, (account_id, activity_id) in keys.items()
    }


_IN_LANE = """
SELECT r.id, r.account_id, r.grams, r.points FROM reduction r
 WHERE r.id = ANY(%(ids)b::uuid[]) /* lane: r */
UNION ALL
SELECT h.id, h.account_id, NULL, NULL FROM held_activity h
 WHERE h.id = ANY(%(ids)b::uuid[]) /* lane: h */
"""
_KEYS = """
SELECT digest, account_id, activity_id FROM natural_key WHERE digest = ANY(%(ids)b::uuid[])
"""
_WORTH = "SELECT id, grams, points FROM reduction WHERE id = ANY(%(ids)b::uuid[])"
_EARLIER = """
SELECT id, account_id, id, grams, points FROM reduction WHERE id = ANY(%(ids)b::uuid[])
UNION ALL
SELECT id, account_id, id, NULL, NULL FROM held_activity WHERE id = ANY(%(ids)b::uuid[])
UNION ALL
SELECT k.digest, k.account_id, k.activity_id, r.grams, r.points
  FROM natural_key k LEFT JOIN reduction r ON r.id = k.activity_id
 WHERE k.digest = ANY(%(ids)b::uuid[])
"""
