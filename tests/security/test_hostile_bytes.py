"""What no client library would send: half characters, NUL, numbers without end, nests without end.

None of it is a bug of the service, whoever sends it and wherever; everything is made from the
OpenAPI document, so a new route meets it too.
"""

import itertools
import json
import os
import re

import pytest

from app.pages import cursor_of
from tests.api import lively, wire
from tests.api.good import DOCUMENT, bodies, full, strings
from tests.security.matrix import expected

SOMEBODY = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
TEXTS = ("\x00", "a\x00b", "\ud800", "\udfff\ud800", "\U0010ffff\u202e\ufeff", "9" * 5_000,
         "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31")  # fmt: skip
MARK = "put-it-here"
RAW = ("9" * 5_000, "-1e400", "1e999999999", "NaN", "-Infinity", "[" * 5_000, '{"a":' * 5_000,
       '"\\ud800"', "9223372036854775808", "-9223372036854775809", "0.1e-400", "true", "null", "[]",
       "{}", '""', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59Z"', '"9999-12-31"', "2.0", '"2"')  # fmt: skip
"""Values as they are written, among them what is no JSON at all."""
BYTES = (b"", b"\x00", b"\xff\xfe{\x00}\x00", b"\xed\xa0\x80", b"{", b'{"a":1,"a":2}', b"[]", b"null",
         b'{"\\ud800": 1}', b'{"\\u0000": 1}', b"[" * 20_000, b'{"a":' * 20_000,
         b"\xef\xbb\xbf{}")  # fmt: skip
KINDS = ("application/json", "text/plain", "application/xml", "application/x-www-form-urlencoded",
         "multipart/form-data", "multipart/form-data; boundary=\x7f", "application/json; charset=utf-7",
         "application/json; charset=x", "", "é/é", "application/problem+json")  # fmt: skip
HALF = cursor_of("\ud800")
"""A cursor as a list makes it, but for half a character."""
PATHS = (
    "9999-12-31",
    "0001-01-01",
    "%00",
    "%FF",
    "%ED%A0%80",
    "..%2F..%2Fetc",
    "9" * 400,
    "-1",
    "%F0%9F%9A%B2",
    "a%0d%0aSet-Cookie:x",
)
QUERIES = (f"cursor={HALF}", "limit=1&limit=2", "limit=%00", "limit=%FF", "cursor=%ED%A0%80", "cursor=a&cursor=b", "&&&==",
           "limit=" + "9" * 5_000, "unit=%00", "at=%00", "after=%00&after=1", "limit[]=1", "%00=%00",
           "language=%00", "near=%00", "near=1,1&near=2,2", "day=0000-00-00", "from=0001-01-01T00:00:00Z",
           "at=9999-12-31T23:59:59Z", "day=9999-12-31", "before=0001-01-01",
           "known_at=0001-01-01T00:00:00%2B14:00", "effective_at=9999-12-31T23:59:59Z", "at=0001-01-01T00:00:00%2B14:00", "on=0001-01-01", "month=0000-01")  # fmt: skip
HEADERS = {"accept-language": "\x00,é;q=9", "if-none-match": '"\x00', "if-match": "*,\xff",
           "last-event-id": "\x00", "idempotency-key": "é" * 300, "puhui-app": "\x00/1.0.0",
           "device-id": "\x00" * 20, "x-request-id": "a" * 9_000, "range": "bytes=-1-"}  # fmt: skip


SHARE = 1 if os.environ.get("PUHUI_TEST_HOSTILE") == "all" else 7
"""Each place meets one in so many of the values, each value many places."""
_turn = itertools.count()


def some(values):
    """The values whose turn it is."""
    turn = next(_turn)
    return [each for place, each in enumerate(values) if (place + turn) % SHARE == 0]


@pytest.fixture
async def ask(database, cache, keys):
    """A way to send something as whoever is let in; it notes what is a bug."""
    app = lively.service(database, cache, keys)
    tokens, ids = await lively.inhabit(database, app)
    bugs: list[str] = []
    count = 0

    async def send(method, path, *, body=b"", kind="application/json", target="", **headers):
        nonlocal count
        count += 1
        doors = expected().get((method, path), {"anonymous": True})
        role = next(role for role, let_in in doors.items() if let_in)
        sent = {"idempotency-key": f"hostile-{count:06}"} | headers
        sent |= {"content-type": kind} if body else {}
        sent |= {"authorization": f"Bearer {tokens[role]}"} if role != "anonymous" else {}
        address = re.sub(r"\{(\w+)\}", lambda name: str(ids.get(name[1], SOMEBODY)), target or path)
        answer = await wire.send(
            app, method, address, headers=sent, body=body, hangs_up=path == "/v1/me/events"
        )
        if answer.bug is not None or not 200 <= answer.status < 500:
            bugs.append(
                f"{method} {address} {headers} {body[:200]!r}: {answer.bug!r} {answer.status}"
            )
        return answer

    with lively.quiet():
        yield send
    assert bugs == [], f"{len(bugs)} of {count}"
    assert count > 150


async def test_hostile_texts_are_no_bug(ask):
    """NUL, half a surrogate pair, five thousand digits, in place of each text of each body."""
    for method, path, schema in bodies():
        for way in strings(schema):
            for text in some(TEXTS):
                body = full(schema)
                part = body
                for step in way[:-1]:
                    part = part[step]
                part[way[-1]] = text
                await ask(method, path, body=json.dumps(body).encode())


async def test_hostile_values_are_no_bug(ask):
    """Numbers without end, nests without end and other kinds, in place of each member of each body."""
    for method, path, schema in bodies():
        for name in full(schema):
            body = json.dumps(full(schema) | {name: MARK})
            for raw in some(RAW):
                await ask(method, path, body=body.replace(f'"{MARK}"', raw, 1).encode())


async def test_hostile_bodies_are_no_bug(ask):
    """What is no JSON, no object, or sent as something else, at each door that takes a body."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            for kind in operation.get("requestBody", {}).get("content", ()):
                for body in some(BYTES):
                    await ask(method.upper(), path, body=body, kind=kind)
                for other in some(KINDS):
                    answer = await ask(method.upper(), path, body=b'{"a": 1}', kind=other)
                    assert answer.status >= 400, f"{method} {path} takes {other!r}"


async def test_hostile_paths_queries_and_headers_are_no_bug(ask):
    """What cannot be an id, a number, a time or a language, at every door."""
    for path, item in DOCUMENT["paths"].items():
        for method in item:
            verb = method.upper()
            if "{" in path:
                for part in some(PATHS):
                    await ask(verb, path, target=re.sub(r"\{[^}]+\}", part, path))
            if verb == "GET":
                for query in some(QUERIES):
                    await ask(verb, path, target=f"{path}?{query}")
            await ask(verb, path, **HEADERS)
