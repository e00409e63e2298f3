"""Door: the key with which a till signs what it did without network.

Both sides know it without sending it: it is made from the digest of the till's own key, which
the till can work out and we have stored. When the key ends, so does this one.

Source: RFC 2104 (HMAC); one key for one purpose (NIST SP 800-108).
"""

import hmac
from uuid import UUID

from app.database import Tx
from app.merchants import secret_codes

_PURPOSE = b"puhui offline batch 1"


def key_from(secret: str) -> bytes:
    """What a till works out from its key.

    Raises:
        SecretUnreadable: it is no till's key.

    """
    return _key(secret_codes.digest_of(secret_codes.TILL, secret))


async def key_of(tx: Tx, *, key_id: UUID) -> bytes:
    """The same, from what we have stored of the key that signed in."""
    row = await (await tx.execute(_DIGEST, (key_id,))).fetchone()
    assert row is not None, "whoever signed in did so with a key"
    return _key(bytes(row[0]))


def signature(key: bytes, body: bytes) -> str:
    """The signature of a body: HMAC-SHA256, 64 small hexadecimal digits."""
    return hmac.digest(key, body, "sha256").hex()


def _key(digest: bytes) -> bytes:
    return hmac.digest(digest, _PURPOSE, "sha256")


_DIGEST = "SELECT digest FROM till_key WHERE id = %s"
