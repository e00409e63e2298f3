"""The second factor: six digits that change every thirty seconds.

Source: RFC 6238 (TOTP) over RFC 4226 (HOTP), HMAC-SHA-1 as authenticator apps have it; the
RFC's vectors are tests. A code of the step before or after is taken, for clocks that differ.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
ISSUER = "Puhui"


def fresh_secret() -> str:
    """A new secret of 160 bits, in base 32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of one time step."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """The time step whose code this is, among the current one and its neighbours; or None."""
    raw, current = base64.b32decode(secret), int(now.timestamp()) // STEP_S
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(code_at(raw, step), code):
            found = step
    return found


def uri(secret: str, *, account: str) -> str:
    """What an authenticator app reads from a QR code.

    Source: Google Authenticator, "Key Uri Format".
    """
    label = quote(f"{ISSUER}:{account}")
    return f"otpauth://totp/{label}?secret={secret}&issuer={ISSUER}&digits={DIGITS}"
