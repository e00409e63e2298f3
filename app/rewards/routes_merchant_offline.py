"""A till that had no network hands in what it took; what was not honoured is listed."""

import hashlib
import hmac
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request

from app.cache import TooManyRequests
from app.clock import Now
from app.database import Tx, WriteTx
from app.merchants import batch_keys
from app.merchants.errors import MerchantSuspended
from app.pages import BadCursor, Cursor, Limit, cursor_of
from app.people.guards import Cashiers, CurrentMerchant, Documented, Everybody, MerchantTx
from app.problems import document
from app.rewards import cursors, offline, offline_read
from app.rewards.errors import BatchIdUsed, BatchSignatureWrong, TillOnly
from app.rewards.offline import Batch
from app.rewards.offline_schemas import ConflictPage, ConflictView, OfflineBatchIn, OfflineBatchView
from app.rewards.till_guard import SIGN_IN, WithinLimit, desk_of

router = APIRouter(prefix="/merchant", tags=["rewards"], dependencies=[Documented])

Signature = Annotated[
    str,
    Header(
        pattern="^[0-9a-f]{64}$",
        description="HMAC-SHA256 of the body's bytes in hexadecimal. Its key is the HMAC-SHA256 of"
        " `puhui offline batch 1` under the SHA-256 of `puhui till ` and the first 26 symbols of"
        " the till's key (behind `till_`).",
    ),
]


@router.post(
    "/offline-batches",
    dependencies=[Cashiers, WithinLimit],
    responses=document(
        *SIGN_IN, TillOnly, BatchSignatureWrong, BatchIdUsed, MerchantSuspended, TooManyRequests
    ),
)
async def take_offline_batch(
    *,
    request: Request,
    body: OfflineBatchIn,
    merchant: CurrentMerchant,
    tx: WriteTx,
    now: Now,
    batch_signature: Signature,
) -> OfflineBatchView:
    """Settle what a till took without network; each coupon is told what became of it."""
    raw = await request.body()
    till_id = merchant.seat.till_id
    if till_id is None or merchant.seat.key_id is None:
        raise TillOnly(
            "Sign in with a till's key to hand in a batch.", "请使用收银终端密钥登录后上传批次。"
        )
    await _ensure_signed(tx, merchant.seat.key_id, raw, batch_signature)
    items = [
        offline.read_item(
            place=place,
            order_no=each.order_no,
            accepted_at=each.accepted_at,
            coupon=each.coupon,
        )
        for place, each in enumerate(body.items)
    ]
    outcomes = await offline.take_batch(
        tx,
        merchant_id=merchant.id,
        batch=Batch(body.batch_id, till_id, hashlib.sha256(raw).digest(), items),
        desk=desk_of(merchant),
        coupon_key=request.app.state.keys.coupon,
        now=now,
    )
    return OfflineBatchView.of(body.batch_id, outcomes)


@router.get("/offline-conflicts", dependencies=[Everybody], responses=document(*SIGN_IN, BadCursor))
async def list_conflicts(
    *, merchant: CurrentMerchant, tx: MerchantTx, limit: Limit = 20, cursor: Cursor = None
) -> ConflictPage:
    """Coupons that your tills took without network and that were not honoured."""
    found = await offline_read.conflicts(
        tx, merchant_id=merchant.id, before=cursors.id_in(cursor), limit=limit + 1
    )
    page = found[:limit]
    return ConflictPage(
        items=[ConflictView.of(each) for each in page],
        next_cursor=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )


async def _ensure_signed(tx: Tx, key_id: UUID, raw: bytes, signature: str) -> None:
    key = await batch_keys.key_of(tx, key_id=key_id)
    if not hmac.compare_digest(batch_keys.signature(key, raw), signature):
        raise BatchSignatureWrong(
            "The signature is not this till's for these bytes.", "签名与上传内容或终端不符。"
        )
