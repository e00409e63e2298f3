"""The doors of the service: every route under /v1, whom it is for, and a token for each audience."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.ids import account_number
from app.people import guards
from app.people.offices import EVERYBODY
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens

GUARDS = {
    guards._citizen: Audience.citizen,
    guards._merchant: Audience.merchant,
    guards._provider: Audience.provider,
    guards._officer: Audience.officer,
}
PREFIXES = {
    "/v1/me/": Audience.citizen,
    "/v1/merchant/": Audience.merchant,
    "/v1/provider/": Audience.provider,
    "/v1/admin/": Audience.officer,
}
SOMEBODY = UUID("01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55")


def routes(app: FastAPI) -> Iterator[Any]:
    """Every route of the programme, with the path it really has."""
    for each in iter_route_contexts(app.routes):
        if str(each.path).startswith("/v1/"):
            yield each


def guards_of(route: Any) -> set[Audience]:
    """The audiences whose guards stand in a route's dependencies, at any depth."""
    found, waiting = set(), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if dependant.call in GUARDS:
            found.add(GUARDS[dependant.call])
        waiting += dependant.dependencies
    return found


def audience_of(path: str) -> Audience | None:
    """Whom a path is for, by its beginning; None for everybody."""
    for prefix, audience in PREFIXES.items():
        if path.startswith(prefix):
            return audience
    return None


def token(tokens: Tokens, audience: Audience, *, now: datetime, **changes: Any) -> str:
    """A good token of somebody."""
    account = account_number(7) if audience is Audience.citizen else 0
    subject = "bikes" if audience is Audience.provider else str(SOMEBODY)
    seat = Seat(Role.manager) if audience is Audience.merchant else None
    offices = EVERYBODY if audience is Audience.officer else frozenset()
    fields = {"subject": subject, "account_id": account, "seat": seat, "offices": offices} | changes
    return tokens.sign(audience, now=now, **fields)
