"""Lines, draws and merchants' own codes, as a citizen's phone sees them."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app import idempotency
from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.idempotency import IdempotencyKey, fingerprint_of
from app.ledger.errors import InsufficientPoints
from app.merchants.errors import MerchantSuspended
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.problems import document
from app.rewards import codes_show, queue
from app.rewards.errors import (
    CouponNotOpen,
    LimitReached,
    OfferNotFound,
    OfferNotYetOpen,
    RedemptionNotFound,
)
from app.rewards.offers_errors import (
    DeviceNeeded,
    DrawOver,
    NoMerchantCode,
    NotForYou,
    OfferBusy,
    OfferTakesNoTicket,
    TicketClosed,
    TicketExists,
    TicketNotFound,
)
from app.rewards.queue_schemas import TicketRead, TicketTaken
from app.rewards.redeem import Asked
from app.rewards.redeem_guard import Admitted, WithinLimit
from app.rewards.schemas import MerchantCode, RedeemOffer

router = APIRouter(prefix="/me", tags=["rewards"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.post(
    "/redemptions/{redemption_id}/code",
    dependencies=[WithinLimit],
    responses=document(
        *_SIGN_IN, RedemptionNotFound, NoMerchantCode, CouponNotOpen, TooManyRequests
    ),
)
async def show_code(
    *,
    request: Request,
    response: Response,
    redemption_id: UUID,
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
) -> MerchantCode:
    """The merchant's own code; the first look spends the points, later ones show it again."""
    shown = await codes_show.show(
        tx,
        account_id=citizen.account_id,
        redemption_id=redemption_id,
        key=request.app.state.keys.coupon,
        now=now,
    )
    response.headers["Cache-Control"] = "no-store"
    return MerchantCode(redemption_id=shown.redemption_id, offer_id=shown.offer_id, code=shown.code)


@router.post(
    "/tickets",
    status_code=status.HTTP_201_CREATED,
    dependencies=[WithinLimit],
    responses=document(
        *_SIGN_IN,
        OfferNotFound,
        OfferNotYetOpen,
        OfferTakesNoTicket,
        DrawOver,
        TicketExists,
        LimitReached,
        NotForYou,
        DeviceNeeded,
        MerchantSuspended,
        InsufficientPoints,
        TooManyRequests,
        OfferBusy,
        *idempotency.ERRORS,
    ),
)
async def take_a_ticket(
    *,
    request: Request,
    body: RedeemOffer,
    citizen: CurrentCitizen,
    key: IdempotencyKey,
    standing: Admitted,
    tx: WriteTx,
    now: Now,
) -> TicketTaken:
    """Stand in line for an offer, or register for its draw; its price is held meanwhile."""
    ticket_id = await queue.take_ticket(
        tx,
        account_id=citizen.account_id,
        offer_id=body.offer_id,
        coupon_key=request.app.state.keys.coupon,
        now=now,
        asked=Asked(key, fingerprint_of("take_a_ticket", body)),
        standing=standing,
    )
    return TicketTaken(ticket_id=ticket_id, offer_id=body.offer_id)


@router.get("/tickets/{offer_id}", responses=document(*_SIGN_IN, TicketNotFound))
async def get_ticket(offer_id: UUID, citizen: CurrentCitizen, tx: CitizenTx) -> TicketRead:
    """Your ticket for an offer, and how many are before you."""
    return TicketRead.of(await queue.ticket(tx, account_id=citizen.account_id, offer_id=offer_id))


@router.post(
    "/tickets/{offer_id}/leave",
    dependencies=[WithinLimit],
    responses=document(*_SIGN_IN, TicketNotFound, TicketClosed, TooManyRequests),
)
async def leave_line(offer_id: UUID, citizen: CurrentCitizen, tx: WriteTx, now: Now) -> TicketRead:
    """Give a waiting ticket back; the points are available again. Repeating it is safe."""
    return TicketRead.of(
        await queue.leave(tx, account_id=citizen.account_id, offer_id=offer_id, now=now)
    )
