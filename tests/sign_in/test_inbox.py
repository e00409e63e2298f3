"""The development inbox shows codes to developers, and does not exist in production."""

import re

from app.sign_in.sms import NoSms
from tests.sign_in.arrivals import app_of, ask_code, send_code


async def test_the_page_shows_the_code_that_opens(client):
    """What stands on the page signs in, and nobody may keep or script the page."""
    await ask_code(client)
    page = await client.get("/dev/inbox")
    (code,) = re.findall(r'class="code">(\d{6})<', page.text)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (await send_code(client, code)).status_code == 201


async def test_production_has_no_such_page(client):
    """404 in production, and wherever messages really go out."""
    state = app_of(client).state
    development = state.settings
    state.settings = development.model_copy(update={"environment": "production"})
    assert (await client.get("/dev/inbox")).status_code == 404
    state.settings = development
    assert (await client.get("/dev/inbox")).status_code == 200
    object.__setattr__(state.desk, "sms", NoSms())
    assert (await client.get("/dev/inbox")).status_code == 404
