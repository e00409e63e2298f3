"""Tokens of the four audiences: signed here, read here, nowhere else.

An access token is a short EdDSA JWT whose every claim is required and whose ``typ`` is
checked: the library accepts a token without expiry, and a token of another kind, unless told.
What was verified is remembered until it expires, because verifying costs more than a query.

Source: RFC 9068 (``typ`` at+jwt), RFC 8725 section 3 (explicit typing, algorithms, audience).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ids import new_id
from app.people.errors import NotSignedIn, WrongAudience
from app.people.seats import Seat, seat_in

ISSUER = "puhui"
TYPE = "at+jwt"
LIFE = timedelta(minutes=10)
DEVELOPMENT_LIFE = timedelta(hours=24)
"""A developer's token lives for a day, so that a printed curl line still works after lunch."""
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
    """Who is calling: the subject's id, a citizen's account number, a merchant's seat."""

    audience: Audience
    subject: str
    account_id: int
    expires_at_s: int
    seat: Seat | None


class Tokens:
    """Signs and reads tokens with one key.

    Args:
        key: the Ed25519 private key.

    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._private = key
        self._public = key.public_key()
        self._remembered: dict[bytes, Caller] = {}

    def sign(
        self,
        audience: Audience,
        *,
        subject: str,
        account_id: int = 0,
        seat: Seat | None = None,
        now: datetime,
        life: timedelta = LIFE,
    ) -> str:
        """A token for one caller; ``account_id`` is a citizen's, ``seat`` a merchant's."""
        claims = {
            "iss": ISSUER,
            "aud": audience.value,
            "sub": subject,
            "acc": account_id,
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
            "jti": str(new_id()),
        }
        claims |= seat.claims() if seat is not None else {}
        return jwt.encode(claims, self._private, algorithm="EdDSA", headers={"typ": TYPE})

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

    def _verified(self, token: str) -> Caller:
        try:
            if jwt.get_unverified_header(token).get("typ") != TYPE:
                raise _refused()
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["EdDSA"],
                issuer=ISSUER,
                audience=[each.value for each in Audience],
                # Time is checked against the request's own clock, above.
                options={
                    "require": ["iss", "aud", "sub", "acc", "iat", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            audience = Audience(claims["aud"])
            account_id, expires_at_s = claims["acc"], claims["exp"]
            # Without a role a merchant's token opens nothing: no seat is worked out for it.
            seat = seat_in(claims) if audience is Audience.merchant else None
        except (jwt.PyJWTError, ValueError) as error:
            raise _refused() from error
        if type(account_id) is not int or type(expires_at_s) is not int:
            raise _refused()
        if (audience is Audience.citizen) != (account_id > 0):
            raise _refused()
        return Caller(audience, claims["sub"], account_id, expires_at_s, seat)


def _refused() -> NotSignedIn:
    return NotSignedIn(
        "Send `Authorization: Bearer <token>` with a token that has not expired.",
        "请在 Authorization 请求头中提供有效的 Bearer 令牌。",
    )
