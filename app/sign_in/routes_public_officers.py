"""For officers who are not signed in yet: set a password with a one-time code, and sign in."""

from fastapi import APIRouter, Request, Response, status

from app.audit.record import record
from app.clock import Now
from app.people.register import find_officer
from app.people.tokens import Audience
from app.problems import document
from app.sign_in import credentials, officers, passwords, totp
from app.sign_in.desk import Desk
from app.sign_in.errors import EnrolmentRefused, LoginRefused, PasswordWeak, TooManyGuesses
from app.sign_in.schemas import SessionOut
from app.sign_in.schemas_login import EnrolIn, FactorOut, OfficerIn

router = APIRouter(prefix="/auth/officers", tags=["sign-in"])


@router.post(
    "/enrolments",
    status_code=status.HTTP_201_CREATED,
    responses=document(EnrolmentRefused, PasswordWeak, TooManyGuesses),
)
async def enrol_officer(request: Request, response: Response, body: EnrolIn, now: Now) -> FactorOut:
    """Set your password; the answer is the second factor's secret. The code works once."""
    desk: Desk = request.app.state.desk
    async with desk.enrolling(request, what="enrolment", password=body.password, now=now) as (
        tx,
        password_hash,
    ):
        enrolled = await officers.enrol(
            tx, code=body.code, password_hash=password_hash, vault=desk.vault, now=now
        )
        passwords.ensure_strong(body.password, names=[enrolled.name])
    response.headers["Cache-Control"] = "no-store"
    return FactorOut(
        totp_secret=enrolled.totp_secret,
        otpauth_uri=totp.uri(enrolled.totp_secret, account=enrolled.name),
    )


@router.post(
    "/sessions",
    status_code=status.HTTP_201_CREATED,
    responses=document(LoginRefused, TooManyGuesses),
)
async def sign_in_officer(
    request: Request, response: Response, body: OfficerIn, now: Now
) -> SessionOut:
    """Sign in with name, password and second factor; for twelve hours at most."""
    desk: Desk = request.app.state.desk
    origin = desk.origin_of(request, body.device.id)
    async with desk.database.reading() as tx:
        person_id = await find_officer(tx, name=body.name)
    officer_id = await desk.recognise(
        credentials.Shown(
            desk.digests.who("officer", body.name), person_id, body.password, body.totp
        ),
        origin=origin,
        now=now,
    )
    async with desk.database.writing() as tx:
        started = await desk.start(
            tx,
            audience=Audience.officer,
            person_id=officer_id,
            origin=origin,
            device=body.device,
            now=now,
        )
        actor = f"officer:{officer_id}"
        await record(tx, actor=actor, action="sign_in.officer", subject=actor, now=now)
    return await desk.answer(response, started, is_new=False, now=now)
