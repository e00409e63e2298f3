"""Who is calling: one dependency per audience. A route names exactly one of them.

A token that belongs to a session is good as long as the session: of citizens and merchants'
people that is believed for two seconds, of officers asked at every call. What an officer may do
stands in `app.people.offices`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple, Protocol
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPBearer

from app.clock import moment_of
from app.database import Tx
from app.people import offices
from app.people.errors import NotSignedIn, WrongRole
from app.people.offices import Office
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Caller, Tokens

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`puhui token --as ...`")
"""Only for the OpenAPI document: the header is read below, once."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """The citizen who is calling; in development perhaps without a session."""

    account_id: int
    id: UUID
    session_id: UUID | None


@dataclass(frozen=True, slots=True)
class Merchant:
    """The merchant whose till, or one of whose people, is calling."""

    id: UUID
    seat: Seat

    @property
    def actor(self) -> str:
        """The name under which it acts: the till, the person, or a developer as the merchant."""
        if self.seat.till_id is not None:
            return f"till:{self.seat.till_id}"
        if self.seat.staff_id is not None:
            return f"staff:{self.seat.staff_id}"
        return f"merchant:{self.id}"


class Sessions(Protocol):
    """Whether a session still lives; `app.main` wires it in."""

    async def ensure_live(self, session_id: UUID, *, now: datetime) -> None:
        """Refuse what has ended.

        Raises:
            NotSignedIn: it has.

        """
        ...

    async def office_of(self, session_id: UUID, *, officer_id: UUID, now: datetime) -> str:
        """What the officer of a living session is trusted with now.

        Raises:
            NotSignedIn: the session has ended.

        """
        ...


class KeyRing(Protocol):
    """Brings the tokens' keys up to date; `app.main` wires it in."""

    async def ensure_fresh(self, *, now: datetime) -> None:
        """Look again when it is time; keys that were revoked are good no more."""
        ...

    async def look(self, *, now: datetime) -> None:
        """Look now, unless that was done a moment ago."""
        ...


class Counter(Protocol):
    """Whether a till or a person that signed in may still act; `app.main` wires it in."""

    async def ensure_live(self, *, merchant_id: UUID, seat: Seat, now: datetime) -> None:
        """Refuse what was revoked or removed since.

        Raises:
            NotSignedIn: it was.

        """
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider that is calling, by its code."""

    code: str


@dataclass(frozen=True, slots=True)
class Officer:
    """The officer who is calling, and what they are trusted with."""

    id: UUID
    offices: frozenset[Office]


class _Wired(NamedTuple):
    """What `app.main` wired in, under the names it has there."""

    tokens: Tokens
    sessions: Sessions
    key_ring: KeyRing


def _wired(request: Request) -> _Wired:
    state = request.app.state
    return _Wired(state.tokens, state.sessions, state.key_ring)


async def _caller(request: Request, audience: Audience) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("Sign in; a bearer token is needed here.", "请先登录,此处需要登录令牌。")
    token, now = token.strip(), moment_of(request)
    wired = _wired(request)
    await wired.key_ring.ensure_fresh(now=now)
    try:
        return wired.tokens.read(token, audience, now=now)
    except NotSignedIn:
        if not wired.tokens.names_unknown_key(token):
            raise
        await wired.key_ring.look(now=now)
        return wired.tokens.read(token, audience, now=now)


def _ensure_may_lack_a_session(request: Request) -> None:
    """Only a developer's token stands for no session; production knows none."""
    if request.app.state.settings.environment == "production":
        raise NotSignedIn("Sign in first.", "请先登录。")


async def _citizen(request: Request) -> Citizen:
    caller = await _caller(request, Audience.citizen)
    if caller.session_id is None:
        _ensure_may_lack_a_session(request)
    else:
        await _wired(request).sessions.ensure_live(caller.session_id, now=moment_of(request))
    return Citizen(caller.account_id, _id_of(caller), caller.session_id)


