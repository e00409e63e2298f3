"""What is personal or secret stays where it belongs: planted in a story, looked for everywhere else.

Looked at are all log lines, every refusal, every address that was called, the job queue, every key
and value of the store, and the metrics.
"""

import io
import json
import logging
import re

import pytest
import structlog
from redis.asyncio import Redis

from app.people.tokens import Audience
from tests import city, make
from tests.api.doors import token
from tests.api.good import DOCUMENT
from tests.make import NOON
from tests.merchants import front_door
from tests.security.belongings import TRIP
from tests.sign_in.arrivals import last_code

PHONE = "+8613911223344"
NICKNAME = "欧阳暗号"
CARD = "3104-7700-5566-7788"
DEVICE = "device-marker-5f7c"
PASSWORD = "Marker-Passw0rd-9"
BANK = "6222020200112233445"
CONTACT = "慕容经理"
NOTE = "marker note from South Gate"
DEVICE_OF = {"id": DEVICE, "name": NICKNAME, "platform": "web"}
APPLICATION = {
    "name_zh": "街角", "name_en": "Corner", "contact_name": CONTACT, "phone": PHONE,
    "bank_name": "镇江银行", "bank_holder": CONTACT, "bank_account": BANK,
    "district_code": "321102", "categories": ["cafe"], "agreement_version": 1,
}  # fmt: skip
NEWEST = "SELECT account_id, id FROM citizen ORDER BY account_id DESC LIMIT 1"
JOBS = "SELECT coalesce(string_agg(t::text, '|'), '') FROM procrastinate_jobs AS t"


@pytest.fixture
def logs(monkeypatch):
    """All lines, ours and libraries', as production writes them, down to the quietest."""
    lines = io.StringIO()
    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.WriteLoggerFactory(file=lines),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lines)
    ours = [logging.getLogger(name) for name in ("", "uvicorn", "procrastinate", "psycopg")]
    for each in ours:
        each.addHandler(handler)
    yield lines
    for each in ours:
        each.removeHandler(handler)
    structlog.configure(**before)


async def kept_in(store: Redis) -> str:
    """Every key and value of the store."""
    found = []
    async for key in store.scan_iter():
        kind = (await store.type(key)).decode()
        read = {
            "string": store.get,
            "hash": store.hgetall,
            "set": store.smembers,
            "zset": lambda each: store.zrange(each, 0, -1, withscores=True),
            "list": lambda each: store.lrange(each, 0, -1),
        }.get(kind)
        found.append(f"{key!r} {await read(key)!r}" if read else f"{key!r} {kind}")
    return "\n".join(found)


