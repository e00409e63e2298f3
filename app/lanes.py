"""Lanes: which buckets one transaction may touch when the book is spread over several nodes.

A batch is cut into lanes by the buckets of its accounts; each lane is a transaction of its own,
on one node. Pure, but for `read`, which asks Citus where its buckets lie. Off, nothing is cut.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import Depends, Request

from app.database import Database, Tx
from app.ids import BUCKETS

Item = TypeVar("Item")
Done = TypeVar("Done")
LaneSetting = int | Literal["citus"]
"""0: one transaction a batch. N: buckets are grouped by ``bucket % N``. Or Citus is asked."""


@dataclass(frozen=True, slots=True)
class Lane(Generic[Item]):
    """What one transaction is about: its buckets, sorted, and what lies in them, in order."""

    group: int
    buckets: list[int]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """Which group each bucket belongs to; a transaction touches one group only.

    Attributes:
        groups: one number for each bucket.
        at_once: how many lanes of a batch run at the same time.

    """

    groups: tuple[int, ...]
    at_once: int = 4

    def __post_init__(self) -> None:
        assert len(self.groups) == BUCKETS, "every bucket belongs to a group"

    @classmethod
    def modulo(cls, n: int) -> "Lanes":
        """Groups of buckets with the same rest: for one server, and for tests."""
        assert 1 <= n <= BUCKETS, "a lane has at least one bucket"
        return cls(tuple(bucket % n for bucket in range(BUCKETS)))

    def cut(self, items: Iterable[Item], bucket: Callable[[Item], int]) -> list[Lane[Item]]:
        """Items by group, groups in order; within a group items keep their order."""
        found: dict[int, list[tuple[int, Item]]] = {}
        for item in items:
            number = bucket(item)
            found.setdefault(self.groups[number], []).append((number, item))
        return [
            Lane(group, sorted({number for number, _ in each}), tuple(i for _, i in each))
            for group, each in sorted(found.items())
        ]


async def in_lanes(
    database: Database, lanes: Lanes, cut: Sequence[Lane[Item]], step: "Step[Item, Done]"
) -> list[Done | BaseException]:
    """Each lane in a transaction of its own, some at once; all come to their end, or a failure."""
    gate = asyncio.Semaphore(lanes.at_once if database.parallel else 1)

    async def one(lane: Lane[Item]) -> Done:
        async with gate, database.writing() as tx:
            return await step(tx, lane)

    return await asyncio.gather(*(one(lane) for lane in cut), return_exceptions=True)


async def all_in_lanes(
    database: Database, lanes: Lanes, cut: Sequence[Lane[Item]], step: "Step[Item, Done]"
) -> list[Done]:
    """`in_lanes`; the first failure is everybody's, once all have come to their end."""
    done: list[Done] = []
    for each in await in_lanes(database, lanes, cut, step):
        if isinstance(each, BaseException):
            raise each
        done.append(each)
    return done


async def read(tx: Tx, *, setting: LaneSetting) -> Lanes | None:
    """What the setting means; None when lanes are off.

    Args:
        tx: any connection.
        setting: for ``citus``, buckets of one shard are one group: asked for once a process,
            so a process is started anew after shards were split.

    """
    if setting == 0:
        return None
    if setting != "citus":
        return Lanes.modulo(setting)
    rows = await (await tx.execute(_SHARDS, {"buckets": BUCKETS})).fetchall()
    return Lanes(tuple(int(shard) for (shard,) in rows))


Step = Callable[[Tx, Lane[Item]], Awaitable[Done]]
"""What happens in one lane's transaction."""


class LaneMap:
    """A process's lanes: what the setting means, asked for once."""

    def __init__(self, setting: LaneSetting) -> None:
        self._setting = setting
        self._lanes: Lanes | None = None

    async def lanes(self, database: Database) -> Lanes | None:
        """Which buckets go together; None when lanes are off."""
        if self._lanes is None and self._setting != 0:
            async with database.reading() as tx:
                self._lanes = await read(tx, setting=self._setting)
        return self._lanes


LANES_OFF = LaneMap(0)


async def _write_unless_lanes(request: Request) -> AsyncIterator[Tx | None]:
    if request.app.state.settings.lanes != 0:
        yield None
        return
    async with request.app.state.database.writing() as transaction:
        yield transaction


BatchTx = Annotated[Tx | None, Depends(_write_unless_lanes, scope="function")]
"""One transaction for a whole batch; none when it is cut into lanes, which open their own."""


def routed(statement: str, buckets: Sequence[int] | None) -> str:
    """The statement with its buckets named, so that one node can answer it alone.

    In the text, ``/* lane: b */`` stands where the filter on the table ``b`` goes. Without
    lanes it stays what it is, a remark.
    """
    return statement if buckets is None else _filtered(statement)


@cache
def _filtered(statement: str) -> str:
    filtered, n = _PLACE.subn(r"AND \1.bucket = ANY(%(buckets)b::smallint[])", statement)
    assert n > 0, "a statement that names no place for its buckets asks every node"
    return filtered


_PLACE = re.compile(r"/\* lane: (\w+) \*/")
_SHARDS = """
SELECT get_shard_id_for_distribution_column('balance', b::smallint)
  FROM generate_series(0, %(buckets)s - 1) AS b ORDER BY b
"""
