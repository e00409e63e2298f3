"""Rewards, as a citizen's phone sees them."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app import idempotency
from app.cache import TooManyRequests
from app.clock import Now, moment_of
from app.database import WriteTx
from app.idempotency import IdempotencyKey, fingerprint_of
from app.ledger.errors import InsufficientPoints
from app.merchants.errors import MerchantSuspended
from app.pages import BadCursor, Cursor, Limit, PersonalRoute, cursor_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.plain import BriefRoute
from app.problems import document, in_english
from app.rewards import claims, coupons, cursors
from app.rewards.cancel import cancel
from app.rewards.claims import Claim
from app.rewards.errors import (
    CouponNotOpen,
    LimitReached,
    OfferNotFound,
    OfferNotYetOpen,
    OfferSoldOut,
    RedemptionNotFound,
)
from app.rewards.offers_errors import (
    DeviceNeeded,
    DistrictShareTaken,
    DrawOver,
    FundingSpent,
    NotForYou,
    OfferBusy,
    OfferNeedsTicket,
)
from app.rewards.redeem import Asked, redeem
from app.rewards.redeem_admission import Asking
from app.rewards.redeem_guard import DeviceId, WithinLimit, count_request
from app.rewards.schemas import (
    ClaimView,
    RedeemOffer,
    RedemptionPage,
    RedemptionView,
    claim_json,
)
from app.rewards.tables import RedemptionState

router = APIRouter(
    prefix="/me/redemptions", tags=["rewards"], dependencies=[Documented], route_class=PersonalRoute
)
hot = APIRouter(
    prefix="/me/redemptions", tags=["rewards"], dependencies=[Documented], route_class=BriefRoute
)
"""What everybody's phone asks in a rush."""

_SIGN_IN = (NotSignedIn, WrongAudience)


@hot.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=ClaimView,
    responses=document(
        *_SIGN_IN,
        OfferNotFound,
        OfferNotYetOpen,
        OfferSoldOut,
        DistrictShareTaken,
        DrawOver,
        OfferNeedsTicket,
        LimitReached,
        NotForYou,
        DeviceNeeded,
        FundingSpent,
        MerchantSuspended,
        InsufficientPoints,
        TooManyRequests,
        OfferBusy,
        *idempotency.ERRORS,
    ),
)
async def redeem_offer(
    *,
    request: Request,
    citizen: CurrentCitizen,
    key: IdempotencyKey,
    body: RedeemOffer,
    device_id: DeviceId = None,
) -> Response:
    """Exchange points for a coupon; the points are held until the coupon is used."""
    state, me, now = request.app.state, citizen.account_id, moment_of(request)
    await count_request(request, citizen)
    asking = Asking(body.offer_id, me, key, device_id, now)
    async with (
        state.admission.admit(state.database, asking) as standing,
        state.database.calling() as tx,  # the claim is one statement
    ):
        made = await redeem(
            tx,
            account_id=me,
            offer_id=body.offer_id,
            coupon_key=state.keys.coupon,
            now=now,
            asked=Asked(key, fingerprint_of("redeem_offer", body)),
            standing=standing,
        )
    return Response(
        claim_json(made, english=in_english(request)),
        status_code=status.HTTP_201_CREATED,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get("", responses=document(*_SIGN_IN, BadCursor))
async def list_redemptions(
    *,
    request: Request,
    response: Response,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    now: Now,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> RedemptionPage:
    """Your redemptions, the newest first; a coupon's code is shown while it can be used."""
    found = await claims.page(
        tx,
        account_id=citizen.account_id,
        before=cursors.id_in(cursor),
        limit=limit + 1,
        now=now,
    )
    page = found[:limit]
    _private(response)
    return RedemptionPage(
        items=[_view(request, each) for each in page],
        next_cursor=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )


@router.get("/{redemption_id}", responses=document(*_SIGN_IN, RedemptionNotFound))
async def get_redemption(
    *,
    request: Request,
    response: Response,
    redemption_id: UUID,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    now: Now,
) -> RedemptionView:
    """One of your redemptions, as it stands now."""
    claim = await claims.claim(
        tx, account_id=citizen.account_id, redemption_id=redemption_id, now=now
    )
    _private(response)
    return _view(request, claim)


@router.post(
    "/{redemption_id}/cancel",
    dependencies=[WithinLimit],
    responses=document(*_SIGN_IN, RedemptionNotFound, CouponNotOpen, TooManyRequests),
)
async def cancel_redemption(
    request: Request, redemption_id: UUID, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> RedemptionView:
    """Give an unused coupon back; the points are available again. Repeating it is safe."""
    claim = await cancel(tx, account_id=citizen.account_id, redemption_id=redemption_id, now=now)
    return _view(request, claim)


def _view(request: Request, claim: Claim) -> RedemptionView:
    usable = claim.state is RedemptionState.held and not claim.merchant_code
    return RedemptionView.of(
        claim,
        coupon=_code(request, claim) if usable else None,
        english=in_english(request),
    )


def _code(request: Request, claim: Claim) -> str:
    key: bytes = request.app.state.keys.coupon
    return coupons.code_of(key, bucket=claim.bucket, redemption_id=claim.id)


def _private(response: Response) -> None:
    """A coupon is as good as its points: no cache on the way may keep it."""
    response.headers["Cache-Control"] = "no-store"
