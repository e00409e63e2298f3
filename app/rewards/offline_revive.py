"""The part of an offline batch that takes holds again which ran out after the till took them.

What a claim took, taken once more: points, uses, budgets, a unit. Rows are locked in the house's
order before any is changed; what cannot be had is refused for that coupon alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import psycopg
import structlog

from app.database import Tx, savepoint
from app.ledger import hold
from app.ledger.errors import InsufficientPoints
from app.rewards import release_units
from app.rewards.coupons_found import Found
from app.rewards.offers_errors import FundingSpent
from app.rewards.offline_judge import Reason
from app.rewards.release_units import Resolved
from app.rewards.tables import RedemptionState

log = structlog.get_logger()

_REFUSALS = {
    "PT429": Reason.limit_reached,
    "PT410": Reason.sold_out,
    "PT404": Reason.withdrawn,
}


async def revive(tx: Tx, *, coupons: Sequence[Found], now: datetime) -> Mapping[UUID, Reason]:
    """Hold the coupons again, each that can be; for the others the reason.

    Args:
        tx: the caller's transaction, which has locked redemptions and balances.
        coupons: expired ones, each once.
        now: when (UTC).

    """
    if not coupons:
        return {}
    resolved = [
        Resolved(
            each.account_id,
            each.id,
            each.offer_id,
            each.unit,
            each.points,
            each.slot,
            each.household,
            each.device,
            each.created_at,
        )
        for each in coupons
    ]
    await release_units.lock_uses(tx, resolved=resolved)
    offers = {"offers": sorted({each.offer_id for each in coupons})}
    await tx.execute(_LOCK_FUNDING, offers)
    await tx.execute(_LOCK_STOCK, offers)
    refused: dict[UUID, Reason] = {}
    for each in coupons:
        try:
            async with savepoint(tx):
                await _hold_again(tx, each)
        except InsufficientPoints:
            refused[each.id] = Reason.points_gone
        except FundingSpent:
            refused[each.id] = Reason.budget_spent
        except psycopg.Error as error:
            reason = _REFUSALS.get(error.sqlstate or "")
            if reason is None:
                raise
            refused[each.id] = reason
        else:
            log.info("hold_revived", redemption_id=str(each.id), points=each.points)
    return refused


async def _hold_again(tx: Tx, found: Found) -> None:
    await hold.hold(tx, account_id=found.account_id, points=found.points, unit=found.unit)
    arguments = {
        "bucket": found.bucket,
        "account_id": found.account_id,
        "id": found.id,
        "offer_id": found.offer_id,
        "household": found.household,
        "device": found.device,
        "created_at": found.created_at,
        "slot": found.slot,
        "held": RedemptionState.held.value,
        "expired": RedemptionState.expired.value,
    }
    await tx.execute(_COUNT_USES, arguments)
    drawn = await (await tx.execute(_DRAW, arguments)).fetchall()
    if not all(enough for (enough,) in drawn):
        raise FundingSpent("Its budget is used up.", "补贴预算已用完。")
    changed = await tx.execute(_REOPEN, arguments)
    assert changed.rowcount == 1, "an expired coupon that is locked stays expired"


_LOCK_FUNDING = """
SELECT count(*) FROM (
  SELECT 1 FROM funding_slot s
   WHERE s.budget_id IN (SELECT f.budget_id FROM offer_funding f
                          WHERE f.offer_id = ANY (%(offers)b::uuid[]) AND f.budget_id IS NOT NULL)
   ORDER BY s.budget_id, s.slot FOR UPDATE) AS locked
"""
_LOCK_STOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM offer_stock s WHERE s.offer_id = ANY (%(offers)b::uuid[])
   ORDER BY s.offer_id, s.slot FOR UPDATE) AS locked
"""
# What the household's people claimed before they joined was looked at when it was claimed.
_COUNT_USES = """
SELECT count_uses(o.id, o.per_citizen, o.limits, %(account_id)s, %(household)s, %(device)s,
                  (%(created_at)s::timestamptz AT TIME ZONE programme_zone())::date, '{}')
  FROM offer o WHERE o.id = %(offer_id)s
"""
_DRAW = """
SELECT draw_funding(f.budget_id, f.fen, %(bucket)s)
  FROM (SELECT budget_id, fen FROM offer_funding
         WHERE offer_id = %(offer_id)s AND budget_id IS NOT NULL AND fen > 0
         ORDER BY budget_id) AS f
"""

# The unit comes out of the pool that the first one came from.
_REOPEN = """
UPDATE redemption SET state = %(held)s, resolved_at = NULL,
       slot = take_unit(%(offer_id)s,
                        (SELECT pool FROM offer_stock
                          WHERE offer_id = %(offer_id)s AND slot = %(slot)s), %(bucket)s)
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND id = %(id)s
   AND state = %(expired)s
"""
