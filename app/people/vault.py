"""The vault: what names a person is sealed field by field, and found again by a keyed digest.

Two kinds of keys seal. A field of somebody who has a data key (`seal_for`) is sealed with it: when
that key is destroyed, all such fields are noise, backups included. A field that must be opened
without asking the database (`seal`) is sealed with a key worked out from a master key and the
owner's id; it is forgotten by deleting it. Each sealed text says how it was sealed, so keys and
algorithms may change while old texts stay readable. Owner and field are part of what is
authenticated: a text that is moved to another row or column does not open.

Source: NIST SP 800-38D (GCM, 96-bit random nonces), RFC 5869 (HKDF), RFC 8998 (SM4-GCM).
"""

import hmac
import os
import struct
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.database import Tx
from app.keys import Keys
from app.people import data_keys
from app.people.data_keys import VaultError

NONCE_BYTES = 12
TAG_BYTES = 16
_HEADER = struct.Struct(">BBBH")
_VERSION = 1
_DERIVED, _PERSON, _WRAPPED = 1, 2, 3
_WRAPS = "data key"


class Suite(IntEnum):
    """With what is sealed; the number stands in each sealed text."""

    aes = 1
    sm4 = 2


_KEY_BYTES = {Suite.aes: 32, Suite.sm4: 16}
_ALGORITHM: Mapping[Suite, type[algorithms.AES] | type[algorithms.SM4]] = {
    Suite.aes: algorithms.AES,
    Suite.sm4: algorithms.SM4,
}


