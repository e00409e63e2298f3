"""Keys of tills and codes of invitations: made once, shown once, kept as a digest.

A secret is a kind (``till`` or ``staff``), 26 symbols of Crockford's base 32 (130 random bits)
and seven that check them, so a typing error is told without a look into the database: a CRC-32
finds every burst of 32 bits, which is any wrong symbol and any two that changed places. Guessing
is hopeless, therefore the digest needs neither salt nor stretching.
Never: logged, stored, or kept in an idempotent answer.

Source: Crockford, "Base 32"; GitHub's token format (kind, random part, CRC-32), 2021.
"""

import hashlib
import re
import secrets
import unicodedata
import zlib
from dataclasses import dataclass

from app.merchants.errors import SecretUnreadable

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TILL, STAFF = "till", "staff"
TYPED_CHARS_MAX = 80
PREFIX_CHARS = 6
"""How much of a secret is kept, so that people can tell keys apart: 30 of 130 bits."""

_RANDOM, _CHECK = 26, 7
_IGNORED = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A fresh secret. ``text`` leaves the service once; the rest is stored. Never printed."""

    text: str
    prefix: str
    digest: bytes


def fresh(kind: str) -> Secret:
    """A new secret of a kind."""
    body = "".join(secrets.choice(SYMBOLS) for _ in range(_RANDOM))
    return Secret(f"{kind}_{body}{_check(kind, body)}", body[:PREFIX_CHARS], _digest(kind, body))


def digest_of(kind: str, typed: str) -> bytes:
    """The digest of a secret that somebody sent.

    Small letters, full-width letters, spaces and dashes are understood; I and L are read as 1,
    O as 0.

    Raises:
        SecretUnreadable: it cannot be one of ours: shape or check symbols.

    """
    head, _, rest = typed[: TYPED_CHARS_MAX + 1].partition("_")
    plain = _IGNORED.sub("", unicodedata.normalize("NFKC", rest)).upper().translate(_READ_AS)
    body, check = plain[:_RANDOM], plain[_RANDOM:]
    if (
        len(typed) > TYPED_CHARS_MAX
        or head.strip().lower() != kind
        or len(plain) != _RANDOM + _CHECK
        or not set(plain) <= set(SYMBOLS)
        or check != _check(kind, body)
    ):
        raise SecretUnreadable(
            f"It is `{kind}_` and 33 letters or digits, and its check symbols do not fit.",
            f"格式为 {kind}_ 加 33 位字母数字,校验位不符,请重新复制。",
        )
    return _digest(kind, body)


def _check(kind: str, body: str) -> str:
    number = zlib.crc32(f"{kind}_{body}".encode())
    return "".join(SYMBOLS[number >> 5 * place & 31] for place in reversed(range(_CHECK)))


def _digest(kind: str, body: str) -> bytes:
    return hashlib.sha256(f"puhui {kind} {body}".encode()).digest()
