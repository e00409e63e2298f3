"""The keys that tokens are signed with: kept sealed in the database, known to every process.

A new key is published before it signs, so no process meets a token it cannot read; one that does
looks at once. The older key is good for as long as its last token lives. The key of the settings
stays good always: it signs until the first rotation, and for development.
"""

import secrets
import time
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.audit.record import record
from app.database import Database, Tx
from app.keys import derived
from app.people.tokens import LIFE, SigningKey, Tokens

EVERY_S = 10
"""How often a process looks for keys that came or went."""
LEAD = timedelta(seconds=2 * EVERY_S)
"""How long a new key is published before it signs."""
_NONCE_BYTES = 12


class KeyRing:
    """One process's way to the programme's keys.

    Args:
        database: where they are.
        tokens: who is told of them.
        secret: what they are sealed with, kept outside the database.

    """

    def __init__(self, database: Database, tokens: Tokens, secret: bytes) -> None:
        self._database = database
        self._tokens = tokens
        self._secret = secret
        self._looked_s = -EVERY_S
        self._any = False

    async def ensure_fresh(self, *, now: datetime) -> None:
        """Look again when it is time; before the first rotation there is nothing to look for."""
        if self._any and time.monotonic() - self._looked_s >= EVERY_S:
            await self.look(now=now)

    async def ensure_may_sign(self, *, now: datetime) -> None:
        """Know which key signs now, before a token is made."""
        if time.monotonic() - self._looked_s >= EVERY_S:
            await self.look(now=now)

    async def look(self, *, now: datetime) -> None:
        """Read the keys, at most once a second, so that forged names cost nothing."""
        moment = int(time.monotonic())
        if moment - self._looked_s < 1:
            return
        self._looked_s = moment
        async with self._database.reading() as tx:
            found = await live(tx, secret=self._secret, now=now)
        self._any = self._any or bool(found)
        self._tokens.learn(found)


async def live(tx: Tx, *, secret: bytes, now: datetime) -> list[SigningKey]:
    """Every key whose tokens are good, oldest first."""
    rows = await (await tx.execute(_LIVE, (now,))).fetchall()
    return [
        SigningKey(_opened(secret, kid, sealed), signs_from) for kid, sealed, signs_from in rows
    ]


async def rotate(
    tx: Tx, *, secret: bytes, actor: str, now: datetime, lead: timedelta = LEAD
) -> str:
    """Make a key that signs after ``lead``; the older ones end when their last token has.

    Returns:
        The new key's name.

    """
    key = SigningKey(Ed25519PrivateKey.generate())
    signs_from = now + lead
    await tx.execute(_END_OLDER, (signs_from + LIFE, signs_from + LIFE))
    public = key.private.public_key().public_bytes_raw()
    await tx.execute(_ADD, (key.kid, public, _sealed(secret, key), now, signs_from))
    await record(tx, actor=actor, action="sign_in.rotate_key", subject=f"key:{key.kid}", now=now)
    return key.kid


def _sealed(secret: bytes, key: SigningKey) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    raw = key.private.private_bytes_raw()
    return nonce + AESGCM(derived(secret, "signing keys")).encrypt(nonce, raw, key.kid.encode())


def _opened(secret: bytes, kid: str, sealed: bytes) -> Ed25519PrivateKey:
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    raw = AESGCM(derived(secret, "signing keys")).decrypt(nonce, body, kid.encode())
    return Ed25519PrivateKey.from_private_bytes(raw)


_LIVE = """
SELECT kid, sealed, signs_from FROM signing_key
 WHERE ends_at IS NULL OR ends_at > %s ORDER BY signs_from
"""
_END_OLDER = """
UPDATE signing_key SET ends_at = %s WHERE ends_at IS NULL OR ends_at > %s
"""
_ADD = """
INSERT INTO signing_key (kid, public_key, sealed, made_at, signs_from) VALUES (%s, %s, %s, %s, %s)
"""
