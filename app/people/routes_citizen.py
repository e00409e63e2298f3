"""A citizen's own profile and household."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response, status

from app.cache import TooManyRequests
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.idempotency import IdempotencyKeyReused, Nothing, OptionalKey, once
from app.pages import UNCHANGED, PersonalRoute, knows
from app.people import households, join_codes
from app.people import profile as profiles
from app.people.errors import (
    BirthYearSaid,
    BirthYearUnsound,
    CitizenNotFound,
    HouseholdFull,
    HouseholdLeft,
    HouseholdNotFound,
    HouseholdTaken,
    JoinCodeUnknown,
    MovedLately,
    NicknameTaken,
    NicknameUnsound,
    NotSignedIn,
    ProfileChanged,
    WrongAudience,
)
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.people.schemas import HouseholdJoinIn, HouseholdOut, JoinCodeOut, ProfileIn, ProfileOut
from app.problems import document

router = APIRouter(prefix="/me", tags=["me"], dependencies=[Documented], route_class=PersonalRoute)

_SIGN_IN = (NotSignedIn, WrongAudience)
CODES_PER_MINUTE = 10
"""Tries of one citizen; what makes guessing a code hopeless."""
IfMatch = Annotated[
    str | None,
    Header(max_length=100, description="The ETag you have read; absent: change it anyway."),
]


async def _within_limit(request: Request, citizen: CurrentCitizen) -> None:
    """Counted before a connection is taken, so a flood holds none."""
    per_minute = request.app.state.settings.limits.citizen_writes_per_minute
    await request.app.state.cache.allow(f"citizen:{citizen.account_id}", per_minute=per_minute)


async def _within_tries(request: Request, citizen: CurrentCitizen) -> None:
    await request.app.state.cache.allow(
        f"household:{citizen.account_id}", per_minute=CODES_PER_MINUTE
    )


@router.get(
    "/profile",
    response_model=ProfileOut,
    responses=document(*_SIGN_IN, CitizenNotFound) | UNCHANGED,
)
async def read_profile(
    request: Request, response: Response, citizen: CurrentCitizen, tx: CitizenTx
) -> ProfileOut | Response:
    """What you have said about yourself."""
    found = await profiles.profile(tx, account_id=citizen.account_id)
    _name(response, found.etag)
    if knows(request, found.etag):
        return Response(status_code=304, headers=dict(response.headers))
    return ProfileOut.of(found)


@router.patch(
    "/profile",
    dependencies=[Depends(_within_limit)],
    responses=document(
        *_SIGN_IN,
        CitizenNotFound,
        NicknameUnsound,
        NicknameTaken,
        BirthYearSaid,
        BirthYearUnsound,
        MovedLately,
        ProfileChanged,
        TooManyRequests,
    ),
)
async def change_profile(
    *,
    response: Response,
    body: ProfileIn,
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
    if_match: IfMatch = None,
) -> ProfileOut:
    """Change it. The birth year is your own word and is said once; an officer corrects it."""
    found = await profiles.change(
        tx, account_id=citizen.account_id, wish=body.wish(), known=if_match, now=now
    )
    _name(response, found.etag)
    return ProfileOut.of(found)


@router.get("/household", responses=document(*_SIGN_IN, HouseholdNotFound))
async def read_household(
    response: Response, citizen: CurrentCitizen, tx: ReadTx, now: Now
) -> HouseholdOut:
    """Who lives with you, by nickname."""
    response.headers["Cache-Control"] = "no-store"
    return HouseholdOut.of(await households.household(tx, account_id=citizen.account_id, now=now))


@router.post(
    "/household",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(_within_limit)],
    responses=document(
        *_SIGN_IN,
        CitizenNotFound,
        HouseholdTaken,
        HouseholdLeft,
        TooManyRequests,
        IdempotencyKeyReused,
    ),
)
async def open_household(
    *,
    request: Request,
    response: Response,
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
    idempotency_key: OptionalKey = None,
) -> JoinCodeOut:
    """Open a household; its code is shown this once, and others join with it for a day."""
    me, key = citizen.account_id, request.app.state.keys.subject
    text = None  # it is a secret, so it is not kept with the key: it is drawn from it again
    if idempotency_key is not None:
        text = join_codes.drawn(key, account_id=me, intention=idempotency_key)

    async def opening() -> dict[str, Any]:
        made = await households.open_household(tx, account_id=me, key=key, now=now, text=text)
        if text is None:
            return JoinCodeOut.of(made).model_dump(mode="json")
        return JoinCodeOut.of(made).model_dump(mode="json", exclude={"join_code"})

    made = await once(
        tx,
        account_id=me,
        key=idempotency_key,
        route="open_household",
        body=Nothing(),
        effect=opening,
        now=now,
    )
    response.headers["Cache-Control"] = "no-store"
    return JoinCodeOut.model_validate(made if text is None else made | {"join_code": text})


@router.post(
    "/household/code",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(_within_limit)],
    responses=document(*_SIGN_IN, HouseholdNotFound, TooManyRequests),
)
async def renew_code(
    *, request: Request, response: Response, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> JoinCodeOut:
    """A fresh code for your household; the former one opens nothing any more."""
    key = request.app.state.keys.subject
    response.headers["Cache-Control"] = "no-store"
    return JoinCodeOut.of(
        await households.renew_code(tx, account_id=citizen.account_id, key=key, now=now)
    )


@router.post(
    "/household/join",
    dependencies=[Depends(_within_tries)],
    responses=document(
        *_SIGN_IN,
        CitizenNotFound,
        JoinCodeUnknown,
        HouseholdTaken,
        HouseholdLeft,
        HouseholdFull,
        TooManyRequests,
    ),
)
async def join_household(
    *,
    request: Request,
    response: Response,
    body: HouseholdJoinIn,
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
) -> HouseholdOut:
    """Join a household by its code. Who has left one joins no other for thirty days."""
    me, key = citizen.account_id, request.app.state.keys.subject
    await households.join(tx, account_id=me, code=body.join_code, key=key, now=now)
    response.headers["Cache-Control"] = "no-store"
    return HouseholdOut.of(await households.household(tx, account_id=me, now=now))


@router.delete(
    "/household",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Depends(_within_limit)],
    responses=document(*_SIGN_IN, CitizenNotFound, TooManyRequests),
)
async def leave_household(citizen: CurrentCitizen, tx: WriteTx, now: Now) -> None:
    """Leave your household; its limits count you for thirty days more. Repeating it is safe."""
    await households.leave(tx, account_id=citizen.account_id, now=now)


def _name(response: Response, etag: str) -> None:
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
