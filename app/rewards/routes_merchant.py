"""Coupons, as a merchant's till sees them: ask, take, and what was taken today."""

from fastapi import APIRouter, Request

from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.merchants.errors import MerchantSuspended
from app.pages import BadCursor, Cursor, Limit
from app.people.guards import Cashiers, CurrentMerchant, Documented, Everybody, MerchantTx
from app.problems import document, in_english
from app.rewards import cursors, scans
from app.rewards.coupons_present import present
from app.rewards.errors import (
    CodeStale,
    CouponAtOtherTill,
    CouponElsewhere,
    CouponMistyped,
    CouponNotFound,
    CouponNotOpen,
    CouponUnreadable,
    LiveCodeNeeded,
    MerchantCodeInstead,
    OrderNumberUsed,
    SaleRepeated,
    SaleUndone,
)
from app.rewards.scan import scan, scan_many
from app.rewards.schemas_merchant import (
    PresentCoupon,
    PresentedView,
    ScanCoupon,
    ScanCoupons,
    ScanView,
    ScanViews,
    SoldPage,
    SoldView,
    TotalsView,
)
from app.rewards.till_guard import SIGN_IN, WithinLimit, desk_of

router = APIRouter(prefix="/merchant", tags=["rewards"], dependencies=[Documented])

_CODE = (
    CouponUnreadable,
    CouponMistyped,
    CouponNotFound,
    CouponElsewhere,
    CouponAtOtherTill,
    LiveCodeNeeded,
    CodeStale,
    MerchantCodeInstead,
    MerchantSuspended,
    TooManyRequests,
)


@router.post(
    "/coupons/present",
    dependencies=[Cashiers, WithinLimit],
    responses=document(*SIGN_IN, *_CODE),
)
async def present_coupon(
    request: Request, body: PresentCoupon, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> PresentedView:
    """What a coupon is, and whether you may take it; for a minute no other till can."""
    found = await present(
        tx,
        merchant_id=merchant.id,
        coupon=body.coupon,
        desk=desk_of(merchant),
        coupon_key=request.app.state.keys.coupon,
        now=now,
    )
    return PresentedView.of(found, english=in_english(request))


@router.post(
    "/coupons/redeem",
    dependencies=[Cashiers, WithinLimit],
    responses=document(*SIGN_IN, *_CODE, CouponNotOpen, OrderNumberUsed, SaleUndone),
)
async def scan_coupon(
    request: Request, body: ScanCoupon, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> ScanView:
    """Take a coupon; hand the goods over when this is answered. Repeating it is safe."""
    scanned = await scan(
        tx,
        merchant_id=merchant.id,
        order_no=body.order_no,
        coupon=body.coupon,
        now=now,
        desk=desk_of(merchant),
        coupon_key=request.app.state.keys.coupon,
    )
    request.app.state.cache.wake()
    return ScanView.of(scanned, english=in_english(request))


@router.post(
    "/coupons/redeem-all",
    dependencies=[Cashiers, WithinLimit],
    responses=document(*SIGN_IN, *_CODE, CouponNotOpen, OrderNumberUsed, SaleUndone, SaleRepeated),
)
async def scan_coupons(
    request: Request, body: ScanCoupons, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> ScanViews:
    """Take several coupons: all, or, if one is refused, none. Repeating it is safe."""
    scanned = await scan_many(
        tx,
        merchant_id=merchant.id,
        sales=[each.sale() for each in body.sales],
        now=now,
        desk=desk_of(merchant),
        coupon_key=request.app.state.keys.coupon,
    )
    english = in_english(request)
    return ScanViews(sales=[ScanView.of(each, english=english) for each in scanned])


@router.get("/scans", dependencies=[Everybody], responses=document(*SIGN_IN, BadCursor))
async def list_scans(
    *,
    request: Request,
    merchant: CurrentMerchant,
    tx: MerchantTx,
    now: Now,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> SoldPage:
    """What your tills have taken today, the newest first; a till sees its own store's."""
    found = await scans.page(
        tx,
        merchant_id=merchant.id,
        since=await scans.day_start(tx, now=now),
        before=cursors.moment_in(cursor),
        limit=limit + 1,
        store_id=merchant.seat.store_id,
    )
    page = found[:limit]
    more = len(found) > limit
    return SoldPage(
        items=[SoldView.of_sold(each, english=in_english(request)) for each in page],
        next_cursor=cursors.cursor_at(page[-1].scanned_at, page[-1].order_no) if more else None,
    )


@router.get("/scans/today", dependencies=[Everybody], responses=document(*SIGN_IN))
async def show_totals(merchant: CurrentMerchant, tx: MerchantTx, now: Now) -> TotalsView:
    """Your day so far in numbers; a till sees its own store's."""
    totals = await scans.totals(
        tx, merchant_id=merchant.id, now=now, store_id=merchant.seat.store_id
    )
    return TotalsView.of(totals)
