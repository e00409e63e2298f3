"""The till on a phone: sign in, scan or type a code, take the coupon, undo, see the day.

Each form is a use case of the API; the page's own order number makes pressing twice harmless.
"""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response, status
from fastapi.responses import HTMLResponse

from app.cache import TooManyRequests
from app.clock import Now
from app.console.till_render import ASSETS, page, told
from app.console.till_session import (
    PATH,
    Session,
    begin,
    choose_language,
    end,
    form_of,
    is_genuine,
    is_ours,
    session_of,
    speaks_english,
)
from app.console.till_shop import is_order_no, shop_of, to_start
from app.console.till_words import WORDS
from app.database import ReadTx, Tx, WriteTx, savepoint
from app.edge import address_of
from app.merchants import sign_in
from app.merchants.errors import SecretUnreadable, TillKeyRefused
from app.problems import DomainError
from app.rewards.coupons_present import present
from app.rewards.errors import CouponMistyped
from app.rewards.scan import scan
from app.rewards.till_guard import desk_of
from app.rewards.undo import undo

router = APIRouter(prefix=PATH, include_in_schema=False)

_T = TypeVar("_T")


@router.get("")
async def show_start(request: Request, tx: ReadTx, now: Now) -> Response:
    """Where a code is scanned or typed; the sign-in for who is not signed in."""
    session = await session_of(request, now=now)
    if session is None:
        return page(request, "sign_in", session=None, refused=None)
    return page(
        request,
        "start",
        session=session,
        shop=await shop_of(tx, session=session),
        refused=None,
        typed="",
    )


@router.get("/assets/{name}")
async def show_asset(name: str) -> Response:
    """The page's own style and script."""
    if name not in ASSETS:
        return Response(status_code=status.HTTP_404_NOT_FOUND)
    kind, body = ASSETS[name]
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(body, headers=headers | {"Content-Type": kind})


@router.get("/language/{chosen}")
async def switch_language(request: Request, chosen: str) -> Response:
    """Chinese or English, remembered on this machine."""
    response = to_start()
    choose_language(request, response, english=chosen == "en")
    return response


@router.post("/sign-in")
async def enter(request: Request, tx: ReadTx, now: Now) -> Response:
    """A till shows its key."""
    form = await form_of(request)
    address = address_of(request, trusted=request.app.state.settings.trusted_proxies)
    per_minute = request.app.state.settings.limits.sign_ins_per_minute
    try:
        if not is_ours(request):
            return _stale(request, None)
        await request.app.state.cache.allow(f"sign-in:{address}", per_minute=per_minute)
        merchant_id, seat = await sign_in.sign_in(tx, key=form.get("key", ""), now=now)
    except (SecretUnreadable, TillKeyRefused, TooManyRequests) as error:
        return page(
            request,
            "sign_in",
            session=None,
            status=error.status,
            refused=told(error, english=speaks_english(request)),
        )
    response = to_start()
    begin(request, response, merchant_id=merchant_id, seat=seat, now=now)
    return response


@router.post("/sign-out")
async def leave(request: Request, now: Now) -> Response:
    """The shift is over."""
    session, form = await session_of(request, now=now), await form_of(request)
    if session is not None and not is_genuine(request, session, form):
        return _stale(request, session)
    response = to_start()
    end(response)
    return response


@router.post("/look")
async def look(request: Request, tx: WriteTx, now: Now) -> Response:
    """What a coupon is; it is in this till's hand for a minute."""
    session, form = await session_of(request, now=now), await form_of(request)
    if session is None:
        return to_start()
    if not is_genuine(request, session, form):
        return _stale(request, session)
    code = form.get("code", "")
    found = await _tried(
        request,
        tx,
        session,
        lambda: present(
            tx,
            merchant_id=session.merchant.id,
            coupon=code,
            desk=desk_of(session.merchant),
            coupon_key=request.app.state.keys.coupon,
            now=now,
        ),
    )
    if isinstance(found, DomainError):
        return await _refused(request, tx, session, found, typed=code)
    shop = await shop_of(tx, session=session)
    return page(
        request,
        "coupon",
        session=session,
        shop=shop,
        found=found,
        code=code,
        order_no=_order_no(now, shop["zone"]),
        here=PATH,
    )


@router.post("/redeem")
async def redeem(request: Request, tx: WriteTx, now: Now) -> Response:
    """Take the coupon; pressing twice takes it once."""
    session, form = await session_of(request, now=now), await form_of(request)
    if session is None:
        return to_start()
    if not is_genuine(request, session, form) or not is_order_no(form.get("order_no", "")):
        return _stale(request, session)
    sold = await _tried(
        request,
        tx,
        session,
        lambda: scan(
            tx,
            merchant_id=session.merchant.id,
            order_no=form["order_no"],
            coupon=form.get("code", ""),
            now=now,
            desk=desk_of(session.merchant),
            coupon_key=request.app.state.keys.coupon,
        ),
    )
    if isinstance(sold, DomainError):
        return await _refused(request, tx, session, sold)
    here = f"{PATH}/sales/{sold.order_no}"
    return page(
        request,
        "done",
        session=session,
        shop=await shop_of(tx, session=session),
        sold=sold,
        here=here,
    )


@router.post("/undo")
async def take_back(request: Request, tx: WriteTx, now: Now) -> Response:
    """Undo a sale of the last ten minutes."""
    session, form = await session_of(request, now=now), await form_of(request)
    if session is None:
        return to_start()
    order_no = form.get("order_no", "")
    if not is_genuine(request, session, form) or not is_order_no(order_no):
        return _stale(request, session)
    undone = await _tried(
        request,
        tx,
        session,
        lambda: undo(
            tx,
            merchant_id=session.merchant.id,
            order_no=order_no,
            desk=desk_of(session.merchant),
            now=now,
        ),
    )
    if isinstance(undone, DomainError):
        return await _refused(request, tx, session, undone)
    here = f"{PATH}/sales/{undone.order_no}"
    return page(
        request,
        "undone",
        session=session,
        shop=await shop_of(tx, session=session),
        undone=undone,
        here=here,
    )


async def _tried(
    request: Request, tx: Tx, session: Session, act: Callable[[], Awaitable[_T]]
) -> _T | DomainError:
    """What a use case answered, or its refusal.

    A refusal undoes what the use case had done; the page around it is still drawn.
    """
    limits = request.app.state.settings.limits
    per_minute, who = limits.merchant_scans_per_minute, session.merchant.id
    try:
        async with savepoint(tx):
            await request.app.state.cache.allow(f"merchant:{who}", per_minute=per_minute)
            return await act()
    except DomainError as error:
        return error


async def _refused(
    request: Request, tx: Tx, session: Session, error: DomainError, *, typed: str = ""
) -> HTMLResponse:
    """The start page with a sentence; a code that was mistyped stands there to be mended."""
    return page(
        request,
        "start",
        session=session,
        status=error.status,
        shop=await shop_of(tx, session=session),
        refused=told(error, english=speaks_english(request)),
        typed=typed if isinstance(error, CouponMistyped) else "",
        here=PATH,
    )


def _stale(request: Request, session: Session | None) -> HTMLResponse:
    """The answer to a form that this session was not shown: nothing was done."""
    words = WORDS["form_stale"]
    return page(
        request,
        "stale",
        session=session,
        status=status.HTTP_403_FORBIDDEN,
        sentence=words[speaks_english(request)],
    )


def _order_no(now: datetime, here: ZoneInfo) -> str:
    """A number for a sale at this page; the form carries it, so a second press says the same."""
    return f"T{now.astimezone(here):%Y%m%d}-{secrets.token_hex(4)}"
