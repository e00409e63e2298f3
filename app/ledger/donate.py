"""Use case: citizens give points to a pool. The entry is the certificate; its ref is its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger import causes
from app.ledger.causes import Recorded
from app.ledger.errors import InsufficientPoints, PoolNotFound
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post, standings
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX


@dataclass(frozen=True, slots=True)
class Donation:
    """Points for a pool, by its number; ``ref`` is the certificate's id."""

    account_id: int
    points: int
    pool: int
    ref: UUID

    def __post_init__(self) -> None:
        assert 0 < self.points <= POINTS_MAX, "something is given, and an entry can hold it"


async def donate(
    tx: Tx, *, donations: Sequence[Donation], now: datetime, unit: int = POINTS
) -> list[bool]:
    """Book any number of donations out of what is available.

    Args:
        tx: the caller's transaction.
        donations: at most `post.MOVES_MAX`, with distinct refs.
        now: when (UTC).
        unit: what is given.

    Returns:
        For each whether it was booked now; False for one that was booked before.

    Raises:
        PoolNotFound: one of the pools does not exist; nothing is booked.
        InsufficientPoints: one of the accounts has less available; nothing is booked.

    """
    if not donations:
        return []
    keys = [(each.account_id, each.ref) for each in donations]
    assert len(set(keys)) == len(keys), "each donation has a certificate of its own"
    await _ensure_pools(tx, {each.pool for each in donations})
    people = list(dict.fromkeys(each.account_id for each in donations))
    await lock_accounts(tx, account_ids=people, unit=unit)
    before = await causes.known(tx, keys=keys, kind=Kind.donate, unit=unit)
    fresh = [each for each in donations if (each.account_id, each.ref) not in before]
    found = await standings(tx, account_ids=people, unit=unit)
    left = {who: standing.available for who, standing in found.items()}
    for each in fresh:
        if each.points > left[each.account_id]:
            raise _too_few(each.points, left[each.account_id])
        left[each.account_id] -= each.points
    recorded = [
        Recorded(each.account_id, each.ref, each.ref, -each.points, -each.points, 0, 0, each.pool)
        for each in fresh
    ]
    moves = [
        Move(each.account_id, Kind.donate, each.pool, each.ref, now, consumed=each.points)
        for each in fresh
    ]
    await causes.record(tx, causes=recorded, kind=Kind.donate, unit=unit, now=now)
    await post(tx, moves=moves, unit=unit, now=now)
    return [key not in before for key in keys]


async def _ensure_pools(tx: Tx, pools: set[int]) -> None:
    row = await (await tx.execute(_POOLS, (sorted(pools),))).fetchone()
    if row is None or row[0] != len(pools):
        raise PoolNotFound("No pool has this number.", "没有该编号的捐赠项目。")


def _too_few(needed: int, available: int) -> InsufficientPoints:
    return InsufficientPoints(
        f"{needed} points are needed, {available} are available.",
        f"需要 {needed} 积分,当前可用 {available} 积分。",
        needed=needed,
        available=available,
    )


_POOLS = "SELECT count(*) FROM counter_account WHERE kind = 'pool' AND number = ANY (%b::int[])"
