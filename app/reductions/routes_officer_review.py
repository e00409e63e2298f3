"""Held acts, as officers find them in line and decide them, one by one."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.intake import evidence, providers
from app.pages import BadCursor, Cursor, Limit, place_in, place_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.reductions import review, review_read
from app.reductions.errors import HeldDecided, HeldNotFound, NotReleasable
from app.reductions.review_schemas import DecisionIn, HeldPage, HeldView, ReleasedView

router = APIRouter(prefix="/admin/held", tags=["review"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.get("", responses=document(*_SIGN_IN, BadCursor, CatalogueEmpty))
async def list_held(
    *,
    request: Request,
    officer: CurrentOfficer,
    tx: ReadTx,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> HeldPage:
    """What waits for an officer, the longest waiting first, with the records as they were sent."""
    versions = await request.app.state.catalogue.versions(tx)
    found = await review_read.waiting(
        tx,
        after=place_in(cursor) if cursor else None,
        limit=limit + 1,
        zone=str(versions.zone),
    )
    page = found[:limit]
    sent = await evidence.of_places(
        tx, places=[(each.block_no, each.line) for each in page if each.block_no]
    )
    names = await providers.codes(tx)
    return HeldPage(
        items=[
            HeldView.of(each, sent.get((each.block_no, each.line)), versions, names)
            for each in page
        ],
        next_cursor=place_of(page[-1].held_at, page[-1].id) if len(found) > limit else None,
    )


@router.post(
    "/{held_id}/release",
    responses=document(*_SIGN_IN, HeldNotFound, HeldDecided, NotReleasable, CatalogueEmpty),
)
async def release_held(
    *,
    held_id: UUID,
    body: DecisionIn,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> ReleasedView:
    """Credit it after all, settled anew against what was credited since; the citizen is told.

    Sent again it is refused as decided, so nothing is credited twice.
    """
    state = request.app.state
    done = await review.release(
        tx,
        held_id=held_id,
        decision=review.Decision(officer.id, body.reason_zh, body.reason_en),
        versions=await state.catalogue.versions(tx, fresh=True),
        subject_key=state.keys.subject,
        now=now,
    )
    state.cache.wake()
    return ReleasedView(reduction_id=done.act_id, grams=done.grams, points=done.points)


@router.post(
    "/{held_id}/refuse",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, HeldNotFound, HeldDecided, CatalogueEmpty),
)
async def refuse_held(
    *,
    held_id: UUID,
    body: DecisionIn,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Response:
    """Say no, with the reason; its record will never be credited, unless an appeal opens it."""
    await review.refuse(
        tx,
        held_id=held_id,
        decision=review.Decision(officer.id, body.reason_zh, body.reason_en),
        versions=await request.app.state.catalogue.versions(tx),
        now=now,
    )
    return Response(status_code=status.HTTP_204_NO_CONTENT)
