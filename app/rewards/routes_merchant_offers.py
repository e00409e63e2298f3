"""Offers, as who gives them takes them back."""

from uuid import UUID

from fastapi import APIRouter, status

from app.clock import Now
from app.database import WriteTx
from app.people.errors import NotSignedIn, WrongAudience, WrongRole
from app.people.guards import CurrentMerchant, Documented, Managers
from app.problems import document
from app.rewards.errors import OfferNotFound
from app.rewards.offers_errors import OfferWithdrawn
from app.rewards.officer_schemas import WithdrawalView, WithdrawOffer
from app.rewards.withdraw import withdraw

router = APIRouter(prefix="/merchant/offers", tags=["offers"], dependencies=[Documented])


@router.post(
    "/{offer_id}/withdraw",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[Managers],
    responses=document(NotSignedIn, WrongAudience, WrongRole, OfferNotFound, OfferWithdrawn),
)
async def withdraw_own_offer(
    offer_id: UUID, body: WithdrawOffer, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> WithdrawalView:
    """Take an offer of yours back at once; unused coupons are given back to their owners."""
    await withdraw(
        tx,
        offer_id=offer_id,
        merchant_id=merchant.id,
        actor=merchant.actor,
        reason_zh=body.reason_zh,
        reason_en=body.reason_en,
        now=now,
    )
    return WithdrawalView(offer_id=offer_id, released=0, points=0, finished_at=None)
