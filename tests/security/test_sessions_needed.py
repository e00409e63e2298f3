"""In production a token stands for a session, a till's key or a provider; nothing else opens."""

import pytest

from app.people.tokens import Audience
from tests.api.doors import token
from tests.make import NOON
from tests.sign_in.arrivals import arrive, bearer

DOORS = {
    Audience.citizen: "/v1/me/wallet",
    Audience.merchant: "/v1/merchant/stores",
    Audience.officer: "/v1/admin/proposals",
}


@pytest.mark.parametrize("audience", DOORS)
async def test_a_developers_token_opens_nothing_in_production(app, client, audience):
    """Signed with the right key, but without a session: good on a laptop, refused in the city."""
    headers = {"Authorization": f"Bearer {token(app.state.tokens, audience, now=NOON)}"}
    assert (await client.get(DOORS[audience], headers=headers)).status_code == 200
    app.state.settings = app.state.settings.model_copy(update={"environment": "production"})
    answer = await client.get(DOORS[audience], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


async def test_a_session_opens_in_production(app, client):
    """Who signed in is let in."""
    session = await arrive(client)
    app.state.settings = app.state.settings.model_copy(update={"environment": "production"})
    assert (await client.get("/v1/me/wallet", headers=bearer(session))).status_code == 200
