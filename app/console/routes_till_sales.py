"""The till's sales, to be looked at: the day's list, and one of them."""

from fastapi import APIRouter, Request, Response

from app.clock import Now
from app.console.till_render import page
from app.console.till_session import PATH, session_of
from app.console.till_shop import is_order_no, shop_of, to_start
from app.database import ReadTx
from app.rewards import cursors, scans
from app.rewards.coupons_rules import UNDO_WITHIN

router = APIRouter(prefix=PATH, include_in_schema=False)

LINES = 30


@router.get("/today")
async def show_today(request: Request, tx: ReadTx, now: Now, cursor: str = "") -> Response:
    """What this store has taken today, and in total."""
    session = await session_of(request, now=now)
    if session is None:
        return to_start()
    who = session.merchant
    found = await scans.page(
        tx,
        merchant_id=who.id,
        since=await scans.day_start(tx, now=now),
        before=cursors.moment_in(cursor or None),
        limit=LINES + 1,
        store_id=who.seat.store_id,
    )
    lines = found[:LINES]
    last = lines[-1] if len(found) > LINES else None
    return page(
        request,
        "today",
        session=session,
        shop=await shop_of(tx, session=session),
        totals=await scans.totals(tx, merchant_id=who.id, now=now, store_id=who.seat.store_id),
        lines=lines,
        undoable_since=now - UNDO_WITHIN,
        cursor=cursors.cursor_at(last.scanned_at, last.order_no) if last else None,
    )


@router.get("/sales/{order_no}")
async def show_sale(request: Request, tx: ReadTx, now: Now, order_no: str) -> Response:
    """A sale of this store as it stands now: what one comes back to."""
    session = await session_of(request, now=now)
    if session is None or not is_order_no(order_no):
        return to_start()
    who = session.merchant
    sold = await scans.one(tx, merchant_id=who.id, order_no=order_no, store_id=who.seat.store_id)
    if sold is None:
        return to_start()
    return page(
        request,
        "done",
        session=session,
        shop=await shop_of(tx, session=session),
        sold=sold,
        undoable_since=now - UNDO_WITHIN,
    )
