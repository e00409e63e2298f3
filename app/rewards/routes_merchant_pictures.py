"""Pictures, as a merchant's managers upload them for officers to put into offers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.people.errors import NotSignedIn, WrongAudience, WrongRole
from app.people.guards import CurrentMerchant, Documented, Managers
from app.problems import document
from app.rewards.offers_errors import PicturesSpent, PictureTooLarge, PictureUnsound
from app.rewards.picture_upload import RAW_BODY, PictureKept, received
from app.rewards.pictures import keep

router = APIRouter(prefix="/merchant/pictures", tags=["offers"], dependencies=[Documented])

PER_MINUTE = 10


async def _sent(request: Request, merchant: CurrentMerchant) -> bytes:
    """Counted, and read, before a connection is taken."""
    await request.app.state.cache.allow(f"pictures:{merchant.id}", per_minute=PER_MINUTE)
    return await received(request)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Managers],
    openapi_extra=RAW_BODY,
    responses=document(
        NotSignedIn,
        WrongAudience,
        WrongRole,
        PictureTooLarge,
        PictureUnsound,
        PicturesSpent,
        TooManyRequests,
    ),
)
async def upload_own_picture(
    content: Annotated[bytes, Depends(_sent)], merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> PictureKept:
    """Upload a picture, twenty a day at most; tell an officer its path for your next offer."""
    kept = await keep(tx, content=content, actor=merchant.actor, merchant_id=merchant.id, now=now)
    return PictureKept.of(kept)
