"""Door: the key with which a till signs what it did without network.

Both sides know it without sending it: it is made from the digest of the till's own key, which
the till can work out and we have stored. When the key ends, so does this one.

Source: RFC 2104 (HMAC); one key for one purpose (NIST SP 800-108).
"""

import hmac
from uuid import UUID

from app.database import Tx

_PURPOSE = b"puhui offline batch 1"


async def key_of(tx: Tx, *, key_id: UUID) -> bytes:
    """What the till works out too, from what we have stored of the key that signed in."""
    row = await (await tx.execute(_DIGEST, (key_id,))).fetchone()
    assert row is not None, "whoever signed in did so with a key"
    return hmac.digest(bytes(row[0]), _PURPOSE, "sha256")


def signature(key: bytes, body: bytes) -> str:
    """The signature of a body: HMAC-SHA256, 64 small hexadecimal digits."""
    return hmac.digest(key, body, "sha256").hex()


_DIGEST = "SELECT digest FROM till_key WHERE id = %s"
