"""Who is calling: one dependency per audience. A route names exactly one of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.clock import moment_of
from app.database import Tx
from app.people.errors import NotSignedIn, WrongRole
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Caller, Tokens

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`puhui token --as ...`")
"""Only for the OpenAPI document: the header is read below, once."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """The citizen who is calling."""

    account_id: int


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
    """The officer who is calling."""

    id: UUID


def _caller(request: Request, audience: Audience) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn(
            "Send `Authorization: Bearer <token>`.", "请在 Authorization 请求头中提供 Bearer 令牌。"
        )
    tokens: Tokens = request.app.state.tokens
    return tokens.read(token.strip(), audience, now=moment_of(request))


async def _citizen(request: Request) -> Citizen:
    return Citizen(_caller(request, Audience.citizen).account_id)


async def _merchant(request: Request) -> Merchant:
    caller = _caller(request, Audience.merchant)
    assert caller.seat is not None, "a merchant's token without a role is refused when read"
    merchant = Merchant(UUID(caller.subject), caller.seat)
    if merchant.seat.key_id is not None or merchant.seat.staff_id is not None:
        counter: Counter = request.app.state.counter
        await counter.ensure_live(
            merchant_id=merchant.id, seat=merchant.seat, now=moment_of(request)
        )
    return merchant


async def _provider(request: Request) -> Provider:
    return Provider(_caller(request, Audience.provider).subject)


async def _officer(request: Request) -> Officer:
    return Officer(UUID(_caller(request, Audience.officer).subject))


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