class Day:
    """A day of calls; it notes what was called, what was refused, and what is secret."""

    def __init__(self, client):
        self.client = client
        self.tokens = client._transport.app.state.tokens
        self.called, self.refused = [], []
        self.secrets = {PHONE, PHONE[3:], NICKNAME, CARD, DEVICE, PASSWORD, BANK, CONTACT, NOTE}

    async def call(self, method, path, body=None, *, headers=None, **how):
        """One call."""
        answer = await self.client.request(method, path, headers=headers, json=body, **how)
        self.called.append(str(answer.request.url))
        if answer.status_code >= 400:
            self.refused.append(answer.text + str(answer.headers))
        return answer

    async def both(self, method, path, body=None, *, headers=None):
        """As it is meant, and without a token."""
        answer = await self.call(method, path, body, headers=headers)
        await self.call(method, path, body)
        return answer

    def bearer(self, audience, **who):
        """A header with somebody's token, which is a secret; and a key for writes."""
        found = token(self.tokens, audience, now=NOON, **who)
        self.secrets.add(found)
        return {"Authorization": f"Bearer {found}"}

    async def signs_in(self):
        """Wrongly first; then the token is renewed, and stolen."""
        asked = {"phone": PHONE, "device_id": DEVICE}
        for _ in range(2):
            await self.call("POST", "/v1/auth/codes", asked)
        arriving = {"phone": PHONE, "code": last_code(self.client, PHONE), "device": DEVICE_OF}
        wrongs = ({"code": "000000"}, {"phone": PHONE + ";ext=1"}, {"device": {"id": DEVICE}})
        for wrong in (*wrongs, {"number": PHONE}):
            await self.call("POST", "/v1/auth/sessions", arriving | wrong)
        arrived = await self.call("POST", "/v1/auth/sessions", arriving)
        assert arrived.status_code == 201, arrived.text
        refresh = {"refresh_token": arrived.json()["refresh_token"], "device_id": DEVICE}
        renewed = await self.call("POST", "/v1/auth/sessions/refresh", refresh)
        for session in (arrived.json(), renewed.json()):
            self.secrets |= {session["access_token"], session["refresh_token"]}
        stolen = refresh | {"device_id": "another-device"}
        await self.call("POST", "/v1/auth/sessions/refresh", stolen)
        ended = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
        assert (await self.call("GET", "/v1/me/wallet", headers=ended)).status_code == 401

    async def links_and_claims(self, me):
        """A nickname, a card and a missing trip, rightly and wrongly."""
        await self.both("PATCH", "/v1/me/profile", {"nickname": NICKNAME}, headers=me)
        await self.both("PATCH", "/v1/me/profile", {"nickname": NICKNAME * 50}, headers=me)
        link = {"provider": "bikes", "card": CARD, "scenarios": ["bike_ride"]}
        assert (await self.both("POST", "/v1/me/links", link, headers=me)).status_code < 300
        for wrong in ({"scenarios": ["teleport"]}, {"card": CARD * 9}):
            await self.both("POST", "/v1/me/links", link | wrong, headers=me)
        [mine] = (await self.call("GET", "/v1/me/links", headers=me)).json()["items"]
        claim = TRIP | {"link_id": mine["link_id"], "note": NOTE}
        keyed = me | {"Idempotency-Key": "marker-claim-0001"}
        assert (await self.both("POST", "/v1/me/claims", claim, headers=keyed)).status_code == 201
        await self.both("POST", "/v1/me/claims", claim | {"note": NOTE * 99}, headers=keyed)

    async def rides(self):
        """A provider delivers, rightly and wrongly."""
        bikes = self.bearer(Audience.provider, subject="bikes")
        records = [
            city.ride("ride-1", subject=CARD),
            city.ride("ride-2", subject=CARD + "9"),
            city.ride("ride-3", subject=CARD, distance_km=PHONE),
            {"subject": CARD},
        ]
        batch = await self.both("POST", "/v1/provider/batches", {"records": records}, headers=bikes)
        assert batch.json()["credited"] == 1
        broken = f'{{"records": [{CARD}'.encode()
        await self.call("POST", "/v1/provider/batches", headers=bikes, content=broken)

    async def buys(self, me, offer):
        """Points become a coupon, and a till takes it, after some attempts."""
        keyed = me | {"Idempotency-Key": "marker-buy-0001"}
        wish = {"offer_id": str(offer.id)}
        coupon = (await self.both("POST", "/v1/me/redemptions", wish, headers=keyed)).json()[
            "coupon"
        ]
        self.secrets |= {coupon, coupon[3:]}
        till = self.bearer(Audience.merchant, subject=str(offer.merchant.id))
        for said, order in ((coupon[:-1] + "!", "A-1"), (coupon, "A-1"), (coupon, "A-2")):
            sale = {"coupon": said, "order_no": order}
            await self.both("POST", "/v1/merchant/coupons/redeem", sale, headers=till)

    async def others_come(self):
        """A merchant applies, an officer cannot sign in."""
        asked = APPLICATION | {"credit_code": front_door.credit_code()}
        applied = await self.call("POST", "/v1/merchants/applications", asked)
        assert applied.status_code < 300, applied.text
        for wrong in ({}, {"bank_account": BANK * 9, "phone": CONTACT}):
            await self.call("POST", "/v1/merchants/applications", asked | wrong)
        officer = {"name": CONTACT, "password": PASSWORD, "totp": "123456", "device": DEVICE_OF}
        await self.call("POST", "/v1/auth/officers/sessions", officer)

    async def leaves(self, me):
        """An export is a job, a correction is sealed, and leaving begins."""
        assert (await self.both("POST", "/v1/me/exports", headers=me)).status_code < 300
        wish = {"topic": "nickname", "wish": NOTE}
        await self.both("POST", "/v1/me/corrections", wish, headers=me)
        await self.both("POST", "/v1/me/deletion", headers=me)
        for name in ("profile", "links", "statement", "feed", "messages", "privacy", "requests"):
            await self.both("GET", f"/v1/me/{name}", headers=me)


async def test_what_is_personal_is_nowhere_else(committing, cache, live_client, logs):
    """A citizen, a merchant and an officer live through a day of successes and refusals."""
    day = Day(live_client)
    async with committing.writing() as tx:
        await city.programme(tx)
        offer = await make.offer(tx, points=10)
    await day.signs_in()
    async with committing.reading() as tx:
        [account_id, citizen_id] = await (await tx.execute(NEWEST)).fetchone()
    # The stolen token has ended the session, so a developer's goes on.
    me = day.bearer(Audience.citizen, subject=str(citizen_id), account_id=account_id)
    await day.links_and_claims(me)
    await day.rides()
    await day.buys(me, offer)
    await day.others_come()
    await day.leaves(me)

    async with committing.reading() as tx:
        [jobs] = await (await tx.execute(JOBS)).fetchone()
    assert cache.store is not None
    places = {
        "logs": logs.getvalue(),
        "refusals": "\n".join(day.refused),
        "addresses": "\n".join(day.called),
        "jobs": jobs,
        "store": await kept_in(cache.store),
        "metrics": (await live_client.get("/metrics")).text,
    }
    assert all(len(text) > 40 for text in places.values()), {k: len(v) for k, v in places.items()}
    assert len(day.refused) > 30
    for place, text in places.items():
        readable = text + json.dumps(text, ensure_ascii=False)
        assert [each for each in day.secrets if each in readable] == [], place


def test_no_address_carries_anything_personal():
    """No query or path of the document asks for a number, a name, a token or a card."""
    personal = re.compile(
        r"phone|mobile|nickname|card|token|password|secret|coupon|contact|account_no"
    )
    found = [
        f"{method} {path} {parameter['name']}"
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        for parameter in operation.get("parameters", ())
        if parameter["in"] in {"query", "path"} and personal.search(parameter["name"])
    ]
    assert found == []
