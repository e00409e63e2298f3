"""People who sign in: they ask for a code, read it where development shows it, and send it."""

from typing import Any

import httpx
from fastapi import FastAPI

PHONE = "+8613800138000"
DEVICE = "phone-of-lin-0001"


def device(device_id: str = DEVICE) -> dict[str, str]:
    return {"id": device_id, "name": "小林的手机", "platform": "web"}


def number(n: int) -> str:
    """The n-th of ten thousand good numbers."""
    return f"+861380013{n:04}"


def app_of(client: httpx.AsyncClient) -> FastAPI:
    """The service that a client of the fixtures speaks to."""
    return client._transport.app


def last_code(client: httpx.AsyncClient, phone: str = PHONE) -> str:
    """The newest code on its way to a number."""
    inbox = app_of(client).state.desk.sms.inbox
    return next(each.code for each in inbox if each.phone == phone)


async def ask_code(
    client: httpx.AsyncClient, phone: str = PHONE, device_id: str = DEVICE, **how: Any
) -> httpx.Response:
    body = {"phone": phone, "device_id": device_id}
    return await client.post("/v1/auth/codes", json=body, **how)


async def send_code(
    client: httpx.AsyncClient, code: str, phone: str = PHONE, device_id: str = DEVICE, **how: Any
) -> httpx.Response:
    body = {"phone": phone, "code": code, "device": device(device_id)}
    return await client.post("/v1/auth/sessions", json=body, **how)


async def arrive(
    client: httpx.AsyncClient, phone: str = PHONE, device_id: str = DEVICE
) -> dict[str, Any]:
    """Sign in; what the phone gets."""
    assert (await ask_code(client, phone, device_id)).status_code == 202
    answer = await send_code(client, last_code(client, phone), phone, device_id)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def renew(client: httpx.AsyncClient, token: str, device_id: str = DEVICE) -> httpx.Response:
    body = {"refresh_token": token, "device_id": device_id}
    return await client.post("/v1/auth/sessions/refresh", json=body)


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['access_token']}"}


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06}"
