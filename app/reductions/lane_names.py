"""Which bucket may write an act: reserved before a lane writes, for Citus' keys end at a bucket.

An act's id is unique for ever and for all citizens, but over several nodes a primary key is
unique only within a bucket. So the id's own bucket keeps who may write it. A row is taken by
the first delivery and relied on by others that name the same citizen; it is given back by its
maker, if nobody else has relied on it and the act was not accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.columns import int2s, int4s, int8s, moments, uuids
from app.database import Tx
from app.ids import BUCKETS
from app.lanes import routed
from app.problems import TryAgain

Name = tuple[UUID, int]
"""An act's id, and the account that wants to write it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A name as it was seen: whose, by which delivery, when last, and by how many."""

    id: UUID
    account_id: int
    delivery: UUID
    reserved_at: datetime
    touches: int

    @property
    def bucket(self) -> int:
        """Where it lies."""
        return bucket_of_id(self.id)


def bucket_of_id(act_id: UUID) -> int:
    """Where an id lies: its last ten bits are those of a digest."""
    return act_id.int % BUCKETS


def bucket_of_name(name: Name) -> int:
    """The same, of a wish."""
    return bucket_of_id(name[0])


async def take(
    tx: Tx, *, buckets: Sequence[int], names: Sequence[Name], delivery: UUID, now: datetime
) -> set[UUID]:
    """Reserve ids, each named once; those that are other citizens' are returned.

    Raises:
        TryAgain: somebody gives one of them back at this moment.

    """
    wanted = sorted(names)
    arguments = {
        "numbers": int2s([bucket_of_name(each) for each in wanted]),
        "ids": uuids([each[0] for each in wanted]),
        "accounts": int8s([each[1] for each in wanted]),
        "buckets": buckets,
        "delivery": delivery,
        "now": now,
    }
    rows = await (await tx.execute(_TAKE, arguments)).fetchall()
    others = {each[0] for each in wanted} - {act_id for (act_id,) in rows}
    if others:
        looked = await tx.execute(
            routed(_LOOK, buckets), {"ids": uuids(list(others)), "buckets": buckets}
        )
        if any([releasing async for (releasing,) in looked]):
            raise TryAgain("A record is being given back.", "有记录正在释放,请重试。")
    return others


async def look(tx: Tx, *, buckets: Sequence[int], ids: Sequence[UUID]) -> dict[UUID, Held]:
    """Names as they stand."""
    rows = await tx.execute(routed(_HELD, buckets), {"ids": uuids(ids), "buckets": buckets})
    return {row[0]: Held(*row) async for row in rows}


async def begin_release(tx: Tx, *, names: Sequence[Held]) -> set[UUID]:
    """Mark names that are as we saw them: from now on nobody may rely on them.

    One that is gone already is made anew, marked, so that what hangs on it can be given back.
    """
    wanted = sorted(names, key=lambda each: each.id)
    rows = await tx.execute(
        _RELEASE,
        {
            "numbers": int2s([each.bucket for each in wanted]),
            "ids": uuids([each.id for each in wanted]),
            "accounts": int8s([each.account_id for each in wanted]),
            "deliveries": uuids([each.delivery for each in wanted]),
            "reserved": moments([each.reserved_at for each in wanted]),
            "touches": int4s([each.touches for each in wanted]),
        },
    )
    return {act_id async for (act_id,) in rows}


async def drop(tx: Tx, *, buckets: Sequence[int], ids: Sequence[UUID]) -> None:
    """Forget what was given back."""
    await tx.execute(routed(_DROP, buckets), {"ids": uuids(ids), "buckets": buckets})


_TAKE = """
INSERT INTO natural_key_lane AS k (bucket, id, account_id, delivery, reserved_at, touches,
                                   releasing)
SELECT bucket, id, account, %(delivery)s, %(now)s, 1, false
  FROM unnest(%(numbers)b::smallint[], %(ids)b::uuid[], %(accounts)b::bigint[])
         AS t (bucket, id, account)
ON CONFLICT (bucket, id) DO UPDATE SET
  touches = k.touches + (k.delivery <> EXCLUDED.delivery)::int,
  reserved_at = EXCLUDED.reserved_at
  WHERE k.account_id = EXCLUDED.account_id AND NOT k.releasing
RETURNING k.id
"""
_LOOK = """
SELECT k.releasing FROM natural_key_lane k WHERE k.id = ANY(%(ids)b::uuid[]) /* lane: k */
"""
_HELD = """
SELECT k.id, k.account_id, k.delivery, k.reserved_at, k.touches FROM natural_key_lane k
 WHERE k.id = ANY(%(ids)b::uuid[]) /* lane: k */
"""
_RELEASE = """
INSERT INTO natural_key_lane AS k (bucket, id, account_id, delivery, reserved_at, touches,
                                   releasing)
SELECT bucket, id, account, delivery, reserved_at, touches, true
  FROM unnest(%(numbers)b::smallint[], %(ids)b::uuid[], %(accounts)b::bigint[],
              %(deliveries)b::uuid[], %(reserved)b::timestamptz[], %(touches)b::int[])
         AS t (bucket, id, account, delivery, reserved_at, touches)
ON CONFLICT (bucket, id) DO UPDATE SET releasing = true
  WHERE k.touches = EXCLUDED.touches AND k.delivery = EXCLUDED.delivery
    AND k.reserved_at = EXCLUDED.reserved_at
RETURNING k.id
"""
_DROP = """
DELETE FROM natural_key_lane k
 WHERE k.id = ANY(%(ids)b::uuid[]) AND k.releasing /* lane: k */
"""
