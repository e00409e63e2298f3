"""The code with which somebody joins a household: told to the family, kept as a keyed digest.

Twelve symbols of Crockford's base 32 are 60 random bits; a code lives for a day and tries are
counted, so guessing one of a million open codes takes a million years of tries.

Source: Crockford, "Base 32".
"""

import hashlib
import re
import secrets
import unicodedata

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARS = 12
_IGNORED = re.compile(r"[\s\-]+")
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})


def fresh() -> str:
    """A new code, in three groups of four."""
    return _grouped("".join(secrets.choice(SYMBOLS) for _ in range(CHARS)))


def drawn(key: bytes, *, account_id: int, intention: str) -> str:
    """The code of one intention: whoever asks again, because the answer was lost, gets the same.

    Args:
        key: what codes are digested with; who lacks it cannot tell a code from another.
        account_id: who asks.
        intention: the `Idempotency-Key`, and what it was sent for.

    """
    said = f"{account_id}\n{intention}".encode()
    made = hashlib.blake2b(said, key=key[:64], person=b"household-draw").digest()
    return _grouped("".join(SYMBOLS[each % len(SYMBOLS)] for each in made[:CHARS]))


def _grouped(body: str) -> str:
    return "-".join(body[at : at + 4] for at in range(0, CHARS, 4))


def digest_of(key: bytes, typed: str) -> bytes | None:
    """The digest of a code that somebody typed; None when it cannot be one.

    Small and full-width letters, spaces and dashes are understood; I and L are read as 1, O as 0.
    """
    plain = _IGNORED.sub("", unicodedata.normalize("NFKC", typed[:80])).upper().translate(_READ_AS)
    if len(plain) != CHARS or not set(plain) <= set(SYMBOLS):
        return None
    made = hashlib.blake2b(plain.encode(), key=key[:64], person=b"household", digest_size=32)
    return made.digest()
