"""What a table of moves is made of: a call in the right state, and four ways in which it is wrong.

A move is made in the right state by `Move.right`. Its columns say what is answered in a wrong
state, to somebody else, when it is sent twice, and when it comes late. An expected answer is
``"409 coupon-not-open"``, ``"204"``, or `SAME`: the first answer once more, byte for byte. Where a
column cannot be, it says why.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from app.clock import current_time
from app.database import Database, Tx
from app.ids import new_id
from app.keys import Keys
from app.people.offices import Office
from app.people.register import register_officer
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens
from tests import make
from tests.make import NOON

SAME = "the same"
ALWAYS = timedelta(days=400)
Headers = Mapping[str, str]


@dataclass
class Scene:
    """Where moves are made: the service, the database, and a clock that can be moved."""

    app: FastAPI
    client: httpx.AsyncClient
    database: Database
    tx: Tx
    keys: Keys
    now: datetime = NOON

    def at(self, when: datetime) -> None:
        """Let it be this moment."""
        self.now = when
        self.app.dependency_overrides[current_time] = lambda: self.now

    def headers(
        self,
        audience: Audience,
        subject: object,
        *,
        account_id: int = 0,
        seat: Seat | None = None,
        office: Office | None = None,
    ) -> dict[str, str]:
        """What somebody sends whose token never ends; an officer's has one office."""
        token = Tokens(self.keys.token).sign(
            audience,
            subject=str(subject),
            account_id=account_id,
            seat=seat,
            offices=frozenset() if office is None else frozenset({office}),
            now=NOON - timedelta(days=1),
            life=ALWAYS,
        )
        return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    def desk(self, merchant_id: UUID, role: Role = Role.manager) -> dict[str, str]:
        """Somebody who works for a merchant."""
        return self.headers(Audience.merchant, merchant_id, seat=Seat(role))

    def phone(self, account_id: int) -> dict[str, str]:
        """A citizen's phone, with a key of its own."""
        signed = self.headers(Audience.citizen, new_id(), account_id=account_id)
        return signed | {"Idempotency-Key": f"key-{uuid4()}"}

    async def officer(self, office: Office) -> dict[str, str]:
        """An officer whom nobody else has, with this office and no other."""
        officer_id = await register_officer(self.tx, name=f"o-{uuid4()}", role=office, now=NOON)
        return self.headers(Audience.officer, officer_id, office=office)


@dataclass(frozen=True)
class Call:
    """A request, and what the ways to be wrong need to know."""

    path: str
    body: Any = None
    headers: Headers = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None

    async def send(self, scene: Scene, method: str, headers: Headers | None = None):
        """Make the request."""
        given = {"content": self.content} if self.content is not None else {"json": self.body}
        return await scene.client.request(
            method, self.path, headers=self.headers if headers is None else headers, **given
        )


Right = Callable[[Scene], Awaitable[Call]]
Turn = Callable[[Scene, Call], Awaitable[None]]
Other = Callable[[Scene, Call], Awaitable[Headers]]


@dataclass(frozen=True)
class Move:
    """A route that changes something, and what it answers when it should not.

    Attributes:
        route: method and path, as the service has them.
        right: makes the situation and the call that is right in it.
        wrong: what happens before, and the answer then.
        other: who calls instead, and the answer; nothing of it may happen.
        twice: the answer to the second time.
        late: what time does to it, and the answer.

    """

    route: str
    right: Right
    wrong: tuple[Turn, str] | str
    other: tuple[Other, str] | str
    twice: str
    late: tuple[Turn, str] | str


def told(answer: httpx.Response) -> str:
    """Status, and the code of a refusal."""
    if answer.status_code < 400:
        return str(answer.status_code)
    return f"{answer.status_code} {answer.json()['code']}"


def after(**span: int) -> Turn:
    """So much time goes by."""

    async def turn(scene: Scene, _: Call) -> None:
        scene.at(scene.now + timedelta(**span))

    return turn


async def another_merchant(scene: Scene, _: Call) -> Headers:
    """A manager of somebody else's shop."""
    return scene.desk((await make.merchant(scene.tx)).id)


async def another_citizen(scene: Scene, _: Call) -> Headers:
    """Somebody else with points."""
    return scene.phone(await make.rich(scene.tx, 500))


async def another_office(scene: Scene, _: Call) -> Headers:
    """An officer who decides about appeals, and neither pays nor runs the shop."""
    return await scene.officer(Office.reviewer)


async def a_merchant(scene: Scene, _: Call) -> Headers:
    """A merchant at an officers' door."""
    return scene.desk(uuid4())


def doing(act: Callable[[Scene, Call], Awaitable[Any]]) -> Turn:
    """Something happens before."""

    async def turn(scene: Scene, call: Call) -> None:
        await act(scene, call)

    return turn


def itself(method: str) -> Turn:
    """The same call was made by somebody before."""

    async def turn(scene: Scene, call: Call) -> None:
        answer = await call.send(scene, method)
        assert answer.status_code < 300, answer.text

    return turn
