"""For everybody: ask for a code, sign in with it, renew a session, read the public keys.

Each route opens its transaction itself: a wrong guess must be counted, that is committed, before
it is refused; and a message is sent only after its code is committed.
"""

from fastapi import APIRouter, Request, Response, status

from app.clock import Now
from app.people.tokens import Audience, coordinate_of
from app.problems import document
from app.sign_in import codes, names, sessions
from app.sign_in.codes import LIFE
from app.sign_in.desk import Desk
from app.sign_in.errors import (
    CodeRefused,
    PhoneUnreadable,
    PlatformUnavailable,
    RefreshRefused,
    TooManyCodes,
    TooManyGuesses,
)
from app.sign_in.limits import MINUTE_S
from app.sign_in.phones import e164
from app.sign_in.schemas import (
    CodeIn,
    CodeOut,
    PublicKey,
    PublicKeys,
    RefreshIn,
    SessionOut,
    SignInIn,
)
from app.sign_in.sms import Message

router = APIRouter(prefix="/auth", tags=["sign-in"])
well_known = APIRouter(tags=["sign-in"])


@router.post(
    "/codes",
    status_code=status.HTTP_202_ACCEPTED,
    responses=document(PhoneUnreadable, TooManyCodes, PlatformUnavailable),
)
async def send_code(request: Request, body: CodeIn, now: Now) -> CodeOut:
    """Send a one-time code to a number. The answer does not tell whether the number is known."""
    desk: Desk = request.app.state.desk
    desk.sms.ensure_set_up()
    phone = e164(body.phone)
    async with desk.database.writing() as tx:
        issued = await codes.issue(
            tx,
            phone=desk.vault.index(names.PHONE, phone),
            origin=desk.origin_of(request, body.device_id),
            digests=desk.digests,
            sizes=desk.sizes,
            now=now,
        )
    await desk.sms.send(Message(phone, issued.code, now))
    return CodeOut(expires_in_s=int(LIFE.total_seconds()), retry_after_s=MINUTE_S)


@router.post(
    "/sessions",
    status_code=status.HTTP_201_CREATED,
    responses=document(PhoneUnreadable, CodeRefused, TooManyGuesses),
)
async def sign_in(request: Request, response: Response, body: SignInIn, now: Now) -> SessionOut:
    """Sign in with the code; a number that nobody has makes a new account."""
    desk: Desk = request.app.state.desk
    phone = e164(body.phone)
    origin = desk.origin_of(request, body.device.id)
    begun = None
    async with desk.database.writing() as tx:
        if await codes.check(
            tx,
            phone=desk.vault.index(names.PHONE, phone),
            code=body.code,
            origin=origin,
            digests=desk.digests,
            sizes=desk.sizes,
            now=now,
        ):
            wanted = (names.Name(names.PHONE, phone),)
            person, is_new = await names.whose(tx, names=wanted, vault=desk.vault, now=now)
            begun = await desk.start(
                tx,
                audience=Audience.citizen,
                person_id=person.id,
                account_id=person.account_id,
                origin=origin,
                device=body.device,
                now=now,
            )
    if begun is None:
        raise CodeRefused(
            "The code is wrong, used or too old; ask for a new one.",
            "验证码错误、已使用或已过期,请重新获取。",
        )
    return await desk.answer(response, begun, is_new=is_new, now=now)


@router.post("/sessions/refresh", responses=document(RefreshRefused))
async def renew_session(
    request: Request, response: Response, body: RefreshIn, now: Now
) -> SessionOut:
    """Exchange the refresh token for the next pair.

    A lost answer may be asked for again within ten seconds; after that a used token ends the
    session, because somebody has a copy.
    """
    desk: Desk = request.app.state.desk
    async with desk.database.writing() as tx:
        begun = await sessions.renew(
            tx,
            token=body.refresh_token,
            device=desk.digests.who("device", body.device_id),
            audiences=(Audience.citizen, Audience.officer),
            digests=desk.digests,
            now=now,
        )
    if begun is None:
        raise refused_refresh()
    return await desk.answer(response, begun, is_new=False, now=now)


def refused_refresh() -> RefreshRefused:
    """The refusal of any refresh token that opens nothing."""
    return RefreshRefused("This session has ended; sign in again.", "登录已失效,请重新登录。")


@well_known.get("/.well-known/jwks.json")
async def list_public_keys(request: Request, response: Response, now: Now) -> PublicKeys:
    """The keys with which anybody can verify our access tokens."""
    desk: Desk = request.app.state.desk
    await desk.key_ring.ensure_may_sign(now=now)
    response.headers["Cache-Control"] = "public, max-age=60"
    return PublicKeys(
        keys=[
            PublicKey(
                kty="OKP", crv="Ed25519", alg="EdDSA", use="sig", kid=kid, x=coordinate_of(public)
            )
            for kid, public in desk.tokens.public.items()
        ]
    )
