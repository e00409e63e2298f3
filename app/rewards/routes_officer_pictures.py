"""Pictures, as officers upload them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.rewards.offers_errors import PictureTooLarge, PictureUnsound
from app.rewards.picture_upload import RAW_BODY, PictureKept, received
from app.rewards.pictures import keep

router = APIRouter(prefix="/admin/pictures", tags=["offers"], dependencies=[Documented])

PER_MINUTE = 60


async def _sent(request: Request, officer: CurrentOfficer) -> bytes:
    """Counted, and read, before a connection is taken."""
    await request.app.state.cache.allow(f"pictures:{officer.id}", per_minute=PER_MINUTE)
    return await received(request)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    openapi_extra=RAW_BODY,
    responses=document(
        NotSignedIn, WrongAudience, PictureTooLarge, PictureUnsound, TooManyRequests
    ),
)
async def upload_picture(
    content: Annotated[bytes, Depends(_sent)], officer: CurrentOfficer, tx: WriteTx, now: Now
) -> PictureKept:
    """Upload a picture for offers. The same file again is the same picture."""
    kept = await keep(tx, content=content, actor=f"officer:{officer.id}", merchant_id=None, now=now)
    return PictureKept.of(kept)
