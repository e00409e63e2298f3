"""Use case: a merchant says whether its coupons rotate, all of them or those of one offer.

An offer's own switch wins over the merchant's; without either, codes do not rotate.
"""

from datetime import datetime
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.rewards import rules


async def switch(
    tx: Tx,
    *,
    merchant_id: UUID,
    offer_id: UUID | None,
    rotating: bool,
    actor: str,
    now: datetime,
) -> None:
    """Switch rotating codes on or off; coupons that are out change with it.

    Args:
        tx: the caller's transaction.
        merchant_id: whose.
        offer_id: for this offer; None: for all of the merchant's that say nothing else.
        rotating: whether a till needs the live code.
        actor: who, for the audit.
        now: when (UTC).

    Raises:
        OfferNotFound: the merchant has no such offer.

    """
    if offer_id is not None:
        known = await (await tx.execute(_OWN, (offer_id, merchant_id))).fetchone()
        if known is None:
            raise rules.no_such_offer()
    arguments = {
        "subject": offer_id or merchant_id,
        "merchant_id": merchant_id,
        "rotating": rotating,
        "actor": actor,
        "now": now,
    }
    await tx.execute(_SWITCH, arguments)
    await record(
        tx,
        actor=actor,
        action="rewards.switch_rotating",
        subject=f"offer:{offer_id}" if offer_id else f"merchant:{merchant_id}",
        facts={"rotating": int(rotating)},
        now=now,
    )


_OWN = "SELECT FROM offer WHERE id = %s AND merchant_id = %s"
_SWITCH = """
INSERT INTO rotating_rule (subject, merchant_id, rotating, actor, set_at)
VALUES (%(subject)s, %(merchant_id)s, %(rotating)s, %(actor)s, %(now)s)
ON CONFLICT (subject) DO UPDATE SET rotating = EXCLUDED.rotating, actor = EXCLUDED.actor,
  set_at = EXCLUDED.set_at
"""
