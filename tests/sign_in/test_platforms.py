"""WeChat and Alipay: what is asked of them, what they answer, and whose account it opens."""

import base64
import json
import logging
from datetime import timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.clock import current_time
from app.settings import Settings
from app.sign_in.alipay import NODE, Alipay
from app.sign_in.errors import PlatformRefused, PlatformUnavailable
from app.sign_in.outside import Outside
from app.sign_in.platforms import NoPlatform, alipay_for, wechat_for
from app.sign_in.wechat import Wechat
from tests.make import NOON
from tests.sign_in.arrivals import app_of, arrive, bearer, device

OURS, ALIPAYS = (generate_private_key(65537, 2048) for _ in range(2))


async def enter(client, path, **body):
    return await client.post(f"/v1/auth/{path}", json=body | {"device": device()})


async def account_of(client, session):
    """The account behind a session, as a listed session's owner sees it."""
    listed = (await client.get("/v1/me/sessions", headers=bearer(session))).json()["items"]
    return {each["session_id"] for each in listed}


async def test_wechat_and_a_phone_open_one_account(client):
    """A phone code joins the number's account; from then on WeChat alone opens it."""
    by_phone = await arrive(client)
    joined = await enter(client, "wechat", js_code="console-lin", phone_code="console-13800138000")
    assert (joined.status_code, joined.json()["account_is_new"]) == (201, False)
    alone = await enter(client, "wechat", js_code="console-lin")
    assert alone.json()["account_is_new"] is False
    assert by_phone["session_id"] in await account_of(client, alone.json())


async def test_a_number_of_somebody_else_does_not_change_hands(client):
    """Who has an account under WeChat keeps it; the number stays with whoever has it."""
    await enter(client, "wechat", js_code="console-boris")
    lins = await arrive(client)
    boris = await enter(client, "wechat", js_code="console-boris", phone_code="console-13800138000")
    assert lins["session_id"] not in await account_of(client, boris.json())
    app_of(client).dependency_overrides[current_time] = lambda: NOON + timedelta(minutes=1)
    assert lins["session_id"] in await account_of(client, await arrive(client))


async def test_alipay_makes_an_account_of_its_own(client):
    """The first code makes it, the second finds it, and WeChat's same name is somebody else."""
    first, second = [await enter(client, "alipay", auth_code="console-lin") for _ in range(2)]
    assert [each.json()["account_is_new"] for each in (first, second)] == [True, False]
    other = await enter(client, "wechat", js_code="console-lin")
    assert other.json()["account_is_new"] is True


async def test_the_stand_in_refuses_other_codes_and_production_has_none(client):
    """Only `console-` codes are taken in development, and nothing is in production."""
    answer = await enter(client, "wechat", js_code="0a3bXY000kSgLS1z")
    assert (answer.status_code, answer.json()["code"]) == (401, "platform-refused")
    production = Settings.model_construct(environment="production")
    assert isinstance(wechat_for(production), NoPlatform)
    assert isinstance(alipay_for(production), NoPlatform)
    object.__setattr__(app_of(client).state.desk, "wechat", NoPlatform("WeChat"))
    assert (await enter(client, "wechat", js_code="console-lin")).status_code == 503


def wechat(*answers):
    """A mini-program whose WeChat gives these answers in turn, and what it was asked."""
    asked, waiting = [], list(answers)

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=waiting.pop(0))

    outside = Outside("WeChat", httpx.MockTransport(answer))
    return Wechat(outside, app_id="wx1", secret="s3cret"), asked


class Heard(logging.Handler):
    """Everything that any library says."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


async def test_a_login_code_becomes_an_openid(monkeypatch):
    """The code is asked for once with the app's secret, which is in no log."""
    heard, root = Heard(), logging.getLogger()
    monkeypatch.setattr(root, "handlers", [heard])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    port, asked = wechat({"openid": "o-1", "session_key": "k"})
    assert await port.id_of("code-1", now=NOON) == "o-1"
    (request,) = asked
    assert request.url.path == "/sns/jscode2session"
    assert request.url.params["js_code"] == "code-1"
    assert request.url.params["secret"] == "s3cret"
    assert not any("s3cret" in line for line in heard.lines)


