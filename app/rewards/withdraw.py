"""Use case: an offer is taken back, and whoever holds an unused coupon is made whole.

The stock is closed under its locks: a claim that waited there finds nothing, and one that was
first is found by the job that follows. What was spent stays spent.
"""

from datetime import datetime
from uuid import UUID

import structlog

from app import jobs
from app.audit.record import record
from app.database import Tx
from app.ids import bucket_of
from app.rewards import rules
from app.rewards.offers_errors import OfferWithdrawn
from app.rewards.tables import OfferState

log = structlog.get_logger()

TASK = "make_whole"
"""The job that gives everything back."""


async def withdraw(
    tx: Tx,
    *,
    offer_id: UUID,
    merchant_id: UUID | None,
    actor: str,
    reason_zh: str,
    reason_en: str,
    now: datetime,
) -> None:
    """Close an offer at once and promise that its holders are made whole.

    Args:
        tx: the caller's transaction; no commit, no promise.
        offer_id: which.
        merchant_id: whose it must be; None: an officer may take back anybody's.
        actor: who, for the audit: ``officer:<id>`` or ``merchant:<id>``.
        reason_zh: why, for the citizens who held one; at most 300 characters.
        reason_en: the same in English.
        now: when (UTC).

    Raises:
        OfferNotFound: there is none, or it is another merchant's.
        OfferWithdrawn: it was taken back before.

    """
    row = await (await tx.execute(_LOCK, (offer_id,))).fetchone()
    if row is None or (merchant_id is not None and row[1] != merchant_id):
        raise rules.no_such_offer()
    if row[0] == OfferState.withdrawn:
        raise OfferWithdrawn("This offer was taken back before.", "该商品此前已下架。")
    await tx.execute(_WITHDRAW, (OfferState.withdrawn.value, offer_id))
    await tx.execute(_LOCK_STOCK, (offer_id,))
    await tx.execute(_CLOSE, (offer_id,))
    await tx.execute(_NOTE, (offer_id, actor, reason_zh, reason_en, now))
    await record(tx, actor=actor, action="rewards.withdraw", subject=f"offer:{offer_id}", now=now)
    await jobs.later(tx, task=TASK, offer_id=str(offer_id))
    log.info("offer_withdrawn", offer_id=str(offer_id))


async def subjects(tx: Tx, *, account_id: int, limit: int) -> list[str]:
    """What audit records call the offers that were taken back while a citizen held one."""
    facts = {"bucket": bucket_of(account_id), "account": account_id, "limit": limit}
    return [f"offer:{number}" async for (number,) in await tx.execute(_SUBJECTS, facts)]


_LOCK = "SELECT state, merchant_id FROM offer WHERE id = %s FOR UPDATE"
_WITHDRAW = "UPDATE offer SET state = %s WHERE id = %s"
_LOCK_STOCK = "SELECT 1 FROM offer_stock WHERE offer_id = %s ORDER BY slot FOR UPDATE"
_CLOSE = "UPDATE offer_stock SET open = false WHERE offer_id = %s"
_NOTE = """
INSERT INTO offer_withdrawal (offer_id, actor, reason_zh, reason_en, released, points, made_at)
VALUES (%s, %s, %s, %s, 0, 0, %s)
"""
_SUBJECTS = """
SELECT DISTINCT w.offer_id FROM redemption r JOIN offer_withdrawal w ON w.offer_id = r.offer_id
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account)s
   AND (r.resolved_at IS NULL OR r.resolved_at >= w.made_at)
 ORDER BY w.offer_id DESC LIMIT %(limit)s
"""
