"""Use cases: set aside, spend or give back the points of many accounts at once.

The same moves as in `hold`, in a number of statements that does not depend on how many there are:
the accounts are locked in key order, then one statement changes them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post, standings
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX


@dataclass(frozen=True, slots=True)
class Hold:
    """Points of one account that are to be set aside, or that were."""

    account_id: int
    points: int

    def __post_init__(self) -> None:
        assert 0 < self.points <= POINTS_MAX, "something is held, and an entry can hold it"


@dataclass(frozen=True, slots=True)
class Spending:
    """A hold that becomes an entry in favour of ``contra``; ``ref`` is the redemption."""

    account_id: int
    points: int
    contra: int
    ref: UUID


async def hold_many(tx: Tx, *, holds: Sequence[Hold], unit: int = POINTS) -> list[bool]:
    """Set points aside where there are enough; of one account in the order given.

    Args:
        tx: the caller's transaction.
        holds: any number, an account as often as it likes.
        unit: what is held.

    Returns:
        For each whether it is held now; False where too few points were available.

    """
    people = {each.account_id for each in holds}
    await lock_accounts(tx, account_ids=people, unit=unit, makes=False)
    found = await standings(tx, account_ids=people, unit=unit)
    left = {who: standing.available for who, standing in found.items()}
    held, answers = dict.fromkeys(people, 0), []
    for each in holds:
        enough = each.points <= left[each.account_id]
        answers.append(enough)
        if enough:
            left[each.account_id] -= each.points
            held[each.account_id] += each.points
    await _change(tx, {who: points for who, points in held.items() if points}, unit)
    return answers


async def release_many(tx: Tx, *, holds: Sequence[Hold], unit: int = POINTS) -> None:
    """Give held points back; they return to the very lots they came from.

    Args:
        tx: the caller's transaction, in which the holds' owners were closed.
        holds: as many points as were held, an account as often as it likes.
        unit: what was held.

    """
    people = {each.account_id for each in holds}
    await lock_accounts(tx, account_ids=people, unit=unit, makes=False)
    held = dict.fromkeys(people, 0)
    for each in holds:
        held[each.account_id] -= each.points
    await _change(tx, held, unit)


async def spend_many(
    tx: Tx, *, spendings: Sequence[Spending], now: datetime, unit: int = POINTS
) -> None:
    """Turn holds into entries.

    Args:
        tx: the caller's transaction, in which the redemptions were closed.
        spendings: at most `post.MOVES_MAX`, each as many points as were held for its ref.
        now: when (UTC).
        unit: what was held.

    """
    people = {each.account_id for each in spendings}
    await lock_accounts(tx, account_ids=people, unit=unit, makes=False)
    moves = [
        Move(
            each.account_id,
            Kind.redeem,
            each.contra,
            each.ref,
            now,
            consumed=each.points,
            held=-each.points,
        )
        for each in spendings
    ]
    await post(tx, moves=moves, unit=unit, now=now)


async def _change(tx: Tx, held: Mapping[int, int], unit: int) -> None:
    if not held:
        return
    arguments = {"accounts": list(held), "points": list(held.values()), "unit": unit}
    changed = await tx.execute(_CHANGE, arguments)
    assert changed.rowcount == len(held), "what was locked and read, or was held, is there"


_CHANGE = """
UPDATE balance b SET held = b.held + t.points
  FROM unnest(%(accounts)b::bigint[], %(points)b::bigint[]) AS t (a, points)
 WHERE b.bucket = (a %% 1024)::smallint AND b.account_id = a AND b.unit = %(unit)s
   AND b.held + t.points >= 0 AND b.earned - b.consumed - b.held - t.points >= 0
"""
