"""Officers' work on people's requests: what is due, what was written, and the answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.inputs import Day
from app.pages import Limit
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.rights import answer
from app.rights.calendar import civil_day
from app.rights.errors import RightsRequestClosed, RightsRequestNotFound
from app.rights.schemas import DueList, DueView, RequestAnswerIn, WishView

router = APIRouter(prefix="/admin/rights-requests", tags=["privacy"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.get("", responses=document(*_SIGN_IN))
async def list_due(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    now: Now,
    before: Annotated[
        Day | None, Query(description="Due before this day.", examples=["2026-03-20"])
    ] = None,
    limit: Limit = 50,
) -> DueList:
    """Requests that wait for an answer, the most urgent first; no names."""
    today = await civil_day(tx, now=now)
    found = await answer.due(tx, before=before, limit=limit)
    return DueList(items=[DueView.of(each, today=today) for each in found])


@router.post(
    "/{request_id}/reading",
    responses=document(*_SIGN_IN, RightsRequestNotFound, RightsRequestClosed),
)
async def read_wish(
    request_id: UUID, request: Request, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> WishView:
    """What somebody wants corrected, in their words; that you read it is shown to them."""
    found, wish = await answer.wish_of(
        tx,
        request_id=request_id,
        officer_id=officer.id,
        vault=request.app.state.vault,
        now=now,
    )
    return WishView(request=DueView.of(found, today=await civil_day(tx, now=now)), wish=wish)


@router.post(
    "/{request_id}/answer",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, RightsRequestNotFound, RightsRequestClosed),
)
async def answer_request(
    request_id: UUID, body: RequestAnswerIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> None:
    """Answer a correction; the person reads your words."""
    await answer.answer(
        tx,
        request_id=request_id,
        officer_id=officer.id,
        outcome=body.outcome,
        text=body.answer,
        now=now,
    )
