"""Use case: what people who left still had goes back to the programme, and the books balance.

A posting like any other: entries are kept, and so are their seals. Points that a coupon holds stay
held; when they come back, the next run finds them. What somebody owed stays as it was recorded.
"""

from collections.abc import Collection
from datetime import datetime

from app.database import Tx
from app.ids import new_id
from app.ledger import causes, contra, units
from app.ledger.causes import Recorded
from app.ledger.locking import lock_accounts
from app.ledger.post import MOVES_MAX, Move, post, standings
from app.ledger.tables import Kind
from app.ledger.units import POINTS_MAX


async def forfeit(tx: Tx, *, account_ids: Collection[int], now: datetime) -> int:
    """Book what these accounts have available, in every unit, back to the programme.

    Args:
        tx: the caller's transaction.
        account_ids: at most `post.MOVES_MAX`; whoever has nothing is passed over.
        now: when (UTC).

    Returns:
        How many points went back, units put together; 0 when it was done before.

    """
    assert len(account_ids) <= MOVES_MAX, "people leave in chunks"
    gone = 0
    for unit in await units.units(tx):
        await lock_accounts(tx, account_ids=account_ids, unit=unit.id, makes=False)
        found = await standings(tx, account_ids=account_ids, unit=unit.id)
        taken = {
            account_id: min(standing.available, POINTS_MAX)
            for account_id, standing in found.items()
            if standing.available > 0
        }
        refs = {account_id: new_id() for account_id in taken}
        recorded = [
            Recorded(who, refs[who], refs[who], -points, -points, 0, 0, contra.PROGRAMME)
            for who, points in taken.items()
        ]
        moves = [
            Move(who, Kind.adjust, contra.PROGRAMME, refs[who], now, consumed=points)
            for who, points in taken.items()
        ]
        await causes.record(tx, causes=recorded, kind=Kind.adjust, unit=unit.id, now=now)
        await post(tx, moves=moves, unit=unit.id, now=now)
        gone += sum(taken.values())
    return gone
