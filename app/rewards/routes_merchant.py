"""Coupons, as a merchant's till sees them."""

from fastapi import APIRouter, Depends, Request

from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.pages import BadCursor, Cursor, Limit
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentMerchant, Documented, MerchantTx
from app.problems import document, in_english
from app.rewards import cursors, scans
from app.rewards.errors import (
    CouponNotFound,
    CouponNotOpen,
    CouponUnreadable,
    OrderNumberUsed,
)
from app.rewards.scan import scan
from app.rewards.schemas import ScanCoupon, ScanPage, ScanView

router = APIRouter(prefix="/merchant", tags=["rewards"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


async def _within_limit(request: Request, merchant: CurrentMerchant) -> None:
    """Counted before a connection is taken; it also bounds how many codes can be guessed at."""
    per_minute = request.app.state.settings.limits.merchant_scans_per_minute
    await request.app.state.cache.allow(f"merchant:{merchant.id}", per_minute=per_minute)


@router.post(
    "/coupons/redeem",
    dependencies=[Depends(_within_limit)],
    responses=document(
        *_SIGN_IN,
        CouponUnreadable,
        CouponNotFound,
        CouponNotOpen,
        OrderNumberUsed,
        TooManyRequests,
    ),
)
async def scan_coupon(
    request: Request, body: ScanCoupon, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> ScanView:
    """Take a coupon; hand the goods over when this is answered. Repeating it is safe."""
    scanned = await scan(
        tx, merchant_id=merchant.id, order_no=body.order_no, coupon=body.coupon, now=now
    )
    return ScanView.of(scanned, english=in_english(request))


@router.get("/scans", responses=document(*_SIGN_IN, BadCursor))
async def list_scans(
    *,
    request: Request,
    merchant: CurrentMerchant,
    tx: MerchantTx,
    now: Now,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ScanPage:
    """What your tills have taken today, the newest first."""
    found = await scans.page(
        tx,
        merchant_id=merchant.id,
        since=scans.day_start(now),
        before=cursors.moment_in(cursor),
        limit=limit + 1,
    )
    page = found[:limit]
    more = len(found) > limit
    return ScanPage(
        items=[ScanView.of(each, english=in_english(request)) for each in page],
        next_cursor=cursors.cursor_at(page[-1].scanned_at, page[-1].order_no) if more else None,
    )