TOKEN = {"access_token": "t", "expires_in": 7200}
PHONE = {
    "errcode": 0,
    "phone_info": {
        "purePhoneNumber": "13800138000",
        "countryCode": "86",
        "watermark": {"appid": "wx1"},
    },
}


async def test_a_phone_code_becomes_a_number():
    """The app's token is fetched once, kept, and fetched anew when WeChat says it is dead."""
    port, asked = wechat(TOKEN, PHONE, PHONE, {"errcode": 40001}, TOKEN, PHONE)
    for _ in range(3):
        assert await port.phone_of("code-2", now=NOON) == "+8613800138000"
    assert [each.url.path.rsplit("/", 1)[1] for each in asked] == [
        "stable_token", "getuserphonenumber", "getuserphonenumber",
        "getuserphonenumber", "stable_token", "getuserphonenumber",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [({"errcode": 40029}, PlatformRefused), ({"errcode": 40226}, PlatformRefused),
     ({"errcode": -1}, PlatformUnavailable), ({"errcode": 45011}, PlatformUnavailable),
     ({}, PlatformUnavailable), ([], PlatformUnavailable)],
)  # fmt: skip
async def test_wechats_refusals_are_told_from_its_troubles(answer, refusal):
    """A bad code is the caller's matter; a busy system, a limit and nonsense are not."""
    port, _ = wechat(answer)
    with pytest.raises(refusal):
        await port.id_of("code-3", now=NOON)


async def test_a_number_shown_to_another_app_is_not_taken():
    """The watermark must be ours."""
    info = PHONE["phone_info"] | {"watermark": {"appid": "wx2"}}
    port, _ = wechat(TOKEN, PHONE | {"phone_info": info})
    with pytest.raises(PlatformUnavailable):
        await port.phone_of("code-4", now=NOON)


def alipay(node, *, key=ALIPAYS, meddle=lambda text: text):
    """A mini-program whose Alipay answers with this node, signed with a key, and what it was asked."""
    asked = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(httpx.QueryParams(request.content.decode())))
        text = json.dumps(node, ensure_ascii=False)
        sign = base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()
        body = f'{{"{NODE}":{text},"sign":"{sign}"}}' if NODE not in node else json.dumps(node)
        return httpx.Response(200, text=meddle(body))

    pem = OURS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = ALIPAYS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    outside = Outside("Alipay", httpx.MockTransport(answer))
    return Alipay(outside, app_id="2021", key_pem=pem, public_pem=public.decode()), asked


async def test_alipays_answer_is_believed_because_it_is_signed():
    """Our request verifies with our key, and the signed answer's open id is taken."""
    port, asked = alipay({"open_id": "oid-1", "access_token": "a"})
    assert await port.id_of("code-5", now=NOON) == "oid-1"
    sent = asked[0]
    sign = base64.b64decode(sent.pop("sign"))
    text = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
    OURS.public_key().verify(sign, text.encode(), PKCS1v15(), SHA256())
    assert (sent["code"], sent["timestamp"]) == ("code-5", "2026-03-01 12:00:00")


@pytest.mark.parametrize(
    "port",
    [
        alipay({"open_id": "oid-1"}, key=OURS)[0],
        alipay({"open_id": "oid-1"}, meddle=lambda text: text.replace("oid-1", "oid-2"))[0],
        alipay({"open_id": "oid-1"}, meddle=lambda _: "<html>")[0],
        alipay({"open_id": 7})[0],
    ],
    ids=["another key", "changed", "not json", "not an id"],
)
async def test_an_answer_that_alipay_did_not_sign_is_none(port):
    """Another key, a changed byte and nonsense open nothing."""
    with pytest.raises(PlatformUnavailable):
        await port.id_of("code-6", now=NOON)


async def test_alipays_refusal_is_told():
    """A used code comes as an error response."""
    refusal = json.dumps({"error_response": {"code": "40002", "sub_code": "isv.code-invalid"}})
    port, _ = alipay({}, meddle=lambda _: refusal)
    with pytest.raises(PlatformRefused):
        await port.id_of("code-7", now=NOON)


@pytest.mark.parametrize("status", [500, 302])
async def test_a_failing_service_is_unavailable(status):
    """Failures and redirects are not followed."""
    outside = Outside("X", httpx.MockTransport(lambda _: httpx.Response(status)))
    with pytest.raises(PlatformUnavailable):
        await outside.ask("GET", "https://x.example/")
