"""Use case: give points back that were spent, in part or whole, once or in several steps.

They go back to the places on the axis from which they were spent last, so never into a lot that
ends earlier than the one they came from. Points whose last day has passed meanwhile expire with
the next sweep, as they would have without the purchase.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger import causes
from app.ledger.causes import Recorded
from app.ledger.errors import RefundTooLarge
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX


@dataclass(frozen=True, slots=True)
class Refund:
    """``points`` back of what was spent under ``spent_ref``; ``ref`` is the refund's own id."""

    account_id: int
    points: int
    spent_ref: UUID
    ref: UUID
    happened_at: datetime

    def __post_init__(self) -> None:
        assert 0 < self.points <= POINTS_MAX, "something is given back, and an entry can hold it"


async def refund(
    tx: Tx, *, refunds: Sequence[Refund], now: datetime, unit: int = POINTS
) -> list[bool]:
    """Book any number of refunds; the number of statements does not depend on it.

    How much may be given back is read from the account's own entries, under its lock: what was
    spent under that ref, less what was refunded of it.

    Args:
        tx: the caller's transaction, in which the causes of the refunds are recorded.
        refunds: at most `post.MOVES_MAX`, with distinct refs.
        now: when we book (UTC).
        unit: what was spent.

    Returns:
        For each refund whether it was booked now; False for one that was booked before.

    Raises:
        RefundTooLarge: one of them is more than what is left; none is booked.

    """
    if not refunds:
        return []
    keys = [(each.account_id, each.ref) for each in refunds]
    assert len(set(keys)) == len(keys), "each refund has an id of its own"
    await lock_accounts(tx, account_ids=(account_id for account_id, _ in keys), unit=unit)
    before = await causes.known(tx, keys=keys, kind=Kind.refund, unit=unit)
    fresh = [each for each in refunds if (each.account_id, each.ref) not in before]
    receivers = await _receivers(tx, fresh, unit)
    moves, recorded = [], []
    for each in fresh:
        receiver = receivers[each.account_id, each.spent_ref]
        moves.append(
            Move(
                each.account_id,
                Kind.refund,
                receiver,
                each.ref,
                each.happened_at,
                consumed=-each.points,
            )
        )
        recorded.append(
            Recorded(
                each.account_id, each.ref, each.spent_ref, each.points, each.points, 0, 0, receiver
            )
        )
    await causes.record(tx, causes=recorded, kind=Kind.refund, unit=unit, now=now)
    await post(tx, moves=moves, unit=unit, now=now)
    return [key not in before for key in keys]


async def _receivers(tx: Tx, refunds: Collection[Refund], unit: int) -> dict[tuple[int, UUID], int]:
    """Who received the points of each purchase; refuses when less than is asked for is left."""
    wanted: dict[tuple[int, UUID], int] = {}
    for each in refunds:
        key = (each.account_id, each.spent_ref)
        wanted[key] = wanted.get(key, 0) + each.points
    arguments = {
        "accounts": [account_id for account_id, _ in wanted],
        "refs": [ref for _, ref in wanted],
        "unit": unit,
        "redeem": Kind.redeem.value,
        "refund": Kind.refund.value,
    }
    receivers, left = {}, dict.fromkeys(wanted, 0)
    async for account_id, ref, receiver, spent, refunded in await tx.execute(_SPENT, arguments):
        receivers[account_id, ref] = receiver
        left[account_id, ref] = spent - refunded
    for key, points in wanted.items():
        if points > left[key]:
            raise RefundTooLarge(
                f"{points} points cannot be given back: {left[key]} are left of what was spent.",
                f"无法退回 {points} 积分:该笔消费可退回的积分为 {left[key]}。",
                wanted=points,
                left=left[key],
            )
    return receivers


# The key of entries leads with the account: one range of one account's entries for each refund.
_SPENT = """
SELECT t.a, t.ref, e.contra, e.spent, r.refunded
  FROM unnest(%(accounts)b::bigint[], %(refs)b::uuid[]) AS t (a, ref)
  JOIN LATERAL (SELECT min(contra) AS contra, -sum(amount) AS spent FROM entry
                 WHERE account_id = t.a AND unit = %(unit)s AND bucket = (t.a %% 1024)::smallint
                   AND kind = %(redeem)s AND ref = t.ref) AS e ON e.spent > 0
  JOIN LATERAL (SELECT coalesce(sum(points), 0) AS refunded FROM cause
                 WHERE bucket = (t.a %% 1024)::smallint AND account_id = t.a AND unit = %(unit)s
                   AND kind = %(refund)s AND of_ref = t.ref) AS r ON true
"""