async def _merchant(request: Request) -> Merchant:
    caller = await _caller(request, Audience.merchant)
    assert caller.seat is not None, "a merchant's token without a role is refused when read"
    merchant = Merchant(_id_of(caller), caller.seat)
    if caller.session_id is not None:
        await _wired(request).sessions.ensure_live(caller.session_id, now=moment_of(request))
    elif merchant.seat.key_id is None:
        _ensure_may_lack_a_session(request)
    if merchant.seat.key_id is not None or merchant.seat.staff_id is not None:
        counter: Counter = request.app.state.counter
        await counter.ensure_live(
            merchant_id=merchant.id, seat=merchant.seat, now=moment_of(request)
        )
    return merchant


async def _provider(request: Request) -> Provider:
    return Provider((await _caller(request, Audience.provider)).subject)


async def _officer(request: Request) -> Officer:
    caller = await _caller(request, Audience.officer)
    officer_id, held = _id_of(caller), caller.offices
    if caller.session_id is None:
        _ensure_may_lack_a_session(request)
    else:
        role = await _wired(request).sessions.office_of(
            caller.session_id, officer_id=officer_id, now=moment_of(request)
        )
        held = frozenset({Office(role)} if role in set(Office) else ())
    offices.ensure(held, offices.ROUTES.get((request.method, _path_of(request)), frozenset()))
    return Officer(officer_id, held)


def _id_of(caller: Caller) -> UUID:
    try:
        return UUID(caller.subject)
    except ValueError as error:
        raise NotSignedIn("Sign in again.", "请重新登录。") from error


def _path_of(request: Request) -> str:
    """The route's path as it was declared, with its prefixes."""
    app: FastAPI = request.app
    known: dict[int, str] | None = getattr(app.state, "paths_by_route", None)
    if known is None:
        contexts = iter_route_contexts(app.routes)
        known = {id(each.original_route): str(each.path) for each in contexts}
        app.state.paths_by_route = known
    return known.get(id(request.scope.get("route")), "")


Documented = Depends(_bearer)
"""For routers: shows the padlock in the API's documentation; decides nothing."""
CurrentCitizen = Annotated[Citizen, Depends(_citizen)]
CurrentMerchant = Annotated[Merchant, Depends(_merchant)]
CurrentProvider = Annotated[Provider, Depends(_provider)]
CurrentOfficer = Annotated[Officer, Depends(_officer)]


async def _citizens(request: Request, citizen: CurrentCitizen) -> AsyncIterator[Tx]:
    async with request.app.state.database.reading_as(account_id=citizen.account_id) as connection:
        yield connection


async def _merchants(request: Request, merchant: CurrentMerchant) -> AsyncIterator[Tx]:
    async with request.app.state.database.reading_as(merchant_id=merchant.id) as connection:
        yield connection


CitizenTx = Annotated[Tx, Depends(_citizens, scope="function")]
"""A read in which PostgreSQL shows the calling citizen's rows, whatever the statement says."""
MerchantTx = Annotated[Tx, Depends(_merchants, scope="function")]
"""The same for the calling merchant's redemptions and scans."""


def _only(*roles: Role) -> Any:
    """A dependency that lets these roles of a merchant in, and no other."""

    async def _ensure(merchant: CurrentMerchant) -> None:
        if merchant.seat.role not in roles:
            raise WrongRole(
                f"This is for: {', '.join(roles)}; this token's role is {merchant.seat.role}.",
                f"该操作仅限角色:{'、'.join(roles)};当前角色为 {merchant.seat.role}。",
                role=merchant.seat.role.value,
            )

    return Depends(_ensure)


Managers = _only(Role.manager)
"""For a route's ``dependencies``: stores, tills, people and offers."""
Cashiers = _only(Role.cashier, Role.manager)
"""For a route's ``dependencies``: taking coupons."""
Accountants = _only(Role.accountant, Role.manager)
"""For a route's ``dependencies``: settlements and payouts."""
Everybody = _only(*Role)
"""For a route's ``dependencies``: what each of a merchant's people may see."""
