"""For a merchant's people who are not signed in yet: come in, sign in, and renew a session."""

from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app.clock import Now
from app.database import Tx
from app.merchants import staff_sign_in
from app.merchants.errors import InvitationRefused, SecretUnreadable
from app.merchants.schemas_people import JoinedOut, StaffJoinIn, StaffSignInIn
from app.people.seats import Seat
from app.people.tokens import Audience
from app.problems import document
from app.sign_in import credentials, passwords, sessions, totp
from app.sign_in.desk import Desk
from app.sign_in.errors import LoginRefused, PasswordWeak, RefreshRefused, TooManyGuesses
from app.sign_in.routes_public import refused_refresh
from app.sign_in.schemas import RefreshIn, SessionOut
from app.sign_in.sessions import Begun

router = APIRouter(prefix="/auth", tags=["merchants"])


@router.post(
    "/invitations",
    status_code=status.HTTP_201_CREATED,
    responses=document(SecretUnreadable, InvitationRefused, PasswordWeak, TooManyGuesses),
)
async def accept_invitation(
    request: Request, response: Response, body: StaffJoinIn, now: Now
) -> JoinedOut:
    """Somebody who was invited sets a password; the code works once.

    The answer is the second factor's secret; sign in with both from now on.
    """
    desk: Desk = request.app.state.desk
    async with desk.enrolling(request, what="invitation", password=body.password, now=now) as (
        tx,
        password_hash,
    ):
        joined = await staff_sign_in.join(
            tx, code=body.secret, password_hash=password_hash, vault=desk.vault, now=now
        )
        passwords.ensure_strong(body.password, names=[str(joined.staff_id)])
    response.headers["Cache-Control"] = "no-store"
    return JoinedOut(
        staff_id=joined.staff_id,
        merchant_id=joined.merchant_id,
        role=joined.role,
        totp_secret=joined.totp_secret,
        otpauth_uri=totp.uri(joined.totp_secret, account=str(joined.staff_id)),
    )


@router.post(
    "/staff/sessions",
    status_code=status.HTTP_201_CREATED,
    responses=document(LoginRefused, TooManyGuesses),
)
async def sign_in_staff(
    request: Request, response: Response, body: StaffSignInIn, now: Now
) -> SessionOut:
    """Sign in with your id, password and second factor."""
    desk: Desk = request.app.state.desk
    origin = desk.origin_of(request, body.device.id)
    async with desk.database.reading() as tx:
        known = await staff_sign_in.seat_of(tx, staff_id=body.staff_id)
    shown = credentials.Shown(
        desk.digests.who("staff", str(body.staff_id)),
        body.staff_id if known is not None else None,
        body.password,
        body.totp,
    )
    staff_id = await desk.recognise(shown, origin=origin, now=now)
    async with desk.database.writing() as tx:
        started = await desk.start(
            tx,
            audience=Audience.merchant,
            person_id=staff_id,
            origin=origin,
            device=body.device,
            now=now,
        )
        await staff_sign_in.note(tx, staff_id=staff_id, now=now)
        place = await staff_sign_in.seat_of(tx, staff_id=staff_id)
    return await _answer(desk, response, started, place, now)


@router.post("/staff/sessions/refresh", responses=document(RefreshRefused))
async def renew_staff_session(
    request: Request, response: Response, body: RefreshIn, now: Now
) -> SessionOut:
    """Exchange the refresh token for the next pair, as citizens do."""
    desk: Desk = request.app.state.desk
    async with desk.database.writing() as tx:
        begun = await sessions.renew(
            tx,
            token=body.refresh_token,
            device=desk.digests.who("device", body.device_id),
            audiences=(Audience.merchant,),
            digests=desk.digests,
            now=now,
        )
        place = await _place(tx, begun)
    return await _answer(desk, response, begun, place, now)


async def _place(tx: Tx, begun: Begun | None) -> tuple[UUID, Seat] | None:
    return None if begun is None else await staff_sign_in.seat_of(tx, staff_id=begun.person_id)


async def _answer(
    desk: Desk,
    response: Response,
    begun: Begun | None,
    place: tuple[UUID, Seat] | None,
    now: Now,
) -> SessionOut:
    """Both tokens; whoever was let go in the meantime gets none."""
    if begun is None or place is None:
        raise refused_refresh()
    merchant_id, seat = place
    return await desk.answer(response, begun, is_new=False, now=now, subject=merchant_id, seat=seat)
