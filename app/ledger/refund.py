"""Use case: give points back that were spent, in part or whole, once or in several steps.

They go back to the places on the axis from which they were spent last, so never into a lot that
ends earlier than the one they came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger.locking import lock_accounts
from app.ledger.tables import Kind
from app.ledger.units import POINTS


@dataclass(frozen=True, slots=True)
class Refund:
    """``points`` back of what was spent under ``spent_ref``; ``ref`` is the refund's own id."""

    account_id: int
    points: int
    spent_ref: UUID
    ref: UUID
    happened_at: datetime

    def __post_init__(self) -> None:
        assert self.points > 0, "something is given back"


async def refund(
    tx: Tx, *, refunds: Sequence[Refund], now: datetime, unit: int = POINTS
) -> list[bool]:
    """Book refunds, each from whoever received the points.

    Args:
        tx: the caller's transaction, in which the causes of the refunds are recorded; how much
            may be given back is guarded there.
        refunds: with distinct refs.
        now: when we book (UTC).
        unit: what was spent.

    Returns:
        For each refund whether it was booked now; False for one that was booked before.

    """
    await lock_accounts(tx, account_ids=[each.account_id for each in refunds])
    booked = []
    for each in refunds:
        arguments = {
            "account_id": each.account_id,
            "points": each.points,
            "spent_ref": each.spent_ref,
            "ref": each.ref,
            "happened_at": each.happened_at,
            "now": now,
            "unit": unit,
            "redeem": Kind.redeem.value,
            "refund": Kind.refund.value,
        }
        booked.append((await tx.execute(_REFUND, arguments)).rowcount == 1)
    return booked


_REFUND = """
WITH spent AS (
  SELECT contra FROM entry
   WHERE bucket = (%(account_id)s %% 1024)::smallint AND account_id = %(account_id)s
     AND unit = %(unit)s AND kind = %(redeem)s AND ref = %(spent_ref)s
     AND NOT EXISTS (
       SELECT FROM entry r
        WHERE r.bucket = (%(account_id)s %% 1024)::smallint AND r.account_id = %(account_id)s
          AND r.unit = %(unit)s AND r.kind = %(refund)s AND r.ref = %(ref)s)
), head AS (
  UPDATE balance b SET consumed = b.consumed - %(points)s, last_seq = b.last_seq + 1,
         last_posted_at = greatest(%(now)s, b.last_posted_at + interval '1 microsecond')
    FROM spent
   WHERE b.bucket = (%(account_id)s %% 1024)::smallint AND b.account_id = %(account_id)s
     AND b.unit = %(unit)s
  RETURNING b.*, spent.contra
)
INSERT INTO entry (bucket, account_id, unit, seq, kind, amount, contra, ref,
                   earned_after, consumed_after, effective_at, posted_at)
SELECT bucket, account_id, unit, last_seq, %(refund)s, %(points)s, contra, %(ref)s,
       earned, consumed, %(happened_at)s, last_posted_at
  FROM head
"""
