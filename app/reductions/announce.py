"""Use case: tell citizens of the points they earned, behind the credit path's back.

Crediting writes no messages: the entries say already what there is to tell. A window of them,
whole transactions, becomes one message to each account, and the cursor moves in the same
transaction: everybody hears of every point once, whatever dies in between, and nobody hears of
points that were not booked.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from app.database import Database, Tx
from app.ledger import follow
from app.ledger.units import POINTS
from app.notices.enqueue import enqueue

CONSUMER = "announce"
ENTRIES = 20_000
"""About how many entries one transaction looks at."""


async def announce(tx: Tx, *, now: datetime, limit: int = ENTRIES) -> int | None:
    """Promise the messages of the next window of entries.

    Args:
        tx: the messages and the cursor commit together.
        now: when (UTC).
        limit: about how many entries.

    Returns:
        How many people are told; None when there is nothing left, or somebody else is at it.

    """
    window = await follow.window(tx, consumer=CONSUMER, limit=limit)
    if window is None:
        return None
    points_of: Counter[int] = Counter()
    earned = await follow.earned(tx, after_xid=window.after_xid, upto_xid=window.upto_xid)
    for account_id, unit, points, _ in earned:
        if unit == POINTS:
            points_of[account_id] += points
    facts_of = {account_id: {"points": points} for account_id, points in points_of.items()}
    await enqueue(tx, template="points_earned", facts_of=facts_of, now=now)
    await follow.advance(tx, consumer=CONSUMER, upto_xid=window.upto_xid)
    return len(facts_of)


async def announce_all(database: Database, *, clock: Callable[[], datetime]) -> int:
    """Window by window, a transaction each, until nothing is left; returns how many were told."""
    told = 0
    while True:
        async with database.writing() as tx:
            step = await announce(tx, now=clock())
        if step is None:
            return told
        told += step