class Vault:
    """Seals, opens and finds; holds the master keys, and no connection.

    Args:
        masters: master keys by number, 32 bytes or more each; the highest number seals.
        index_key: what digests for finding are made with; it never changes.
        suite: with what is sealed from now on; what was sealed otherwise still opens.

    """

    def __init__(
        self, masters: Mapping[int, bytes], *, index_key: bytes, suite: Suite = Suite.aes
    ) -> None:
        assert masters, "without a master key nothing can be sealed"
        assert all(0 <= number < 2**15 for number in masters), "a smallint names a master key"
        self._masters = dict(masters)
        self._index = index_key
        self.suite = suite
        self.current = max(masters)

    def index(self, kind: str, value: str) -> bytes:
        """The blind index of a value: equal for equal values, and tells nothing without the key.

        Args:
            kind: what it is, such as ``phone``; the same digits of another kind differ.
            value: in its one canonical form (E.164 for a phone).

        """
        return hmac.digest(self._index, f"{kind}\n{value}".encode(), "sha256")

    def seal(self, value: str, *, owner: UUID, field: str) -> bytes:
        """Seal a field under the current master key; it opens for this owner and field alone."""
        header = _HEADER.pack(_VERSION, self.suite, _DERIVED, self.current)
        return self._sealed(
            header, self._derived(self.current, owner), value.encode(), owner, field
        )

    def open(self, sealed: bytes, *, owner: UUID, field: str) -> str:
        """What `seal` was given.

        Raises:
            VaultError: another owner's, another field's, changed, or its master key is gone.

        """
        how, master_id = self._head(sealed)
        if how != _DERIVED:
            raise VaultError("this field is sealed with a person's own key")
        return self._opened(sealed, self._derived(master_id, owner), owner, field).decode()

    async def seal_for(
        self, tx: Tx, *, value: str | bytes, owner: UUID, field: str, now: datetime
    ) -> bytes:
        """Seal a field with the person's own key, which is made when it is first needed.

        Raises:
            KeyShreddedError: the person's key was destroyed.

        """
        key = await data_keys.of(tx, vault=self, owner=owner, now=now)
        text = value.encode() if isinstance(value, str) else value
        header = _HEADER.pack(_VERSION, self.suite, _PERSON, 0)
        return self._sealed(header, key, text, owner, field)

    async def open_for(self, tx: Tx, *, sealed: bytes, owner: UUID, field: str) -> bytes:
        """What `seal_for` was given, as bytes.

        Raises:
            KeyShreddedError: the person's key was destroyed.
            VaultError: another owner's, another field's, or changed.

        """
        if self._head(sealed)[0] != _PERSON:
            raise VaultError("this field is not sealed with a person's own key")
        key = await data_keys.existing(tx, vault=self, owner=owner)
        return self._opened(sealed, key, owner, field)

    def is_current(self, sealed: bytes) -> bool:
        """Whether a field needs no rotation: a person's key wraps it, or the newest master key."""
        how, master_id = self._head(sealed)
        return how == _PERSON or master_id == self.current

    def wrap(self, data_key: bytes, *, owner: UUID) -> bytes:
        """A person's key under the current master key."""
        header = _HEADER.pack(_VERSION, self.suite, _WRAPPED, self.current)
        return self._sealed(header, self._derived(self.current, owner), data_key, owner, _WRAPS)

    def unwrap(self, wrapped: bytes, *, owner: UUID) -> bytes:
        """A person's key again.

        Raises:
            VaultError: it is not this person's, was changed, or its master key is gone.

        """
        how, master_id = self._head(wrapped)
        if how != _WRAPPED:
            raise VaultError("this is no wrapped key")
        return self._opened(wrapped, self._derived(master_id, owner), owner, _WRAPS)

    def _derived(self, master_id: int, owner: UUID) -> bytes:
        master = self._masters.get(master_id)
        if master is None:
            raise VaultError(f"master key {master_id} is not configured")
        return _hkdf(master, 32, b"puhui owner" + owner.bytes)

    @staticmethod
    def _head(sealed: bytes) -> tuple[int, int]:
        if len(sealed) < _HEADER.size + NONCE_BYTES + TAG_BYTES or sealed[0] != _VERSION:
            raise VaultError("not a sealed text")
        _, suite, how, number = _HEADER.unpack_from(sealed)
        if suite not in _KEY_BYTES or how not in {_DERIVED, _PERSON, _WRAPPED}:
            raise VaultError("not a sealed text of ours")
        return how, number

    @staticmethod
    def _sealed(header: bytes, key: bytes, text: bytes, owner: UUID, field: str) -> bytes:
        suite = Suite(header[1])
        nonce = os.urandom(NONCE_BYTES)
        encryptor = Cipher(_ALGORITHM[suite](_for(suite, key)), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(_context(header, owner, field))
        return header + nonce + encryptor.update(text) + encryptor.finalize() + encryptor.tag

    @staticmethod
    def _opened(sealed: bytes, key: bytes, owner: UUID, field: str) -> bytes:
        header, suite = sealed[: _HEADER.size], Suite(sealed[1])
        start = _HEADER.size + NONCE_BYTES
        nonce, text, tag = (
            sealed[_HEADER.size : start],
            sealed[start:-TAG_BYTES],
            sealed[-TAG_BYTES:],
        )
        mode = modes.GCM(nonce, tag)
        decryptor = Cipher(_ALGORITHM[suite](_for(suite, key)), mode).decryptor()
        decryptor.authenticate_additional_data(_context(header, owner, field))
        try:
            return decryptor.update(text) + decryptor.finalize()
        except InvalidTag as error:
            raise VaultError("the sealed text was changed or moved") from error


def vault_for(keys: Keys) -> Vault:
    """The process's vault."""
    index_key = _hkdf(keys.subject, 32, b"puhui blind index")
    # Number 0 needs no setting; it opens what was sealed before master keys were given.
    masters = {0: _hkdf(keys.subject, 32, b"puhui master 0"), **keys.masters}
    return Vault(masters, index_key=index_key, suite=Suite[keys.suite])


def _context(header: bytes, owner: UUID, field: str) -> bytes:
    return header + owner.bytes + field.encode()


def _for(suite: Suite, key: bytes) -> bytes:
    return _hkdf(key, _KEY_BYTES[suite], b"puhui " + suite.name.encode())


def _hkdf(secret: bytes, length: int, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret)
