"""A forged token opens no door of any audience."""

import re

import pytest

from app.people.tokens import Audience
from tests.api.doors import SOMEBODY, guards_of, routes
from tests.people.test_tokens import FORGERIES, KEY


@pytest.mark.parametrize("audience", Audience)
async def test_no_forgery_opens_a_door(app, client, audience, monkeypatch):
    """Every kind of forgery at one door of each audience: 401 from the same words, never 500."""
    monkeypatch.setattr(app.state, "tokens", type(app.state.tokens)(KEY))
    door = next(each for each in routes(app) if guards_of(each) == {audience})
    path = re.sub(r"\{[^}]+\}", str(SOMEBODY), str(door.path))
    words = set()
    for name, forgery in FORGERIES.items():
        headers = [(b"Authorization", b"Bearer " + forgery.encode("utf-8", "replace"))]
        answer = await client.request(min(door.methods), path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in"), name
        words.add(answer.json()["detail"])
    assert len(words) <= 2
