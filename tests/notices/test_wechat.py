"""WeChat's answers, played back: tokens are kept and renewed, nothing is lost, little is doubled."""

import json
import re
from pathlib import Path

import httpx
import pytest

from app.notices.channels import Several, channel_for
from app.notices.deliver import ChannelDownError, ConsoleChannel, deliver
from app.notices.enqueue import enqueue
from app.notices.push import PushChannel
from app.notices.texts import OTHER, TEMPLATES
from app.notices.wechat import WechatChannel
from app.settings import NoticeSettings, Settings, SignInSettings
from app.sign_in.addresses import AddressBook
from app.sign_in.outside import Outside
from app.sign_in.wechat import Wechat as MiniProgram
from tests import make
from tests.make import NOON, VAULT
from tests.sign_in.arrivals import app_of, arrive, bearer, device

ROOT = Path(__file__).parents[2]


class Book:
    """Everybody but the third account is at WeChat."""

    async def openids(self, account_ids):
        """Openids by account."""
        return {each: f"o-{each}" for each in account_ids if each % 1024 != 3}


class Wechat:
    """WeChat as it answers: codes in turn, and what it was asked."""

    def __init__(self, *codes):
        self.codes = list(codes)
        self.tokens = 0
        self.sent = []
        self.bodies = []
        self.now_s = 0

    def answer(self, request):
        """One request."""
        body = json.loads(request.content)
        if request.url.path == "/cgi-bin/stable_token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"t{self.tokens}", "expires_in": 7200})
        code = self.codes.pop(0) if self.codes else 0
        if code == "down":
            return httpx.Response(502, text="bad gateway")
        self.bodies.append(body)
        self.sent.append((request.url.params["access_token"], body["touser"], code))
        return httpx.Response(200, json={"errcode": code})

    def channel(self, addresses=None):
        """A channel to it."""
        return WechatChannel(
            httpx.AsyncClient(transport=httpx.MockTransport(self.answer)),
            app_id="wx1",
            secret="hidden",
            templates={"points_earned": "T1", "act_released": "T2"},
            addresses=addresses or Book(),
            page="pages/index/index",
            clock_s=lambda: self.now_s,
        )


