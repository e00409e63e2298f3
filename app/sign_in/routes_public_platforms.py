"""For everybody: sign in with what WeChat's or Alipay's app says of you.

The platform is asked before the transaction begins: nothing waits for it with a lock in hand.
"""

from fastapi import APIRouter, Request, Response, status

from app.cache import TooManyRequests
from app.clock import Now
from app.people.tokens import Audience
from app.problems import document
from app.sign_in import names
from app.sign_in.desk import Desk
from app.sign_in.errors import PhoneUnreadable, PlatformRefused, PlatformUnavailable
from app.sign_in.origin import Origin
from app.sign_in.phones import e164
from app.sign_in.schemas import AlipayIn, DeviceIn, SessionOut, WechatIn

router = APIRouter(prefix="/auth", tags=["sign-in"])

_REFUSALS = (PlatformRefused, PlatformUnavailable, TooManyRequests)


@router.post(
    "/wechat",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_REFUSALS, PhoneUnreadable),
)
async def sign_in_with_wechat(
    request: Request, response: Response, body: WechatIn, now: Now
) -> SessionOut:
    """Sign in from WeChat's mini-program; with a phone code, into the account of that number."""
    desk: Desk = request.app.state.desk
    origin = await _counted(request, desk, body.device)
    wanted = [names.Name(names.WECHAT, await desk.wechat.id_of(body.js_code, now=now))]
    if body.phone_code is not None:
        phone = e164(await desk.wechat.phone_of(body.phone_code, now=now))
        wanted.append(names.Name(names.PHONE, phone))
    return await _enter(
        desk, response, origin=origin, device=body.device, wanted=tuple(wanted), now=now
    )


@router.post("/alipay", status_code=status.HTTP_201_CREATED, responses=document(*_REFUSALS))
async def sign_in_with_alipay(
    request: Request, response: Response, body: AlipayIn, now: Now
) -> SessionOut:
    """Sign in from Alipay's mini-program."""
    desk: Desk = request.app.state.desk
    origin = await _counted(request, desk, body.device)
    wanted = (names.Name(names.ALIPAY, await desk.alipay.id_of(body.auth_code, now=now)),)
    return await _enter(desk, response, origin=origin, device=body.device, wanted=wanted, now=now)


async def _counted(request: Request, desk: Desk, device: DeviceIn) -> Origin:
    """Codes cannot be guessed; counting only keeps the noise away from the platform."""
    origin = desk.origin_of(request, device.id)
    per_minute = request.app.state.settings.limits.sign_ins_per_minute
    await request.app.state.cache.allow(f"sign-in:{origin.network.hex()}", per_minute=per_minute)
    return origin


async def _enter(
    desk: Desk,
    response: Response,
    *,
    origin: Origin,
    device: DeviceIn,
    wanted: tuple[names.Name, ...],
    now: Now,
) -> SessionOut:
    async with desk.database.writing() as tx:
        person, is_new = await names.whose(tx, names=wanted, vault=desk.vault, now=now)
        started = await desk.start(
            tx,
            audience=Audience.citizen,
            person_id=person.id,
            account_id=person.account_id,
            origin=origin,
            device=device,
            now=now,
        )
    return await desk.answer(response, started, is_new=is_new, now=now)
