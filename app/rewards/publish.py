"""Use case: a draft becomes an offer everybody can see. It needs two officers.

`app.main` wires `apply` in as what a ``rewards.publish`` proposal does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.database import Tx
from app.merchants import directory
from app.rewards import offers_stores, rules
from app.rewards.errors import OfferNotDraft, OfferUnsound
from app.rewards.tables import OfferState

log = structlog.get_logger()


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Publish the draft that the proposal names; from now on only its state changes.

    Args:
        tx: the transaction of the approval.
        payload: ``{"offer_id": "<uuid>"}``.
        now: when (UTC).

    Raises:
        OfferNotFound: there is no such offer, or its period has ended.
        OfferNotDraft: it was published or taken back before.
        OfferUnsound: nobody could enter its draw any more, or it is bound to what is no open
            store of its merchant.
        MerchantSuspended: who gives it may not at present.

    """
    try:
        offer_id = UUID(str(payload.get("offer_id")))
    except ValueError as error:
        raise rules.no_such_offer() from error
    row = await (await tx.execute(_LOCK, (offer_id,))).fetchone()
    if row is None or row[1] <= now:
        raise rules.no_such_offer()
    if row[0] == OfferState.withdrawn:
        raise OfferNotDraft(
            "This offer was taken back; draft it anew to publish it.",
            "该商品已下架,如需发布请重新录入。",
        )
    if row[0] != OfferState.draft:
        raise OfferNotDraft("This offer has been published before.", "该商品此前已发布。")
    if row[3] is not None and row[3] <= now:
        raise OfferUnsound(
            "`draws_at` has passed: nobody could enter this draw. Draft it anew.",
            "抽签登记截止时间 draws_at 已过,无人可再登记,请重新拟定。",
            field="draws_at",
        )
    await directory.ensure_active(tx, merchant_id=row[2])
    # A store may have closed, or a draft been written, before anybody looked.
    await offers_stores.ensure_own(tx, merchant_id=row[2], store_ids=row[4])
    await tx.execute(_PUBLISH, (OfferState.published.value, offer_id))
    log.info("offer_published", offer_id=str(offer_id))


_LOCK = """
SELECT state, closes_at, merchant_id, draws_at, store_ids FROM offer WHERE id = %s FOR UPDATE
"""
_PUBLISH = "UPDATE offer SET state = %s WHERE id = %s"
