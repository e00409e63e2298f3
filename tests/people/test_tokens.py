"""Tokens are believed only if every part of them is right."""

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ids import new_id
from app.people.errors import NotSignedIn, WrongAudience
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens
from tests.city import NOON

KEY = Ed25519PrivateKey.generate()
GOOD = {
    "iss": "puhui",
    "aud": "citizen",
    "sub": "x",
    "acc": 1025,
    "iat": int(NOON.timestamp()),
    "exp": int(NOON.timestamp()) + 600,
    "jti": "1",
}
SECONDS = int(NOON.timestamp())


def forged(claims, *, key=KEY, algorithm="EdDSA", typ="at+jwt"):
    """A token with these claims."""
    return jwt.encode(claims, key, algorithm=algorithm, headers={"typ": typ})


FORGERIES = {
    "another key": forged(GOOD, key=Ed25519PrivateKey.generate()),
    "no signature": jwt.encode(GOOD, None, algorithm="none", headers={"typ": "at+jwt"}),
    "a secret": forged(GOOD, key="s" * 64, algorithm="HS256"),
    "another type": forged(GOOD, typ="JWT"),
    "a refresh token": forged(GOOD, typ="rt+jwt"),
    "another issuer": forged(GOOD | {"iss": "else"}),
    "no audience": forged({k: v for k, v in GOOD.items() if k != "aud"}),
    "unknown audience": forged(GOOD | {"aud": "king"}),
    "two audiences": forged(GOOD | {"aud": ["citizen", "officer"]}),
    "no expiry": forged({k: v for k, v in GOOD.items() if k != "exp"}),
    "no id": forged({k: v for k, v in GOOD.items() if k != "jti"}),
    "expired": forged(GOOD | {"exp": SECONDS}),
    "account as text": forged(GOOD | {"acc": "1025"}),
    "account as truth": forged(GOOD | {"acc": True}),
    "no account": forged(GOOD | {"acc": 0}),
    "negative account": forged(GOOD | {"acc": -1}),
    "merchant with account": forged(GOOD | {"aud": "merchant"}),
    "rubbish": "a.b.c",
    "nothing": "",
    "long": "x" * 5000,
    "not text": "\ud800",
}


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
