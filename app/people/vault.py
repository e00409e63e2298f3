"""What names a person, sealed for storage and findable without being readable.

AES-256-GCM with a fresh nonce per value; whose value and which field it is are authenticated,
so a sealed value copied to another row does not open. The blind index is a keyed digest.

Source: NIST SP 800-38D (GCM); RFC 5869 (HKDF) for the two keys.
"""

import hashlib
import hmac
import secrets
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.keys import derived

KEY_ID = b"v1"
"""Stands before every sealed value, so that a later key can be told from this one."""
_NONCE_BYTES = 12


class Vault:
    """Seals, opens and indexes with keys derived from one secret.

    Args:
        secret: at least 32 bytes, kept outside the database.

    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(derived(secret, "vault seal"))
        self._index_key = derived(secret, "vault index")

    def index(self, kind: str, value: str) -> bytes:
        """The keyed digest under which a value is found; equal values, equal digests."""
        return hmac.digest(self._index_key, f"{kind}\n{value}".encode(), hashlib.sha256)

    def seal(self, value: str, *, owner: UUID, field: str) -> bytes:
        """A value encrypted for one owner's field."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return KEY_ID + nonce + self._cipher.encrypt(nonce, value.encode(), _bound(owner, field))

    def open(self, sealed: bytes, *, owner: UUID, field: str) -> str:
        """The value that was sealed for this owner's field.

        Raises:
            InvalidTag: it was sealed for another owner, field or key, or was changed.
            ValueError: it names a key that this process does not have.

        """
        if sealed[: len(KEY_ID)] != KEY_ID:
            raise ValueError("sealed with a key that is not here")
        body = sealed[len(KEY_ID) :]
        nonce, text = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
        return self._cipher.decrypt(nonce, text, _bound(owner, field)).decode()


def _bound(owner: UUID, field: str) -> bytes:
    return KEY_ID + owner.bytes + field.encode()
