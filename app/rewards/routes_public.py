"""Offers, as anybody may see them."""

import hashlib
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.clock import Now
from app.database import ReadTx
from app.pages import BadCursor, Cursor, Limit, cursor_of, key_of, knows
from app.problems import document, in_english
from app.rewards import lottery, offers
from app.rewards.errors import OfferNotFound
from app.rewards.offers_errors import PlaceNeeded
from app.rewards.offers_find import Looking, cursor_after, find
from app.rewards.offers_near import RADIUS_M_MAX, Point
from app.rewards.offers_words import Kind
from app.rewards.queue_schemas import DrawView
from app.rewards.schemas import OfferPage, OfferView
from app.rewards.tables import OfferKind

router = APIRouter(prefix="/offers", tags=["rewards"])

COPY_LIFE_S = 1
"""How old the list may be; `remaining` in it is a hint, the claim itself decides."""

_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged since the ETag you sent."}
}


Category = Annotated[str | None, Query(max_length=20, description="Only this category.")]
District = Annotated[
    str | None, Query(pattern=r"^\d{6}$", description="Only this district's, and the whole city's.")
]
KindOf = Annotated[Kind | None, Query(description="Only this kind.")]
PointsMax = Annotated[int | None, Query(ge=1, le=10**9, description="At most this price.")]
OrderBy = Annotated[offers.Order, Query(description="`nearest` needs `near`.")]
Near = Annotated[
    str | None,
    Query(
        pattern=r"^-?\d{1,2}(\.\d{1,7})?,-?\d{1,3}(\.\d{1,7})?$",
        description="Latitude and longitude of the reader (GCJ-02), with a comma; tells distances.",
        examples=["32.2044,119.4551"],
    ),
]
RadiusM = Annotated[
    int | None,
    Query(
        ge=1,
        le=RADIUS_M_MAX,
        description="Only what a store so many metres from `near` takes; by distance: else 3000.",
        examples=[3000],
    ),
]


@router.get("", response_model=OfferPage, responses=document(BadCursor, PlaceNeeded) | _UNCHANGED)
async def list_offers(
    *,
    request: Request,
    tx: ReadTx,
    now: Now,
    category: Category = None,
    district: District = None,
    kind: KindOf = None,
    points_max: PointsMax = None,
    order: OrderBy = offers.Order.newest,
    near: Near = None,
    radius_m: RadiusM = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Offers that can be claimed now: the newest, the cheapest, or the nearest first."""
    english = in_english(request)
    wanted = offers.Wanted(category, district, OfferKind[kind] if kind else None, points_max)
    looking = Looking(wanted, order, _point(order, near, radius_m), limit, now)

    async def read() -> str:
        found = await find(tx, looking=looking, cursor=cursor)
        page = found[:limit]
        return OfferPage(
            items=[OfferView.of(each, english=english) for each in page],
            next_cursor=cursor_after(order, page[-1]) if len(found) > limit else None,
        ).model_dump_json()

    plain = wanted == offers.EVERYTHING and order is offers.Order.newest and near is None
    if cursor is not None or not plain:  # only the plain first page is everybody's
        return _answer(request, await read())
    name = f"offers:{'en' if english else 'zh'}:{limit}"
    return _answer(request, await request.app.state.cache.text(name, life_s=COPY_LIFE_S, make=read))


def _point(order: offers.Order, near: str | None, radius_m: int | None) -> Point | None:
    """From where distances are told, in any order of the list."""
    if near is None:
        if order is offers.Order.nearest or radius_m is not None:
            raise _no_place()
        return None
    latitude, _, longitude = near.partition(",")
    if abs(Decimal(latitude)) > 90 or abs(Decimal(longitude)) > 180:
        raise _no_place()
    return Point(Decimal(latitude), Decimal(longitude), radius_m)


def _no_place() -> PlaceNeeded:
    return PlaceNeeded(
        "To sort or filter by distance, say where you are as latitude,longitude in degrees, at most"
        " 90 and 180.",
        "按距离排序或筛选须提供所在位置(纬度,经度),且不超过 ±90 与 ±180 度。",
    )


@router.get("/{offer_id}", response_model=OfferView, responses=document(OfferNotFound) | _UNCHANGED)
async def get_offer(request: Request, offer_id: UUID, tx: ReadTx, now: Now) -> Response:
    """One offer; it may open later."""
    found = await offers.offer(tx, offer_id=offer_id, now=now)
    return _answer(request, OfferView.of(found, english=in_english(request)).model_dump_json())


@router.get("/{offer_id}/draw", responses=document(OfferNotFound, BadCursor))
async def get_draw(
    offer_id: UUID, tx: ReadTx, limit: Limit = 100, cursor: Cursor = None
) -> DrawView:
    """What anybody needs to redraw a draw; seed and entries only when it has been held."""
    draw = await lottery.draw_of(tx, offer_id=offer_id)
    after = 0 if cursor is None else int(key_of(cursor, int)[0])
    found = await lottery.entrants(tx, offer_id=offer_id, after=after, limit=limit + 1)
    page = found[:limit]
    more = cursor_of(page[-1].place) if len(found) > limit else None
    return DrawView.of(draw, page, next_cursor=more)


def _answer(request: Request, body: str) -> Response:
    """The body with its ETag; or 304, when the caller has it already.

    Source: RFC 9110, sections 8.8.3 and 13.1.2.
    """
    etag = f'W/"{hashlib.blake2b(body.encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=1", "Vary": "Accept-Language"}
    if knows(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
