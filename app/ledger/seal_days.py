"""Read: the published days, and from which of them a check of the seals may begin."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from app.database import Tx
from app.ledger.seal_chain import FIRST_LINK, Head, day_link


@dataclass(frozen=True, slots=True)
class Day:
    """What was published for a day; ``linked`` says whether it follows the day before it."""

    day: date
    round: int
    buckets: int
    entries: int
    root: bytes
    chain: bytes
    sealed_at: datetime
    linked: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """Where a check begins: the state after a round, and the days that are to be checked.

    The first of the days is the one whose root is trusted; its heads must be those of its root.
    """

    nth: int
    upto_xid: int
    chain: bytes
    heads: tuple[Head, ...]
    days: tuple[Day, ...]


async def page(tx: Tx, *, before: date | None, limit: int) -> list[Day]:
    """At most ``limit`` published days before ``before``, the newest first."""
    rows = await tx.execute(_PAGE, {"before": before or date.max, "limit": limit})
    return [Day(*row) async for row in rows]


async def prepare(tx: Tx, *, since: date | None) -> Start:
    """The days to check and the state to begin with.

    Args:
        tx: one snapshot.
        since: begin behind the last day before this one; None, or no such day, begins at the
            first entry.

    """
    days: list[Day] = []
    before = FIRST_LINK
    async for row in await tx.execute(_DAYS):
        day = Day(*row)
        link = day_link(
            before,
            root=day.root,
            day=day.day,
            numbers=(day.round, day.buckets, day.entries),
            sealed_at=day.sealed_at,
        )
        days.append(replace(day, linked=link == day.chain))
        before = day.chain
    anchors = [day for day in days if since is not None and day.day < since]
    if not anchors:
        return Start(0, 0, FIRST_LINK, (), tuple(days))
    anchor = anchors[-1]
    done = await (await tx.execute(_ROUND, (anchor.round,))).fetchone()
    if done is None:  # the round is gone: read everything
        return Start(0, 0, FIRST_LINK, (), tuple(days))
    heads = [Head(*each) async for each in await tx.execute(_HEADS, (done[0],))]
    later = tuple(day for day in days if day.day >= anchor.day)
    return Start(anchor.round, done[0], done[1], tuple(heads), later)


_PAGE = """
SELECT day, round, buckets, entries, root, chain, sealed_at
  FROM seal_day WHERE day < %(before)s ORDER BY day DESC LIMIT %(limit)s
"""
_DAYS = "SELECT day, round, buckets, entries, root, chain, sealed_at FROM seal_day ORDER BY day"
_ROUND = "SELECT upto_xid, chain FROM seal_round WHERE nth = %s"
_HEADS = """
SELECT s.bucket, s.nth, s.upto_xid, s.chain
  FROM generate_series(0, 1023) AS b
 CROSS JOIN LATERAL (SELECT bucket, nth, upto_xid, chain FROM seal
                      WHERE bucket = b::smallint AND upto_xid <= %s ORDER BY nth DESC LIMIT 1) AS s
"""
