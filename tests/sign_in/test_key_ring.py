"""Signing keys come and go while people are served, and nobody is refused for it."""

import asyncio
from datetime import timedelta

import jwt
import pytest
from cryptography.exceptions import InvalidTag

from app.ids import new_id
from app.people.errors import NotSignedIn
from app.people.tokens import LIFE, Audience, Tokens
from app.sign_in import key_ring
from app.sign_in.key_ring import KeyRing
from tests.make import NOON
from tests.sign_in.arrivals import app_of, arrive, bearer, number

SECRET = b"s" * 32


class Process:
    """One process of the service, as far as its keys go."""

    def __init__(self, keys, database) -> None:
        self.tokens = Tokens(keys.token)
        self.ring = KeyRing(database, self.tokens, SECRET)

    async def look(self, *, now=NOON):
        """Look now, however short ago it was."""
        self.ring._looked_s = -key_ring.EVERY_S
        await self.ring.look(now=now)


async def rotate(tx, *, now=NOON):
    """A new key."""
    return await key_ring.rotate(tx, secret=SECRET, actor="test", now=now)


def kid_in(token):
    """The key that a token names."""
    return jwt.get_unverified_header(token)["kid"]


async def test_a_new_key_signs_when_every_process_knows_it(keys, database, tx):
    """It is published first, signs after its lead, and the old one's tokens stay good."""
    process = Process(keys, database)
    old = process.tokens.sign(Audience.officer, subject="o", now=NOON)
    kid = await rotate(tx)
    await process.look()
    assert kid in process.tokens.public
    assert kid_in(process.tokens.sign(Audience.officer, subject="o", now=NOON)) != kid
    later = NOON + key_ring.LEAD
    fresh = process.tokens.sign(Audience.officer, subject="o", now=later)
    assert kid_in(fresh) == kid
    for each in (old, fresh):
        assert process.tokens.read(each, Audience.officer, now=later).subject == "o"


async def test_an_old_key_ends_when_its_last_token_has(keys, database, tx):
    """Three rotations later the first key is gone, and what it signed opens nothing."""
    process = Process(keys, database)
    first = await rotate(tx)
    await process.look(now=NOON + key_ring.LEAD)
    token = process.tokens.sign(Audience.officer, subject="o", now=NOON + key_ring.LEAD)
    assert kid_in(token) == first
    second = await rotate(tx, now=NOON + key_ring.LEAD)
    still = NOON + 2 * key_ring.LEAD + LIFE - timedelta(seconds=1)
    await process.look(now=still)
    assert {first, second} <= process.tokens.public.keys()
    await process.look(now=still + timedelta(seconds=1))
    assert first not in process.tokens.public
    with pytest.raises(NotSignedIn):
        process.tokens.read(token, Audience.officer, now=NOON + key_ring.LEAD)


async def test_a_private_key_is_not_readable_in_the_database(keys, database, tx):
    """It is sealed, and opens only with the secret and under its own name."""
    await rotate(tx)
    (key,) = await key_ring.live(tx, secret=SECRET, now=NOON)
    row = await (await tx.execute("SELECT sealed FROM signing_key")).fetchone()
    assert key.private.private_bytes_raw() not in bytes(row[0])
    with pytest.raises(InvalidTag):
        key_ring._opened(b"x" * 32, key.kid, bytes(row[0]))


async def test_everybody_is_served_while_keys_rotate(live_client):
    """Twelve rotations without any lead, two processes, hundreds of calls: none is refused."""
    app, database = app_of(live_client), app_of(live_client).state.database
    people = [await arrive(live_client, number(n), f"device-{n:04}") for n in range(4)]
    turning = True
    statuses, kids = set(), set()

    async def turn():
        nonlocal turning
        # Twelve, and as many more as it takes until somebody was served by another key.
        for n in range(1_000):
            if n >= 12 and len(kids) > 1:
                break
            async with database.writing() as tx:
                await key_ring.rotate(
                    tx,
                    secret=app.state.keys.subject,
                    actor="test",
                    now=NOON + timedelta(milliseconds=n),
                    lead=timedelta(0),
                )
            app.state.key_ring._looked_s = -key_ring.EVERY_S
            await app.state.key_ring.look(now=NOON + timedelta(seconds=1))
            await asyncio.sleep(0)
        turning = False

    async def use(n):
        session = people[n]
        while turning:
            body = {"refresh_token": session["refresh_token"], "device_id": f"device-{n:04}"}
            renewed = await live_client.post("/v1/auth/sessions/refresh", json=body)
            statuses.add(renewed.status_code)
            session = renewed.json()
            kids.add(kid_in(session["access_token"]))
            answer = await live_client.get("/v1/me/wallet", headers=bearer(session))
            statuses.add(answer.status_code)

    await asyncio.gather(turn(), *(use(n) for n in range(4)))
    assert statuses == {200}
    assert len(kids) > 1


async def test_a_token_of_a_key_made_just_now_elsewhere_is_read(client, keys, database, tx):
    """A process that does not know the key yet looks once, and knows it."""
    elsewhere = Process(keys, database)
    elsewhere.ring._secret = app_of(client).state.keys.subject
    kid = await key_ring.rotate(
        tx, secret=elsewhere.ring._secret, actor="test", now=NOON, lead=timedelta(0)
    )
    await elsewhere.look()
    token = elsewhere.tokens.sign(
        Audience.citizen, subject=str(new_id()), account_id=1025, now=NOON
    )
    assert kid_in(token) == kid
    answer = await client.get("/v1/me/wallet", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


async def test_the_published_set_verifies_what_we_sign(client, tx):
    """Any JOSE library reads a fresh token with the key that the set gives under its name."""
    await key_ring.rotate(
        tx, secret=app_of(client).state.keys.subject, actor="test", now=NOON, lead=timedelta(0)
    )
    session = await arrive(client)
    answer = await client.get("/.well-known/jwks.json")
    assert len(answer.json()["keys"]) == 2
    assert "d" not in answer.json()["keys"][0]
    found = jwt.PyJWKSet.from_dict(answer.json())[kid_in(session["access_token"])]
    claims = jwt.decode(
        session["access_token"],
        found.key,
        algorithms=["EdDSA"],
        audience="citizen",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["sid"] == session["session_id"]
