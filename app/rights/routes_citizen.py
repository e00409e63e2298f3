"""A citizen's own data: a copy of it, corrections, leaving, and who looked."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response, status

from app import idempotency
from app.cache import TooManyRequests
from app.clock import Now
from app.database import ReadTx, Tx, WriteTx
from app.idempotency import Nothing, OptionalKey, once
from app.pages import PersonalRoute
from app.people.errors import CitizenNotFound, NotSignedIn, PersonLeft, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.problems import document
from app.rights import export_run, privacy, requests
from app.rights.calendar import civil_day
from app.rights.errors import (
    ExportGone,
    ExportNotReady,
    RightsRequestClosed,
    RightsRequestNotFound,
)
from app.rights.patience import Patience
from app.rights.schemas import (
    DeedView,
    PrivacyView,
    ProfileCorrectionIn,
    RightsRequestList,
    RightsRequestView,
)

router = APIRouter(
    prefix="/me", tags=["privacy"], dependencies=[Documented], route_class=PersonalRoute
)

_SIGN_IN = (NotSignedIn, WrongAudience)
_ASKING = (
    *_SIGN_IN,
    CitizenNotFound,
    PersonLeft,
    TooManyRequests,
    idempotency.IdempotencyKeyReused,
)
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP file with data.json and a CSV file for each part.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def _today(tx: WriteTx, now: Now) -> date:
    return await civil_day(tx, now=now)


Today = Annotated[date, Depends(_today)]


@router.post(
    "/exports",
    status_code=status.HTTP_202_ACCEPTED,
    responses=document(*_ASKING),
    dependencies=[Patience],
)
async def ask_for_a_copy(
    *,
    citizen: CurrentCitizen,
    tx: WriteTx,
    today: Today,
    now: Now,
    idempotency_key: OptionalKey = None,
) -> RightsRequestView:
    """Ask for a copy of everything about you; while one is being made, that one is the answer."""
    me = citizen.account_id

    async def asking() -> dict[str, Any]:
        return _kept(await requests.ask_export(tx, account_id=me, today=today, now=now))

    made = await once(
        tx,
        account_id=me,
        key=idempotency_key,
        route="ask_for_a_copy",
        body=Nothing(),
        effect=asking,
        now=now,
    )
    return await _view(tx, me, made)


def _kept(ticket: requests.Ticket) -> dict[str, Any]:
    """What a key leads back to: the request, which is told as it stands then."""
    return {"id": str(ticket.id)}


async def _view(tx: Tx, account_id: int, made: Mapping[str, Any]) -> RightsRequestView:
    ticket = await requests.one(tx, account_id=account_id, request_id=UUID(made["id"]))
    return RightsRequestView.of(ticket)


@router.get("/exports/{request_id}", responses=document(*_SIGN_IN, RightsRequestNotFound))
async def read_copy_progress(
    request_id: UUID, citizen: CurrentCitizen, tx: CitizenTx
) -> RightsRequestView:
    """How far a request is: `done` of `total` parts."""
    ticket = await requests.one(tx, account_id=citizen.account_id, request_id=request_id)
    return RightsRequestView.of(ticket)


@router.get(
    "/exports/{request_id}/file",
    response_class=Response,
    responses=_ZIP
    | document(*_SIGN_IN, RightsRequestNotFound, ExportNotReady, ExportGone, PersonLeft),
)
async def fetch_copy(
    request_id: UUID, request: Request, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> Response:
    """The copy, for a week; each fetching is shown on your privacy page."""
    body = await export_run.fetch(
        tx,
        account_id=citizen.account_id,
        request_id=request_id,
        vault=request.app.state.vault,
        now=now,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="puhui-{_day(now)}.zip"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type="application/zip", headers=headers)


def _day(now: datetime) -> str:
    return now.date().isoformat()


@router.post(
    "/corrections",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_ASKING),
    dependencies=[Patience],
)
async def ask_for_a_correction(
    *,
    body: ProfileCorrectionIn,
    request: Request,
    citizen: CurrentCitizen,
    tx: WriteTx,
    today: Today,
    now: Now,
    idempotency_key: OptionalKey = None,
) -> RightsRequestView:
    """Say what is wrong; an officer answers within fifteen working days."""
    me = citizen.account_id

    async def asking() -> dict[str, Any]:
        return _kept(
            await requests.ask_correction(
                tx,
                account_id=me,
                topic=body.topic,
                wish=body.wish,
                vault=request.app.state.vault,
                today=today,
                now=now,
            )
        )

    made = await once(
        tx,
        account_id=me,
        key=idempotency_key,
        route="ask_for_a_correction",
        body=body,
        effect=asking,
        now=now,
    )
    return await _view(tx, me, made)


@router.post(
    "/deletion",
    status_code=status.HTTP_202_ACCEPTED,
    responses=document(*_ASKING),
    dependencies=[Patience],
)
async def ask_to_be_forgotten(
    *,
    citizen: CurrentCitizen,
    tx: WriteTx,
    today: Today,
    now: Now,
    idempotency_key: OptionalKey = None,
) -> RightsRequestView:
    """Ask to be forgotten: after `acts_after` your name, links and points are gone for good."""
    me = citizen.account_id

    async def asking() -> dict[str, Any]:
        return _kept(await requests.ask_deletion(tx, account_id=me, today=today, now=now))

    made = await once(
        tx,
        account_id=me,
        key=idempotency_key,
        route="ask_to_be_forgotten",
        body=Nothing(),
        effect=asking,
        now=now,
    )
    return await _view(tx, me, made)


@router.delete(
    "/deletion",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, RightsRequestNotFound, RightsRequestClosed),
)
async def stay(citizen: CurrentCitizen, tx: WriteTx, now: Now) -> None:
    """Change your mind and stay; possible until `acts_after`."""
    await requests.cancel_deletion(tx, account_id=citizen.account_id, now=now)


@router.get("/requests", responses=document(*_SIGN_IN))
async def list_requests(citizen: CurrentCitizen, tx: CitizenTx) -> RightsRequestList:
    """Your requests about your own data, with the days by which they are answered."""
    mine = await requests.of_account(tx, account_id=citizen.account_id)
    return RightsRequestList(items=[RightsRequestView.of(each) for each in mine])


@router.get("/privacy", responses=document(*_SIGN_IN))
async def read_privacy(citizen: CurrentCitizen, tx: ReadTx) -> PrivacyView:
    """Who asked for what about you, and what you asked for."""
    deeds = await privacy.deeds(tx, account_id=citizen.account_id)
    mine = await requests.of_account(tx, account_id=citizen.account_id)
    return PrivacyView(
        deeds=[DeedView.of(each) for each in deeds],
        requests=[RightsRequestView.of(each) for each in mine],
    )
