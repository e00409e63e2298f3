"""Use case: write an offer down; it is seen by nobody before it is published."""

from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.merchants import directory
from app.rewards import rules
from app.rewards.tables import OfferState

log = structlog.get_logger()


async def draft_offer(
    tx: Tx,
    *,
    merchant_id: UUID,
    contra: int,
    title_zh: str,
    title_en: str,
    points: int,
    stock: int,
    per_citizen: int,
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
) -> UUID:
    """Write a draft and its stock.

    Args:
        tx: the caller's transaction.
        merchant_id: who gives it.
        contra: the merchant's counter-account, which is paid when a coupon is spent.
        title_zh: what it is, at most 80 characters.
        title_en: the same in English.
        points: the price of one unit.
        stock: how many units there are.
        per_citizen: how many units one citizen may hold or spend.
        opens_at: from when it can be claimed (UTC).
        closes_at: until when, and until when coupons can be used (UTC).
        now: when (UTC).

    Returns:
        The offer's id.

    Raises:
        OfferUnsound: a number, title or period makes no sense.
        MerchantNotFound: there is no such merchant.

    """
    rules.ensure_sound(
        title_zh=title_zh,
        title_en=title_en,
        points=points,
        stock=stock,
        per_citizen=per_citizen,
        opens_at=opens_at,
        closes_at=closes_at,
    )
    merchant = await directory.by_id(tx, merchant_id=merchant_id)
    assert merchant.contra == contra, "the counter-account is the merchant's own"
    offer_id = new_id()
    await tx.execute(
        _DRAFT,
        {
            "id": offer_id,
            "merchant_id": merchant_id,
            "contra": contra,
            "title_zh": title_zh,
            "title_en": title_en,
            "points": points,
            "stock": stock,
            "per_citizen": per_citizen,
            "state": OfferState.draft.value,
            "opens_at": opens_at,
            "closes_at": closes_at,
            "now": now,
        },
    )
    log.info("offer_drafted", offer_id=str(offer_id), points=points, stock=stock)
    return offer_id


_DRAFT = """
WITH drafted AS (
  INSERT INTO offer (id, merchant_id, contra, title_zh, title_en, points, per_citizen, state,
                     opens_at, closes_at, created_at)
  VALUES (%(id)s, %(merchant_id)s, %(contra)s, %(title_zh)s, %(title_en)s, %(points)s,
          %(per_citizen)s, %(state)s, %(opens_at)s, %(closes_at)s, %(now)s)
)
INSERT INTO offer_stock (offer_id, remaining, initial) VALUES (%(id)s, %(stock)s, %(stock)s)
"""
