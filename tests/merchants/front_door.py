"""Builders of merchants that came in by the front door. Each returns something valid."""

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from app.approvals import decide
from app.database import Tx
from app.main import ACTIONS
from app.merchants import apply, check, directory, equip, invite, keep_store, rules
from app.merchants.directory import MerchantView
from app.merchants.equip import Issued
from app.merchants.invite import Invited
from app.merchants.stores import StoreView
from app.people.seats import Role, Seat
from app.people.tokens import Audience
from app.sign_in import totp
from tests.make import NOON, VAULT

MAKER, CHECKER = uuid4(), uuid4()


@dataclass(frozen=True)
class Checked:
    """An application that waits for the second officer."""

    id: UUID
    proposal_id: UUID
    code: str


DRAWN = re.compile(r"[0-9a-f-]{36}|cafe-[0-9a-f]+|91321102MA\w{8}")
"""What is drawn by lot and may hold any digits: ids, a café's short name, its credit code."""


def credit_code() -> str:
    """A unified social credit code that nobody else has."""
    first = f"91321102MA{secrets.randbelow(10**7):07}"
    return first + rules.check_symbol(first)


def asked(**changes) -> apply.Asked:
    """What a café says about itself."""
    fields = {
        "name_zh": "街角咖啡",
        "name_en": "Corner Coffee",
        "credit_code": credit_code(),
        "contact_name": "王女士",
        "phone": "0511-88880000",
        "bank_name": "镇江银行",
        "bank_holder": "街角咖啡有限公司",
        "bank_account": "6222 0000 0000 1234",
        "district_code": "321102",
        "categories": ["cafe", "food"],
        "agreement_version": 1,
    }
    return apply.Asked(**fields | changes)


async def applied(tx: Tx, *, now: datetime = NOON) -> UUID:
    """An application that nobody has looked at."""
    return await apply.apply(tx, asked=asked(), vault=VAULT, now=now)


async def checked(tx: Tx, *, application_id: UUID | None = None, code: str = "") -> Checked:
    """An application that the first officer has looked at."""
    found = application_id or await applied(tx)
    name = code or f"cafe-{secrets.token_hex(6)}"
    proposal_id = await check.check(
        tx, application_id=found, code=name, notes="Licence seen.", officer_id=MAKER, now=NOON
    )
    return Checked(found, proposal_id, name)


async def agree(tx: Tx, proposal_id: UUID, *, officer_id: UUID = CHECKER) -> None:
    """The second officer presses the button."""
    await decide.approve(
        tx, proposal_id=proposal_id, officer_id=officer_id, actions=ACTIONS, now=NOON
    )


async def approved(tx: Tx) -> MerchantView:
    """A merchant that two officers let in and whose manager has not come yet."""
    waiting = await checked(tx)
    await agree(tx, waiting.proposal_id)
    return await directory.by_code(tx, code=waiting.code)


async def invited(tx: Tx, merchant_id: UUID, role: Role = Role.manager) -> Invited:
    """Somebody with a code in their hand."""
    return await invite.invite(
        tx, merchant_id=merchant_id, name="小陈", role=role, actor="officer:x", now=NOON
    )


async def onboarded(tx: Tx) -> MerchantView:
    """An active merchant with one manager."""
    merchant = await approved(tx)
    person = await invited(tx, merchant.id)
    await invite.accept(tx, code=person.code, now=NOON)
    return await directory.by_id(tx, merchant_id=merchant.id)


def place(**changes) -> keep_store.Place:
    """A store in the middle of Zhenjiang."""
    fields = {
        "code": f"s-{secrets.token_hex(4)}",
        "name_zh": "西津渡店",
        "name_en": "Ferry store",
        "address": "西津渡街 12 号",
        "district_code": "321102",
        "latitude": Decimal("32.209800"),
        "longitude": Decimal("119.430100"),
        "opening_hours": "09:00-21:00",
        "state": "open",
    }
    return keep_store.Place(**fields | changes)


async def store(tx: Tx, merchant_id: UUID, **changes) -> StoreView:
    """A store of a merchant."""
    return await keep_store.add(
        tx, merchant_id=merchant_id, place=place(**changes), actor="staff:x", now=NOON
    )


async def till(tx: Tx, merchant_id: UUID, store_id: UUID) -> Issued:
    """A till in a store, and its key."""
    return await equip.issue(
        tx,
        merchant_id=merchant_id,
        store_id=store_id,
        code=f"t-{secrets.token_hex(4)}",
        label="前台",
        actor="staff:x",
        now=NOON,
    )


def headers(app: FastAPI, merchant_id: UUID, seat: Seat | None = None) -> dict[str, str]:
    """What somebody at the merchant's counter sends; a manager unless told."""
    token = app.state.tokens.sign(
        Audience.merchant, subject=str(merchant_id), seat=seat or Seat(Role.manager), now=NOON
    )
    return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}


async def signed_in(client: httpx.AsyncClient, joined: dict[str, str]) -> dict[str, Any]:
    """One of a merchant's people signs in, with what their authenticator app shows at noon."""
    step = int(NOON.timestamp()) // totp.STEP_S
    body = {
        "staff_id": joined["staff_id"],
        "password": "correct horse battery",
        "totp": totp.code_at(base64.b32decode(joined["totp_secret"]), step),
        "device": {"id": "tablet-0001", "name": "店里平板", "platform": "web"},
    }
    answer = await client.post("/v1/auth/staff/sessions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def from_elsewhere(app: FastAPI) -> httpx.AsyncClient:
    """A caller at an address of their own, so that the limits count nobody else's calls."""
    address = ".".join(str(1 + secrets.randbelow(250)) for _ in range(4))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40_000))
    return httpx.AsyncClient(transport=transport, base_url="http://test")
