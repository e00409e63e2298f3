"""Tokens are believed only if every part of them is right."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ids import new_id
from app.people.errors import NotSignedIn, WrongAudience
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens, kid_of
from tests.city import NOON

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
KID = kid_of(KEY.public_key())
GOOD = {
    "iss": "puhui",
    "aud": "citizen",
    "sub": "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55",
    "sid": "none",
    "acc": 1025,
    "iat": int(NOON.timestamp()),
    "exp": int(NOON.timestamp()) + 600,
    "jti": "1",
}
SECONDS = int(NOON.timestamp())
PUBLIC = KEY.public_key().public_bytes_raw()
ITS_X = base64.urlsafe_b64encode(OTHER.public_key().public_bytes_raw()).decode().rstrip("=")


def forged(claims, *, key=KEY, algorithm="EdDSA", **headers):
    """A token with these claims; a header of None is left out."""
    named = {"typ": "at+jwt", "kid": KID} | headers
    told = {name: value for name, value in named.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers=told)


def without(name):
    """The good claims but one."""
    return {each: value for each, value in GOOD.items() if each != name}


def part(value) -> str:
    """One part of a token, put together by hand."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def by_hand(header, claims, *, key=KEY) -> str:
    """A token signed over whatever bytes stand in its parts."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(key.sign(signed.encode()))}"


HEADER = {"alg": "EdDSA", "typ": "at+jwt", "kid": KID}
FINE = forged(GOOD)
HEAD, BODY, SIGNATURE = FINE.split(".")
TWICE = json.dumps(GOOD)[:-1].encode() + b', "exp": true}'
FORGERIES = {
    "another key": forged(GOOD, key=OTHER),
    "another key under its own name": forged(GOOD, key=OTHER, kid=kid_of(OTHER.public_key())),
    "no key named": forged(GOOD, kid=None),
    "an empty key name": forged(GOOD, kid=""),
    "a path for a key name": forged(GOOD, kid="../../dev/null"),
    "a statement for a key name": forged(GOOD, kid="x' OR '1'='1"),
    "a number for a key name": by_hand(HEADER | {"kid": 7}, GOOD),
    "a list for a key name": by_hand(HEADER | {"kid": [KID]}, GOOD),
    "its own key in the header": forged(
        GOOD, key=OTHER, jwk={"kty": "OKP", "crv": "Ed25519", "x": ITS_X}
    ),
    "its own set of keys": forged(GOOD, key=OTHER, jku="https://evil.example/jwks.json"),
    "its own certificate": forged(GOOD, key=OTHER, x5u="https://evil.example/cert.pem"),
    "a critical extension": forged(GOOD, crit=["exp"]),
    "a compressed body": forged(GOOD, zip="DEF"),
    "another content": forged(GOOD, cty="JWT"),
    "no signature": jwt.encode(GOOD, None, algorithm="none", headers={"typ": "at+jwt", "kid": KID}),
    "no signature, spelt otherwise": f"{part(HEADER | {'alg': 'nOnE'})}.{BODY}.",
    "an empty signature": f"{HEAD}.{BODY}.",
    "a signature cut short": FINE[:-4],
    "a signature of something else": f"{HEAD}.{part(GOOD | {'acc': 2049})}.{SIGNATURE}",
    "a secret": forged(GOOD, key="s" * 64, algorithm="HS256"),
    "the public key as a secret": jwt.encode(
        GOOD, PUBLIC * 2, algorithm="HS512", headers={"typ": "at+jwt", "kid": KID}
    ),
    "another algorithm's name": by_hand(HEADER | {"alg": "Ed25519"}, GOOD),
    "no algorithm": by_hand({"typ": "at+jwt", "kid": KID}, GOOD),
    "another type": forged(GOOD, typ="JWT"),
    "no type": by_hand({"alg": "EdDSA", "kid": KID}, GOOD),
    "a type in capitals": forged(GOOD, typ="AT+JWT"),
    "a refresh token": forged(GOOD, typ="rt+jwt"),
    "another issuer": forged(GOOD | {"iss": "else"}),
    "two issuers": by_hand(HEADER, GOOD | {"iss": ["puhui"]}),
    "unknown audience": forged(GOOD | {"aud": "king"}),
    "two audiences": forged(GOOD | {"aud": ["citizen", "officer"]}),
    **{f"no {name}": forged(without(name)) for name in GOOD},
    "expired": forged(GOOD | {"exp": SECONDS}),
    "not yet": forged(GOOD | {"nbf": 4_000_000_000}),
    "expiry as text": forged(GOOD | {"exp": str(SECONDS + 600)}),
    "expiry as truth": forged(GOOD | {"exp": True}),
    "expiry without end": by_hand(HEADER, json.dumps(GOOD | {"exp": float("inf")}).encode()),
    "expiry twice": by_hand(HEADER, TWICE),
    "beginning as text": forged(GOOD | {"iat": "now"}),
    "account as text": forged(GOOD | {"acc": "1025"}),
    "account as truth": forged(GOOD | {"acc": True}),
    "no account of a citizen": forged(GOOD | {"acc": 0}),
    "negative account": forged(GOOD | {"acc": -1}),
    "merchant with account": forged(GOOD | {"aud": "merchant", "role": "manager"}),
    "officer with an unknown office": forged(
        GOOD | {"aud": "officer", "acc": 0, "offices": "king"}
    ),
    "nobody": forged(GOOD | {"sub": ""}),
    "a malformed session": forged(GOOD | {"sid": "mine"}),
    "an empty session": forged(GOOD | {"sid": ""}),
    "a session as a number": forged(GOOD | {"sid": 7}),
    "claims as a list": by_hand(HEADER, [GOOD]),
    "claims as text": by_hand(HEADER, "citizen"),
    "claims that are not JSON": by_hand(HEADER, b"\xff\xfe"),
    "four parts": f"{FINE}.x",
    "two parts": f"{HEAD}.{BODY}",
    "rubbish": "a.b.c",
    "nothing": "",
    "long": "x" * 5000,
    "padded": FINE + "=" * 3000,
    "not text": "\ud800",
}


def test_there_are_enough_forgeries():
    """At least sixty kinds, and the token they are made from is good."""
    assert len(FORGERIES) >= 60
    assert Tokens(KEY).read(FINE, Audience.citizen, now=NOON).account_id == 1025
    assert Tokens(KEY).read(by_hand(HEADER, GOOD), Audience.citizen, now=NOON).account_id == 1025


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused(name):
    """Each forgery is refused the same way, twice (the second time from memory)."""
    tokens = Tokens(KEY)
    for _ in range(2):
        with pytest.raises(NotSignedIn):
            tokens.read(FORGERIES[name], Audience.citizen, now=NOON)


def test_a_good_token_says_who_calls():
    """The account number comes back, and a second reading costs no verification."""
    tokens = Tokens(KEY)
    token = tokens.sign(Audience.citizen, subject="anna", account_id=1025, now=NOON)
    first = tokens.read(token, Audience.citizen, now=NOON)
    assert (first.subject, first.account_id) == ("anna", 1025)
    assert tokens.read(token, Audience.citizen, now=NOON) is first


def test_a_remembered_token_still_expires():
    """Memory does not outlive the token."""
    tokens = Tokens(KEY)
    token = tokens.sign(Audience.officer, subject="o", now=NOON)
    tokens.read(token, Audience.officer, now=NOON)
    with pytest.raises(NotSignedIn):
        tokens.read(token, Audience.officer, now=NOON + timedelta(minutes=10))


SEATS = {
    "no role": {},
    "an unknown role": {"role": "king"},
    "half a till": {"role": "cashier", "till": str(new_id())},
    "a malformed person": {"role": "cashier", "staff": "me"},
}


@pytest.mark.parametrize("name", SEATS)
def test_a_merchants_token_says_who_stands_there(name):
    """Without a role, with half a till or a malformed id, a merchant's token is none."""
    forgery = forged(GOOD | {"aud": "merchant", "acc": 0} | SEATS[name])
    with pytest.raises(NotSignedIn):
        Tokens(KEY).read(forgery, Audience.merchant, now=NOON)


def test_a_seat_comes_back_as_it_was_signed():
    """A till, a person and a developer: every part of the seat survives."""
    tokens, ids = Tokens(KEY), [new_id() for _ in range(4)]
    for seat in (
        Seat(Role.cashier, *ids[:3]),
        Seat(Role.accountant, staff_id=ids[3]),
        Seat(Role.manager),
    ):
        token = tokens.sign(Audience.merchant, subject="m", seat=seat, now=NOON)
        assert tokens.read(token, Audience.merchant, now=NOON).seat == seat


def test_a_till_opens_no_wallet():
    """A good token of another audience is refused as such."""
    tokens = Tokens(KEY)
    token = tokens.sign(Audience.merchant, subject="m", seat=Seat(Role.cashier), now=NOON)
    with pytest.raises(WrongAudience):
        tokens.read(token, Audience.citizen, now=NOON)