async def promise(tx, *buckets, template="points_earned"):
    """A message to an account of each bucket."""
    accounts = [make.account() // 1024 * 1024 + bucket for bucket in buckets]
    for account_id in accounts:
        await enqueue(tx, template=template, facts_of={account_id: {"points": 1}}, now=NOON)
    return accounts


async def left(tx):
    """How many messages wait."""
    return (await (await tx.execute("SELECT count(*) FROM outbox")).fetchone())[0]


async def test_one_token_serves_until_it_ages(tx):
    """It is asked for once, kept for its life, and asked for again near its end."""
    wechat = Wechat()
    channel = wechat.channel()
    await promise(tx, 1, 2)
    assert await deliver(tx, channel=channel) == 2
    wechat.now_s = 6_899
    await promise(tx, 1)
    await deliver(tx, channel=channel)
    assert wechat.tokens == 1
    wechat.now_s = 6_900
    await promise(tx, 1)
    await deliver(tx, channel=channel)
    assert wechat.tokens == 2


async def test_a_dead_token_is_renewed_once(tx):
    """The message goes out with the new one; no loop, if that one is refused too."""
    wechat = Wechat(42001, 0, 40001, 40001)
    channel = wechat.channel()
    await promise(tx, 1, 2)
    assert await deliver(tx, channel=channel) == 1
    assert [each[2] for each in wechat.sent] == [42001, 0, 40001, 40001]
    assert await left(tx) == 1


@pytest.mark.parametrize(
    ("code", "waits"), [(0, 0), (43101, 0), (40003, 0), (-1, 1), (45009, 1), ("down", 1)]
)
async def test_what_may_succeed_later_waits(tx, code, waits):
    """Not subscribed is done with; busy, limited or away waits, and the others go out."""
    wechat = Wechat(code)
    await promise(tx, 1, 2)
    assert await deliver(tx, channel=wechat.channel()) == 2 - waits
    assert await left(tx) == waits
    assert [each[2] for each in wechat.sent][-1] == 0


async def test_who_is_not_there_is_not_asked_for(tx):
    """No openid, or no template at WeChat: the inbox has it, and the promise is kept."""
    wechat = Wechat()
    await promise(tx, 3)
    await promise(tx, 1, template="points_expiring")
    assert await deliver(tx, channel=wechat.channel()) == 2
    assert wechat.sent == []


async def test_no_token_no_message_and_no_secret_in_the_error(tx):
    """WeChat away at the token: all messages wait, and what is raised names neither address."""

    def away(request):
        raise httpx.ConnectError(f"no route to {request.url} hidden")

    channel = Wechat().channel()
    channel._http = httpx.AsyncClient(transport=httpx.MockTransport(away))
    await promise(tx, 1)
    with pytest.raises(ChannelDownError) as down:
        await deliver(tx, channel=channel)
    assert "hidden" not in str(down.value)
    assert down.value.__cause__ is None
    assert await left(tx) == 1


def test_half_a_channel_does_not_start():
    """WeChat without its keys, or without an address book, is refused; the console needs none."""
    with pytest.raises(ValueError, match="wechat needs"):
        NoticeSettings(channel="wechat")
    with pytest.raises(ValueError, match="push needs"):
        NoticeSettings(channel="push", push_url="https://push.example")
    whole = NoticeSettings(
        channel="wechat", wechat_app_id="wx1", wechat_secret="s", wechat_templates={"a": "b"}
    )
    with pytest.raises(ValueError, match="address book"):
        channel_for(whole, addresses=None)
    assert isinstance(channel_for(whole, addresses=Book()), WechatChannel)
    assert isinstance(channel_for(NoticeSettings(), addresses=None), ConsoleChannel)
    with pytest.raises(ValueError, match="mini-program"):
        Settings(environment="test", notices=whole, sign_in=SignInSettings(wechat_app_id="wx2"))


async def test_a_message_reaches_whoever_signed_in_with_wechat(client, database):
    """The openid of `code2session` is kept sealed, and the message goes to it with its screen."""
    wechat = Wechat()
    nobody = await signed_in(client, database, "console-lin")
    account_id = await signed_in(client, database, "code-1", "o-anna")
    async with database.writing() as tx:
        act = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
        for who in (account_id, nobody):
            facts = {
                who: {"act_id": act, "grams": 1, "points": 1, "reason_zh": "", "reason_en": ""}
            }
            await enqueue(tx, template="act_released", facts_of=facts, now=NOON)
        channel = wechat.channel(AddressBook(database, VAULT))
        assert await deliver(tx, channel=channel) == 2
        rows = await tx.execute("SELECT sealed FROM sign_in_name")
        assert not [row async for row in rows if b"o-anna" in row[0]]
    [body] = wechat.bodies
    assert body["touser"] == "o-anna"
    assert body["page"] == f"pages/index/index?to=%2Facts%2F{act}"


async def test_pushes_go_to_every_phone_that_is_signed_in(client, database):
    """The address is sealed with its session; a failing gateway keeps everything, names nothing."""
    session = await arrive(client)
    me = bearer(session)
    path = "/v1/me/sessions/push-address"
    assert (await client.put(path, json={"address": "token-of-lin"}, headers=me)).status_code == 204
    sql = "SELECT account_id, push_sealed FROM sign_in_session WHERE id = %s"
    async with database.writing() as tx:
        account_id, sealed = await (await tx.execute(sql, (session["session_id"],))).fetchone()
        assert b"token-of-lin" not in sealed
        await enqueue(tx, template="points_earned", facts_of={account_id: {"points": 7}}, now=NOON)
        codes, asked = [503, 200], []

        def answer(request):
            asked.append(request)
            return httpx.Response(codes.pop(0))

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        url = "https://push.example/secret-path"
        book = AddressBook(database, VAULT, clock=lambda: NOON)
        push = PushChannel(http, url=url, secret="s3", addresses=book)
        with pytest.raises(ChannelDownError) as down:
            await deliver(tx, channel=push)
        assert "secret-path" not in str(down.value)
        wechat = Wechat()
        both = Several([push, wechat.channel(book)])
        assert await deliver(tx, channel=both) == 1
    first, second = [json.loads(each.content)["pushes"] for each in asked]
    assert first == second
    [sent] = second
    assert (sent["to"], sent["page"]) == ("token-of-lin", "/acts")
    assert asked[0].headers["authorization"] == "Bearer s3"
    assert (await client.delete(path, headers=me)).status_code == 204
    assert await book.push_addresses([account_id]) == {}


async def test_what_one_channel_cannot_take_waits_for_all(tx):
    """WeChat is away for one message: it stays in the outbox, and the others go."""
    wechat = Wechat("down")
    await promise(tx, 1, 2)
    assert await deliver(tx, channel=Several([wechat.channel(), ConsoleChannel()])) == 1
    assert await left(tx) == 1


async def signed_in(client, database, code, openid=None):
    """The account of somebody who came by the mini-program; without an openid, by the stand-in."""

    def answer(request):
        assert request.url.params["js_code"] == code
        return httpx.Response(200, json={"openid": openid, "session_key": "k"})

    if openid is not None:
        outside = Outside("WeChat", httpx.MockTransport(answer))
        port = MiniProgram(outside, app_id="wx1", secret="hidden")
        object.__setattr__(app_of(client).state.desk, "wechat", port)
    said = await client.post("/v1/auth/wechat", json={"js_code": code, "device": device()})
    sql = "SELECT account_id FROM sign_in_session WHERE id = %s"
    async with database.reading() as tx:
        return (await (await tx.execute(sql, (said.json()["session_id"],))).fetchone())[0]


def test_every_message_leads_to_a_screen_of_the_client():
    """A page is one that the mobile client's router knows, whatever the facts are."""
    router = (ROOT / "app" / "h5" / "client" / "src" / "router.ts").read_text("utf-8")
    screens = [
        re.compile(each.replace("\\/", "/")) for each in re.findall(r", /(\^.+?\$)/,", router)
    ]
    assert len(screens) > 10
    act = {"act_id": "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"}
    for template in (*TEMPLATES.values(), OTHER):
        for facts in (act, {}, {"act_id": "../../evil?x="}):
            page = template.page_of(facts)
            assert any(each.fullmatch(page) for each in screens), page
    assert TEMPLATES["act_released"].page_of(act) == f"/acts/{act['act_id']}"
