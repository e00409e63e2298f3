"""Tokens of the four audiences: signed here, read here, nowhere else.

An access token is a short EdDSA JWT whose every claim is required and whose ``typ`` is
checked: the library accepts a token without expiry, and a token of another kind, unless told.
What was verified is remembered until it expires, because verifying costs more than a query.

Several keys live at once. A token names its key (``kid``), which is looked up among ours and
nowhere else; the newest key whose time has come signs.

Source: RFC 9068 (``typ`` at+jwt), RFC 8725 section 3 (explicit typing, algorithms, audience).
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from app.ids import new_id
from app.people.errors import NotSignedIn, WrongAudience
from app.people.offices import Office, offices_in
from app.people.seats import Seat, seat_in

ISSUER = "puhui"
TYPE = "at+jwt"
LIFE = timedelta(minutes=10)
DEVELOPMENT_LIFE = timedelta(hours=24)
"""A developer's token lives for a day, so that a printed curl line still works after lunch."""
NO_SESSION = "none"
"""The ``sid`` of a token that stands for no session: a till's, a provider's, a developer's."""
KID_CHARS = 43
REMEMBERED_MAX = 20_000
TOKEN_CHARS_MAX = 2_000


class Audience(StrEnum):
    """Who a door is for."""

    citizen = "citizen"
    merchant = "merchant"
    provider = "provider"
    officer = "officer"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the subject's id, a citizen's account number, a merchant's seat.

    Attributes:
        audience: whose door the token opens.
        subject: the caller's id.
        account_id: a citizen's; 0 for others.
        expires_at_s: when it ends, seconds since 1970.
        seat: a merchant's.
        session_id: the session it belongs to; None for a till, a provider, a developer.
        offices: a developer's as an officer; an officer who signed in has the row's, asked
            each time.

    """

    audience: Audience
    subject: str
    account_id: int
    expires_at_s: int
    seat: Seat | None
    session_id: UUID | None
    offices: frozenset[Office]


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A key, and from when on it signs. Never printed."""

    private: Ed25519PrivateKey
    signs_from: datetime | None = None

    @property
    def kid(self) -> str:
        """The name under which tokens and the published set know it."""
        return kid_of(self.private.public_key())


def kid_of(public: Ed25519PublicKey) -> str:
    """The thumbprint of a public key.

    Source: RFC 7638 section 3, with RFC 8037 section 2 for Ed25519.
    """
    text = f'{{"crv":"Ed25519","kty":"OKP","x":"{coordinate_of(public)}"}}'
    return _base64url(hashlib.sha256(text.encode()).digest())


def coordinate_of(public: Ed25519PublicKey) -> str:
    """A public key as it stands in a published set (``x``)."""
    return _base64url(public.public_bytes_raw())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Tokens:
    """Signs and reads tokens.

    Args:
        key: the Ed25519 private key of the settings; it is always good.

    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._base = SigningKey(key)
        self._keys: Sequence[SigningKey] = (self._base,)
        self._public = {self._base.kid: key.public_key()}
        self._remembered: dict[bytes, Caller] = {}

    @property
    def public(self) -> dict[str, Ed25519PublicKey]:
        """Every key whose tokens are good, by its name."""
        return dict(self._public)

    def learn(self, keys: Sequence[SigningKey]) -> None:
        """From now on these keys are good, beside the first; what others signed is not."""
        self._keys = (self._base, *keys)
        public = {each.kid: each.private.public_key() for each in self._keys}
        if public.keys() != self._public.keys():
            self._public = public
            self._remembered.clear()

    def sign(
        self,
        audience: Audience,
        *,
        subject: str,
        account_id: int = 0,
        seat: Seat | None = None,
        session_id: UUID | None = None,
        offices: frozenset[Office] = frozenset(),
        now: datetime,
        life: timedelta = LIFE,
    ) -> str:
        """A token for one caller; ``account_id`` is a citizen's, ``seat`` a merchant's.

        ``offices`` are a developer's as an officer; with a session they are read from the row.
        """
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": audience.value,
            "sub": subject,
            "sid": NO_SESSION if session_id is None else str(session_id),
            "acc": account_id,
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
            "jti": str(new_id()),
        }
        claims |= seat.claims() if seat is not None else {}
        if offices and session_id is None:
            claims["offices"] = " ".join(sorted(offices))
        due = [each for each in self._keys if each.signs_from is None or each.signs_from <= now]
        signer = max(due, key=lambda each: (each.signs_from is not None, each.signs_from or now))
        headers = {"typ": TYPE, "kid": signer.kid}
        return jwt.encode(claims, signer.private, algorithm="EdDSA", headers=headers)

    def read(self, token: str, audience: Audience, *, now: datetime) -> Caller:
        """Who a token stands for.

        Raises:
            NotSignedIn: not one of ours, malformed, or expired.
            WrongAudience: good, but for another door.

        """
        if len(token) > TOKEN_CHARS_MAX:
            raise _refused()
        name = hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=16).digest()
        caller = self._remembered.get(name)
        if caller is None:
            caller = self._verified(token)
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[name] = caller
        if caller.expires_at_s <= now.timestamp():
            self._remembered.pop(name, None)
            raise _refused()
        if caller.audience is not audience:
            raise WrongAudience(
                f"This token is a {caller.audience}'s; here a {audience}'s is needed.",
                "该令牌不适用于此接口。",
            )
        return caller

    def names_unknown_key(self, token: str) -> bool:
        """Whether a refused token names a key that another process may have made just now."""
        try:
            kid = jwt.get_unverified_header(token[:TOKEN_CHARS_MAX]).get("kid")
        except (jwt.PyJWTError, ValueError):
            return False
        return isinstance(kid, str) and len(kid) == KID_CHARS and kid not in self._public

    def _verified(self, token: str) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
            if set(header) != {"alg", "typ", "kid"} or header["typ"] != TYPE:
                raise _refused()
            public = self._public.get(header["kid"])
            if public is None:
                raise _refused()
            claims = jwt.decode(
                token,
                public,
                algorithms=["EdDSA"],
                issuer=ISSUER,
                audience=[each.value for each in Audience],
                # Time is checked against the request's own clock, above.
                options={
                    "require": ["iss", "aud", "sub", "sid", "acc", "iat", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            audience = Audience(claims["aud"])
            account_id, expires_at_s = claims["acc"], claims["exp"]
            # Without a role a merchant's token opens nothing: no seat is worked out for it.
            seat = seat_in(claims) if audience is Audience.merchant else None
            session_id = None if claims["sid"] == NO_SESSION else UUID(claims["sid"])
            offices = offices_in(claims) if audience is Audience.officer else frozenset()
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            raise _refused() from error
        if type(account_id) is not int or type(expires_at_s) is not int:
            raise _refused()
        if type(claims["iat"]) is not int or not claims["sub"]:
            raise _refused()
        if (audience is Audience.citizen) != (account_id > 0):
            raise _refused()
        return Caller(audience, claims["sub"], account_id, expires_at_s, seat, session_id, offices)


def _refused() -> NotSignedIn:
    return NotSignedIn(*_WORDS)


_WORDS = (
    "Send `Authorization: Bearer <token>` with a token that has not expired.",
    "请在 Authorization 请求头中提供有效的 Bearer 令牌。",
)
