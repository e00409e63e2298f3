"""The part of a sale that moves points: holds of locked coupons become the merchant's.

Used by the till that is asked now, and by the batch of a till that had no network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.ledger import hold
from app.ledger.hold_many import Spending, spend_many
from app.rewards import rotating
from app.rewards.coupons_found import Found
from app.rewards.coupons_rules import Desk
from app.rewards.errors import OrderNumberUsed
from app.rewards.tables import RedemptionState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """A coupon that may be spent now; ``step`` is the half minute of a live code."""

    order_no: str
    found: Found
    step: int | None


async def spend(
    tx: Tx,
    *,
    merchant_id: UUID,
    taken: Sequence[Taken],
    now: datetime,
    desk: Desk,
    offline: bool = False,
) -> None:
    """Turn the holds of locked coupons into what the merchant is owed.

    Balances in key order first, then order numbers in theirs: the house's lock order.

    Raises:
        OrderNumberUsed: another till of the merchant used a number while we looked.
        CodeStale: the live code took the coupon before.

    """
    refs = {each.found.id: None if each.found.undone == 0 else new_id() for each in taken}
    await _spend_points(tx, taken, refs, now)
    for each in sorted(taken, key=lambda one: one.order_no):
        found = each.found
        arguments = {
            "merchant_id": merchant_id,
            "order_no": each.order_no,
            "bucket": found.bucket,
            "account_id": found.account_id,
            "id": found.id,
            "points": found.points,
            "cycle": found.undone + 1,
            "entry_ref": refs[found.id],
            "store_id": desk.store_id,
            "actor": desk.actor,
            "offline": offline,
            "spent": RedemptionState.spent.value,
            "now": now,
            "step": each.step,
        }
        if (await tx.execute(_SPEND, arguments)).rowcount == 0:
            raise other_coupon(each.order_no)
        if each.step is not None and (await tx.execute(_USE_STEP, arguments)).rowcount == 0:
            raise rotating.stale()
        log.info("coupon_spent", redemption_id=str(found.id), points=found.points, offline=offline)


async def _spend_points(
    tx: Tx, taken: Sequence[Taken], refs: Mapping[UUID, UUID | None], now: datetime
) -> None:
    """One statement for a coupon; for a whole counter's two for each unit, however many."""
    if len(taken) == 1:
        [one] = taken
        await hold.spend(
            tx,
            account_id=one.found.account_id,
            points=one.found.points,
            contra=one.found.contra,
            ref=refs[one.found.id] or one.found.id,
            now=now,
            unit=one.found.unit,
        )
        return
    for unit in sorted({each.found.unit for each in taken}):
        spendings = [
            Spending(found.account_id, found.points, found.contra, refs[found.id] or found.id)
            for found in (each.found for each in taken)
            if found.unit == unit
        ]
        await spend_many(tx, spendings=spendings, now=now, unit=unit)


def other_coupon(order_no: str) -> OrderNumberUsed:
    """The refusal of a number that stands for another coupon."""
    return OrderNumberUsed(
        "This order number was used for another coupon; give each coupon its own.",
        "该订单号已用于其他券码,请为每张券使用不同的订单号。",
        order_no=order_no,
    )


# The order number is claimed first; a twin with another coupon waits there for our commit, and
# then changes nothing.
_SPEND = """
WITH claimed AS (
  INSERT INTO scan (merchant_id, order_no, bucket, account_id, redemption_id, points, scanned_at,
                    cycle, entry_ref, store_id, actor, offline)
  VALUES (%(merchant_id)s, %(order_no)s, %(bucket)s, %(account_id)s, %(id)s, %(points)s, %(now)s,
          %(cycle)s, %(entry_ref)s, %(store_id)s, %(actor)s, %(offline)s)
  ON CONFLICT (merchant_id, order_no) DO NOTHING
  RETURNING bucket, account_id, redemption_id
)
UPDATE redemption r SET state = %(spent)s, resolved_at = %(now)s
  FROM claimed c
 WHERE r.bucket = c.bucket AND r.account_id = c.account_id AND r.id = c.redemption_id
"""
_USE_STEP = """
INSERT INTO rotating_use (bucket, redemption_id, step, used_at)
VALUES (%(bucket)s, %(id)s, %(step)s, %(now)s) ON CONFLICT DO NOTHING
"""
