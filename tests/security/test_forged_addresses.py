"""A limit by address counts the peer: what a caller writes about itself dodges nothing."""

import json
import secrets

import pytest

from app.settings import LimitSettings
from tests.api import wire
from tests.api.good import bodies, full

FORGED = (
    {"x-forwarded-for": "198.51.100.1"},
    {"x-forwarded-for": "198.51.100.2, 10.0.0.1", "forwarded": "for=198.51.100.2"},
    {"x-real-ip": "198.51.100.3", "true-client-ip": "198.51.100.3"},
    {"forwarded": 'for="[2001:db8::4]";proto=https', "x-client-ip": "198.51.100.4"},
    {"cf-connecting-ip": "198.51.100.5", "x-forwarded": "198.51.100.5", "via": "1.1 198.51.100.5"},
)
SCHEMAS = {(method, path): schema for method, path, schema in bodies()}
DOORS = ("/v1/merchants/applications", "/v1/auth/wechat", "/v1/auth/alipay")


@pytest.mark.parametrize("path", DOORS)
async def test_forged_headers_do_not_dodge_the_limit(app, path):
    """Two a minute for an address: whoever asks more is refused whatever it says; a neighbour is not."""
    two = LimitSettings(merchant_applications_per_minute=2, sign_ins_per_minute=2)
    app.state.settings = app.state.settings.model_copy(update={"limits": two})
    body = json.dumps(full(SCHEMAS["POST", path])).encode()
    peer, neighbour = [f"2001:db8:{secrets.randbelow(2**16):x}:{n}::1" for n in (1, 2)]

    async def status(address, headers):
        told = {"content-type": "application/json", **headers}
        answer = await wire.send(app, "POST", path, headers=told, body=body, peer=(address, 40_000))
        return answer.status

    answers = [await status(peer, headers) for headers in FORGED]
    assert answers[0] != 429
    assert 429 in answers, "five in at most two minutes are one too many"
    assert await status(neighbour, FORGED[0]) != 429
