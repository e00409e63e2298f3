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
from tests.sign_in.arrivals import last_code

PHONE = "+8613911223344"
NICKNAME = "欧阳暗号"
CARD = "3104-7700-5566-7788"
DEVICE = "device-marker-5f7c"
PASSWORD = "Marker-Passw0rd-9"
BANK = "6222020200112233445"
CONTACT = "慕容经理"
NOTE = "marker note from South Gate"
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


async def test_what_is_personal_is_nowhere_else(committing, cache, keys, live_client, logs):
    """A citizen, a merchant and an officer live through a day of successes and refusals."""
    client = live_client
    app = client._transport.app
    async with committing.writing() as tx:
        await city.programme(tx)
        offer = await make.offer(tx, points=10)
    called, refused, secrets = (
        [],
        [],
        {PHONE, PHONE[3:], NICKNAME, CARD, DEVICE, PASSWORD, BANK, CONTACT, NOTE},
    )

    async def call(method, path, *, headers=None, **how):
        answer = await client.request(method, path, headers=headers, **how)
        called.append(str(answer.request.url))
        if answer.status_code >= 400:
            refused.append(answer.text + str(answer.headers))
        if headers:
            secrets.add(headers["Authorization"].partition(" ")[2])
        return answer

    async def both(method, path, *, headers=None, **how):
        """As it is meant, then signed out, then as another audience: three kinds of log lines."""
        answer = await call(method, path, headers=headers, **how)
        await call(method, path, **how)
        return answer

    # a citizen signs in, wrongly first
    await call("POST", "/v1/auth/codes", json={"phone": PHONE, "device_id": DEVICE})
    await call("POST", "/v1/auth/codes", json={"phone": PHONE, "device_id": DEVICE})
    code = last_code(client, PHONE)
    device = {"id": DEVICE, "name": NICKNAME, "platform": "web"}
    arriving = {"phone": PHONE, "code": code, "device": device}
    for wrong in (
        {"code": "000000"},
        {"phone": PHONE + ";ext=1"},
        {"device": {"id": DEVICE}},
        {"number": PHONE},
    ):
        await call("POST", "/v1/auth/sessions", json=arriving | wrong)
    arrived = await call("POST", "/v1/auth/sessions", json=arriving)
    assert arrived.status_code == 201, arrived.text
    session = arrived.json()
    secrets |= {session["access_token"], session["refresh_token"]}
    me = {"Authorization": f"Bearer {session['access_token']}", "Idempotency-Key": "marker-0001"}
    renewed = await call(
        "POST",
        "/v1/auth/sessions/refresh",
        json={"refresh_token": session["refresh_token"], "device_id": DEVICE},
    )
    secrets.add(renewed.json()["refresh_token"])
    await call(
        "POST",
        "/v1/auth/sessions/refresh",
        json={"refresh_token": session["refresh_token"], "device_id": "another-device"},
    )
    session = (await call("POST", "/v1/auth/codes", json={"phone": PHONE, "device_id": "x"})).text
    me = {
        "Authorization": f"Bearer {renewed.json()['access_token']}",
        "Idempotency-Key": "marker-0001",
    }
    async with committing.reading() as tx:
        rows = await tx.execute(
            "SELECT account_id, id FROM citizen ORDER BY account_id DESC LIMIT 1"
        )
        account_id, citizen_id = await rows.fetchone()
    # the session has ended by the stolen token: a developer's token goes on
    told = token(
        app.state.tokens, Audience.citizen, now=NOON, subject=str(citizen_id), account_id=account_id
    )
    await call("GET", "/v1/me/wallet", headers=me)
    me = {"Authorization": f"Bearer {told}"}

    def once(name):
        return me | {"Idempotency-Key": f"marker-{name}-0001"}

    await both("PATCH", "/v1/me/profile", headers=me, json={"nickname": NICKNAME})
    await both(
        "PATCH", "/v1/me/profile", headers=me, json={"nickname": NICKNAME * 50, "phone": PHONE}
    )
    link = {"provider": "bikes", "card": CARD, "scenarios": ["bike_ride"]}
    assert (await both("POST", "/v1/me/links", headers=me, json=link)).status_code < 300
    await both(
        "POST",
        "/v1/me/links",
        headers=me,
        json=link | {"scenarios": ["teleport"], "card": CARD * 9},
    )
    [mine] = (await call("GET", "/v1/me/links", headers=me)).json()["items"]
    claim = {"provider": "bikes", "scenario": "bike_ride", "link_id": mine["link_id"], "note": NOTE,
             "happened_from": "2026-02-27T08:00:00+08:00", "happened_until": "2026-02-27T09:00:00+08:00"}  # fmt: skip
    assert (
        await both("POST", "/v1/me/claims", headers=once("claim"), json=claim)
    ).status_code == 201
    await both("POST", "/v1/me/claims", headers=once("claims"), json=claim | {"note": NOTE * 99})
    # a provider delivers, rightly and wrongly
    bikes = {
        "Authorization": f"Bearer {token(app.state.tokens, Audience.provider, now=NOON, subject='bikes')}"
    }
    rides = [city.ride("ride-1", subject=CARD), city.ride("ride-2", subject=CARD + "9"),
             city.ride("ride-3", subject=CARD, distance_km=PHONE), {"subject": CARD}]  # fmt: skip
    batch = await both("POST", "/v1/provider/batches", headers=bikes, json={"records": rides})
    assert batch.json()["credited"] == 1
    await both(
        "POST", "/v1/provider/batches", headers=bikes, content=f'{{"records": [{CARD}'.encode()
    )
    # points become a coupon, and a till takes it, after some attempts
    bought = await both(
        "POST", "/v1/me/redemptions", headers=once("buy"), json={"offer_id": str(offer.id)}
    )
    coupon = bought.json()["coupon"]
    secrets |= {coupon, coupon[3:]}
    till = {
        "Authorization": f"Bearer {token(app.state.tokens, Audience.merchant, now=NOON, subject=str(offer.merchant.id))}"
    }
    for said in (coupon[:-1] + "!", coupon, coupon):
        await both(
            "POST",
            "/v1/merchant/coupons/redeem",
            headers=till,
            json={"coupon": said, "order_no": "A-1"},
        )
    await both(
        "POST",
        "/v1/merchant/coupons/redeem",
        headers=till,
        json={"coupon": coupon, "order_no": "A-2"},
    )
    # a merchant applies, an officer cannot sign in
    asked = {"name_zh": "街角", "name_en": "Corner", "credit_code": front_door.credit_code(), "contact_name": CONTACT,
             "phone": PHONE, "bank_name": "镇江银行", "bank_holder": CONTACT, "bank_account": BANK,
             "district_code": "321102", "categories": ["cafe"], "agreement_version": 1}  # fmt: skip
    applied = await call("POST", "/v1/merchants/applications", json=asked)
    assert applied.status_code < 300, applied.text
    await call("POST", "/v1/merchants/applications", json=asked)
    await call(
        "POST",
        "/v1/merchants/applications",
        json=asked | {"bank_account": BANK * 9, "phone": CONTACT},
    )
    await call(
        "POST",
        "/v1/auth/officers/sessions",
        json={"name": CONTACT, "password": PASSWORD, "totp": "123456", "device": device},
    )
    # rights: an export is a job, and leaving begins
    assert (await both("POST", "/v1/me/exports", headers=me)).status_code < 300
    await both("POST", "/v1/me/corrections", headers=me, json={"topic": "nickname", "wish": NOTE})
    await both("POST", "/v1/me/deletion", headers=me)
    for path in (
        "profile",
        "links",
        "statement",
        "feed",
        "messages",
        "privacy",
        "sessions",
        "requests",
    ):
        await both("GET", f"/v1/me/{path}", headers=me)

    async with committing.reading() as tx:
        [jobs] = await (await tx.execute(JOBS)).fetchone()
    assert cache.store is not None
    places = {
        "logs": logs.getvalue(),
        "refusals": "\n".join(refused),
        "addresses": "\n".join(called),
        "jobs": jobs,
        "store": await kept_in(cache.store),
        "metrics": (await client.get("/metrics")).text,
    }
    assert all(len(text) > 40 for text in places.values()), {k: len(v) for k, v in places.items()}
    assert len(refused) > 30
    for place, text in places.items():
        readable = text + json.dumps(text, ensure_ascii=False)
        found = [secret for secret in secrets if secret in readable]
        assert found == [], (
            f"{place}: {[line for line in text.splitlines() if found[0] in line][:3]}"
        )


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
