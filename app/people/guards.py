"""Who is calling: one dependency per audience. A route names exactly one of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.clock import moment_of
from app.database import Tx
from app.people.errors import NotSignedIn
from app.people.tokens import Audience, Caller, Tokens

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`puhui token --as ...`")
"""Only for the OpenAPI document: the header is read below, once."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """The citizen who is calling."""

    account_id: int


@dataclass(frozen=True, slots=True)
class Merchant:
    """The merchant whose till is calling."""

    id: UUID


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
    return Merchant(UUID(_caller(request, Audience.merchant).subject))


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
