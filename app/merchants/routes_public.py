"""For everybody: ask to become a merchant, find a store; sign in with a till's key."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from app.cache import TooManyRequests
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.edge import address_of
from app.merchants import applications, apply, cursors, sign_in, stores
from app.merchants.errors import (
    AlreadyApplied,
    ApplicationNotFound,
    ApplicationUnsound,
    PlaceUnclear,
    SecretUnreadable,
    TillKeyRefused,
)
from app.merchants.schemas import (
    Latitude,
    Longitude,
    PublicStore,
    PublicStorePage,
)
from app.merchants.schemas_officer import AppliedOut, ApplyIn, ProgressOut
from app.merchants.schemas_people import SecretIn, TokenOut
from app.pages import BadCursor, Cursor, Limit
from app.people.seats import Seat
from app.people.tokens import LIFE, Audience, Tokens
from app.problems import document, in_english

router = APIRouter(tags=["merchants"])

RADIUS_M = 2_000
RADIUS_M_MAX = 50_000


def _address(request: Request) -> str:
    return str(address_of(request, trusted=request.app.state.settings.trusted_proxies))


async def _may_apply(request: Request) -> None:
    per_minute = request.app.state.settings.limits.merchant_applications_per_minute
    await request.app.state.cache.allow(f"apply:{_address(request)}", per_minute=per_minute)


async def _may_sign_in(request: Request) -> None:
    """Counted before anything is looked up; with 130 random bits it only keeps the noise down."""
    per_minute = request.app.state.settings.limits.sign_ins_per_minute
    await request.app.state.cache.allow(f"sign-in:{_address(request)}", per_minute=per_minute)


@router.post(
    "/merchants/applications",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Depends(_may_apply)],
    responses=document(ApplicationUnsound, AlreadyApplied, TooManyRequests),
)
async def apply_as_merchant(body: ApplyIn, request: Request, tx: WriteTx, now: Now) -> AppliedOut:
    """Ask to become a merchant. Sending the same again is safe: it is the same application."""
    application_id = await apply.apply(
        tx, asked=body.asked(), vault=request.app.state.vault, now=now
    )
    application = await applications.by_id(tx, application_id=application_id)
    return AppliedOut.model_validate({"application_id": application_id, "state": application.state})


@router.get(
    "/merchants/applications/{application_id}",
    dependencies=[Depends(_may_sign_in)],
    responses=document(ApplicationNotFound, TooManyRequests),
)
async def application_progress(application_id: UUID, tx: ReadTx) -> ProgressOut:
    """How far an application has come, for whoever holds its id; nothing of what it says."""
    application = await applications.by_id(tx, application_id=application_id)
    return ProgressOut.model_validate(
        {
            "application_id": application_id,
            "state": application.state,
            "refusal": application.refusal,
        }
    )


@router.get("/stores", responses=document(BadCursor, PlaceUnclear))
async def find_stores(
    *,
    request: Request,
    tx: ReadTx,
    district_code: Annotated[
        str | None, Query(pattern=r"^[0-9]{6}$", description="Six digits (GB/T 2260).")
    ] = None,
    latitude: Annotated[Latitude | None, Query(description="Degrees north, GCJ-02.")] = None,
    longitude: Annotated[Longitude | None, Query(description="Degrees east, GCJ-02.")] = None,
    radius_m: Annotated[
        int | None,
        Query(ge=1, le=RADIUS_M_MAX, description="How far from the point, in metres; else 2000."),
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> PublicStorePage:
    """Stores where coupons are taken: in a district, or around a point, the nearest first."""
    place = (latitude, longitude)
    if (
        (district_code is None) == (place == (None, None))
        or place.count(None) == 1
        or (district_code is not None and radius_m is not None)
    ):
        raise PlaceUnclear(
            "Say a district, or where you are (latitude, longitude); a radius belongs to a point.",
            "请选择区县,或提供所在位置(纬度与经度);半径仅与位置一并使用。",
        )
    if district_code is not None:
        found = await stores.in_district(
            tx, district_code=district_code, after=cursors.after_id(cursor), limit=limit + 1
        )
    else:
        assert latitude is not None
        assert longitude is not None
        found = await stores.around(
            tx,
            latitude=latitude,
            longitude=longitude,
            radius_m=radius_m or RADIUS_M,
            after=cursors.after_place(cursor),
            limit=limit + 1,
        )
    page = found[:limit]
    last = [] if not page else [page[-1].distance_m, str(page[-1].store.id)]
    return PublicStorePage(
        items=[PublicStore.of(each, english=in_english(request)) for each in page],
        next_cursor=cursors.more(len(found), limit, *[each for each in last if each is not None]),
    )


@router.post(
    "/auth/till",
    dependencies=[Depends(_may_sign_in)],
    responses=document(SecretUnreadable, TillKeyRefused, TooManyRequests),
)
async def sign_in_till(
    request: Request, response: Response, body: SecretIn, tx: ReadTx, now: Now
) -> TokenOut:
    """A till shows its key and gets a token for ten minutes."""
    merchant_id, seat = await sign_in.sign_in(tx, key=body.secret, now=now)
    return _token(request, response, merchant_id, seat, now=now)


def _token(
    request: Request,
    response: Response,
    merchant_id: UUID,
    seat: Seat,
    *,
    now: Now,
) -> TokenOut:
    tokens: Tokens = request.app.state.tokens
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(
        access_token=tokens.sign(Audience.merchant, subject=str(merchant_id), seat=seat, now=now),
        token_type="Bearer",  # noqa: S106 -- the scheme's name, not a secret
        expires_in_s=int(LIFE.total_seconds()),
        merchant_id=merchant_id,
        role=seat.role,
    )
