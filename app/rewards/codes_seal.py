"""Merchants' codes at rest: sealed with a key of the service, found again by a keyed digest.

Source: RFC 8439 (ChaCha20-Poly1305); RFC 7693 (BLAKE2). The offer is part of what is sealed, so
that a row moved to another offer cannot be opened.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_NONCE_BYTES = 12
_PURPOSE = b"puhui merchant codes"


def digests(key: bytes, *, owner: UUID, codes: Sequence[str]) -> list[bytes]:
    """The digest of each code of one owner's, the key worked out once.

    The owner is an offer or a merchant: what is in one list twice, or in two of its lists.
    """
    keyed = _of(key)
    return [
        hashlib.blake2b(
            owner.bytes + code.encode(), digest_size=16, key=keyed, person=b"puhui code"
        ).digest()
        for code in codes
    ]


def seal(key: bytes, *, offer_id: UUID, code: str) -> bytes:
    """The code, readable only with the key and for the offer."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(_of(key)).encrypt(nonce, code.encode(), offer_id.bytes)


def unseal(key: bytes, *, offer_id: UUID, sealed: bytes) -> str:
    """What `seal` was given; raises ``InvalidTag`` for anything else."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return ChaCha20Poly1305(_of(key)).decrypt(nonce, rest, offer_id.bytes).decode()


def _of(key: bytes) -> bytes:
    """A key of its own for this purpose."""
    return hmac.digest(key, _PURPOSE, "sha256")
