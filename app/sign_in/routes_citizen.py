"""A citizen's own sessions: see them, be pushed to, end one, end them all."""

from uuid import UUID

from fastapi import APIRouter, Request, status

from app.audit.record import record
from app.clock import Now
from app.database import WriteTx
from app.pages import PersonalRoute
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.problems import document
from app.sign_in import own_sessions, sessions
from app.sign_in.errors import SessionNotFound
from app.sign_in.schemas import PushIn, SessionList, SessionView

router = APIRouter(
    prefix="/me/sessions", tags=["sign-in"], dependencies=[Documented], route_class=PersonalRoute
)

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.get("", responses=document(*_SIGN_IN))
async def list_sessions(
    request: Request, citizen: CurrentCitizen, tx: CitizenTx, now: Now
) -> SessionList:
    """Where you are signed in."""
    found = await own_sessions.living(
        tx, account_id=citizen.account_id, vault=request.app.state.vault, now=now
    )
    return SessionList(
        items=[
            SessionView(
                session_id=each.id,
                device_name=each.device_name,
                platform=each.platform,
                began_at=each.began_at,
                renewed_at=each.renewed_at,
                ends_at=each.ends_at,
                is_this_one=each.id == citizen.session_id,
            )
            for each in found
        ]
    )


@router.put(
    "/push-address",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, SessionNotFound),
)
async def take_pushes(request: Request, body: PushIn, citizen: CurrentCitizen, tx: WriteTx) -> None:
    """Say where the app of this session gets pushes; it ends with the session."""
    await _push_to(request, citizen, tx, body.address)


@router.delete(
    "/push-address",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, SessionNotFound),
)
async def take_no_pushes(request: Request, citizen: CurrentCitizen, tx: WriteTx) -> None:
    """No pushes to this session's app any more; the inbox has every message."""
    await _push_to(request, citizen, tx, None)


async def _push_to(
    request: Request, citizen: CurrentCitizen, tx: WriteTx, address: str | None
) -> None:
    kept = await own_sessions.push_to(
        tx,
        person_id=citizen.id,
        session_id=citizen.session_id,
        address=address,
        vault=request.app.state.vault,
    )
    if not kept:
        raise SessionNotFound("This token has no session.", "该令牌没有登录会话。")


@router.delete(
    "/{session_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, SessionNotFound),
)
async def end_session(
    request: Request, session_id: UUID, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> None:
    """Sign out on one device; its tokens die within two seconds."""
    if not await sessions.end(tx, person_id=citizen.id, session_id=session_id, now=now):
        raise SessionNotFound("You have no session with this id.", "您没有该登录会话。")
    request.app.state.sessions.forget()


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=document(*_SIGN_IN))
async def end_all_sessions(
    request: Request, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> None:
    """Sign out everywhere, here too."""
    ended = await sessions.end_all(tx, person_id=citizen.id, now=now)
    await record(
        tx,
        actor=f"citizen:{citizen.account_id}",
        action="sign_in.end_all",
        subject=f"citizen:{citizen.account_id}",
        facts={"sessions": ended},
        now=now,
    )
    request.app.state.sessions.forget()
