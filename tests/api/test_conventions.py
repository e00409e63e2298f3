"""What every route does alike, seen through the real service."""

import asyncio
import base64
import json
import re
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.people.tokens import Audience, Tokens, kid_of
from tests import city
from tests.api.doors import audience_of, guards_of, routes, token
from tests.city import NOON


def address(route) -> str:
    """A path with something in place of each parameter."""
    return re.sub(r"\{[^}]+\}", "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55", str(route.path))


async def ask(client, route, bearer=None):
    """One request to a route, as whoever holds the token."""
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    return await client.request(min(route.methods), address(route), headers=headers)


def is_problem(response, status, code):
    """Whether an answer is the refusal we expect, in the form we promise."""
    assert response.status_code == status, f"{response.request.url} {response.text}"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert response.json()["request_id"] == response.headers["x-request-id"]


def test_there_are_doors_for_everybody(app):
    """The tests below are not passing for want of routes."""
    found = [guards_of(route) for route in routes(app)]
    assert len(found) >= 12
    assert all({audience} in found for audience in Audience)
    assert set() in found


def test_a_path_tells_its_audience(app):
    """/v1/me is the citizen's, /v1/merchant the till's: the guard inside agrees with the path."""
    for route in routes(app):
        audience = audience_of(str(route.path))
        assert guards_of(route) == ({audience} if audience else set()), route.path


async def test_without_a_token_there_is_no_entry(app, client):
    """401, whatever else is wrong with the request."""
    for route in routes(app):
        response = await ask(client, route)
        if guards_of(route):
            is_problem(response, 401, "not-signed-in")
        else:
            assert response.status_code not in {401, 403, 500}, route.path


async def test_another_audiences_token_opens_nothing(app, client):
    """Each of the three wrong audiences is told 403 at each guarded door."""
    bearers = {each: token(app.state.tokens, each, now=NOON) for each in Audience}
    for route in routes(app):
        for audience in Audience:
            if guards_of(route) and audience not in guards_of(route):
                is_problem(await ask(client, route, bearers[audience]), 403, "wrong-audience")


async def test_the_right_token_is_let_in(app, client):
    """Nobody is refused at their own door: what follows is about the request."""
    for route in routes(app):
        for audience in guards_of(route):
            response = await ask(client, route, token(app.state.tokens, audience, now=NOON))
            assert response.status_code not in {401, 403}, route.path


def forged(header, claims) -> str:
    """A token without a good signature."""
    parts = [json.dumps(each).encode() for each in (header, claims)] + [b"signature"]
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts)


@pytest.mark.parametrize(
    "kind",
    ["expired", "foreign key", "no algorithm", "another type", "no expiry", "no account",
     "nonsense", "huge", "not ascii", "empty"],
)  # fmt: skip
async def test_a_bad_token_is_no_token(app, client, keys, kind):
    """Expired, forged, mistyped and malformed tokens are all simply not signed in."""
    tokens = app.state.tokens
    good = token(tokens, Audience.citizen, now=NOON)
    claims = jwt.decode(good, options={"verify_signature": False})

    def signed(claims, typ="at+jwt"):
        headers = {"typ": typ, "kid": kid_of(keys.token.public_key())}
        return jwt.encode(claims, keys.token, algorithm="EdDSA", headers=headers)

    bad = {
        "expired": token(tokens, Audience.citizen, now=NOON - timedelta(days=2)),
        "foreign key": token(Tokens(Ed25519PrivateKey.generate()), Audience.citizen, now=NOON),
        "no algorithm": forged({"alg": "none", "typ": "at+jwt"}, claims),
        "another type": signed(claims, typ="JWT"),
        "no expiry": signed({name: value for name, value in claims.items() if name != "exp"}),
        "no account": signed(claims | {"acc": 0}),
        "nonsense": "a.b.c",
        "huge": "a" * 5_000,
        "not ascii": "é中",
        "empty": "",
    }[kind]
    headers = [(b"Authorization", f"Bearer {bad}".encode())]
    guarded = next(each for each in routes(app) if guards_of(each) == {Audience.citizen})
    path = address(guarded)
    response = await client.request(min(guarded.methods), path, headers=headers)
    is_problem(response, 401, "not-signed-in")
    fine = await client.request(
        min(guarded.methods), path, headers={"Authorization": f"Bearer {good}"}
    )
    assert fine.status_code not in {401, 403}


async def test_the_service_answers_like_its_machinery(client):
    """Unknown path, wrong method, large body: problem documents on the real service as well."""
    is_problem(await client.get("/v1/nothing-here"), 404, "http-404")
    is_problem(await client.delete("/livez"), 405, "http-405")
    large = b"x" * 3_000_000
    is_problem(await client.post("/v1/provider/batches", content=large), 413, "http-413")


async def test_probes_pages_and_problems_are_public(client):
    """What operators and developers need works without a token."""
    pages = ("/livez", "/readyz", "/metrics", "/docs", "/problems", "/openapi.json")
    answers = await asyncio.gather(*(client.get(page) for page in pages if page != "/readyz"))
    assert {each.status_code for each in answers} == {200}
    assert (await client.get("/readyz")).json() == {"status": "ready", "degraded": []}


async def test_a_number_too_large_for_the_database_is_not_a_bug(app, client, tx):
    """Limits stand at the edge: PostgreSQL never sees a number it cannot hold."""
    await city.programme(tx)
    for route in routes(app):
        if "GET" not in route.methods:
            continue
        for audience in guards_of(route) or {Audience.citizen}:
            headers = {"Authorization": f"Bearer {token(app.state.tokens, audience, now=NOON)}"}
            for value in ("9" * 30, "-1", "\x00", "0", "é"):
                path = re.sub(r"\{[^}]+\}", str(2**70), str(route.path))
                for query in ({"limit": value}, {"cursor": value}):
                    response = await client.get(path, params=query, headers=headers)
                    assert response.status_code < 500, f"{path} {query} {response.text}"
