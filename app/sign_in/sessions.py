"""Use cases: a session starts, is renewed with a refresh token, and ends.

A refresh token is 256 random bits of which a digest is kept; each use replaces it by its child.
The child's secret is a keyed digest of the parent's, so whoever lost an answer and asks again
within ten seconds gets the very same child, and nothing that could be stolen is stored. An older
token of ours, or one from another device, ends the session: somebody has a copy.

Source: RFC 9700 section 4.14.2 (rotation, reuse detection).
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.database import Tx
from app.ids import new_id
from app.people.tokens import Audience
from app.people.vault import Vault
from app.sign_in.digests import Digests

GRACE = timedelta(seconds=10)
"""For how long the previous token gives its child again: an answer was lost."""
IDLE = timedelta(days=30)
"""How long a session waits to be renewed."""
LIVES = {
    Audience.citizen: timedelta(days=180),
    Audience.merchant: timedelta(days=30),
    Audience.officer: timedelta(hours=12),
}
"""After this everybody signs in anew."""
SESSIONS_MAX = 20
"""How many sessions a person has at once; a further one ends the oldest."""
DEVICE = "device"
"""The field under which a device's name is sealed, with whose it is."""
PUSH = "push"
"""The same for where messages are pushed to."""
_TOKEN = "r1."  # noqa: S105 -- the kind of token, not a secret
_SECRET_BYTES, _MARK_BYTES = 32, 16


@dataclass(frozen=True, slots=True)
class Device:
    """On what somebody signs in: its id (a keyed digest), and what people call it."""

    id: bytes
    name: str
    platform: str


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """A session, whose it is, and its refresh token. Never printed."""

    session_id: UUID
    audience: Audience
    person_id: UUID
    account_id: int
    refresh_token: str
    refresh_ends_at: datetime


async def start(
    tx: Tx,
    *,
    audience: Audience,
    person_id: UUID,
    account_id: int = 0,
    device: Device,
    digests: Digests,
    vault: Vault,
    now: datetime,
) -> Begun:
    """Start a session of somebody whom the caller has recognised; the 21st ends the oldest."""
    session_id, secret = new_id(), secrets.token_bytes(_SECRET_BYTES)
    ends_at = now + LIVES[audience]
    refresh_ends_at = min(now + IDLE, ends_at)
    row = {
        "id": session_id,
        "audience": audience.value,
        "person": person_id,
        "account": account_id,
        "device": device.id,
        "name": vault.seal(device.name, owner=person_id, field=DEVICE),
        "platform": device.platform,
        "now": now,
        "ends": ends_at,
        "digest": _digest(secret),
        "refresh_ends": refresh_ends_at,
        "most": SESSIONS_MAX,
    }
    await tx.execute(_CROWDED, row)
    await tx.execute(_START, row)
    token = _written(session_id, secret, digests)
    return Begun(session_id, audience, person_id, account_id, token, refresh_ends_at)


async def renew(
    tx: Tx,
    *,
    token: str,
    device: bytes,
    audiences: Sequence[Audience],
    digests: Digests,
    now: datetime,
) -> Begun | None:
    """The session and its next refresh token; None when the token opens nothing any more.

    The caller commits even then: a token that was used before has just ended its session.

    Args:
        tx: the caller's transaction.
        token: what was sent.
        device: the digest of the device that sent it.
        audiences: whose sessions are renewed at this door; another's stays as it is.
        digests: what tokens are made with.
        now: when (UTC).

    """
    read = _read(token, digests)
    if read is None:
        return None
    session_id, secret = read
    child = digests.child(secret)
    arguments = {
        "id": session_id,
        "digest": _digest(secret),
        "child": _digest(child),
        "device": device,
        "now": now,
        "lost_since": now - GRACE,
        "idle": IDLE,
        "audiences": [each.value for each in audiences],
    }
    row = await (await tx.execute(_RENEW, arguments)).fetchone()
    if row is None:
        row = await (await tx.execute(_LOST, arguments)).fetchone()
    if row is None:
        await tx.execute(_STOLEN, arguments)
        return None
    audience, person_id, account_id, refresh_ends_at = row
    following = _written(session_id, child, digests)
    return Begun(session_id, Audience(audience), person_id, account_id, following, refresh_ends_at)


async def end(tx: Tx, *, person_id: UUID, session_id: UUID, now: datetime) -> bool:
    """End one of somebody's sessions; False when they have none of this id."""
    found = await tx.execute(_END, (now, session_id, person_id))
    return found.rowcount == 1


async def end_all(tx: Tx, *, person_id: UUID, why: str = "everywhere", now: datetime) -> int:
    """End every session of somebody; how many there were."""
    return (await tx.execute(_END_ALL, (now, why, person_id))).rowcount


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _written(session_id: UUID, secret: bytes, digests: Digests) -> str:
    body = session_id.bytes + secret
    return _TOKEN + base64.urlsafe_b64encode(body + digests.mark(body)).rstrip(b"=").decode()


def _read(token: str, digests: Digests) -> tuple[UUID, bytes] | None:
    """The session and secret in a token that was made here; None for any other text."""
    if not token.startswith(_TOKEN) or not token.isascii():
        return None
    text = token.removeprefix(_TOKEN)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mark = raw[:-_MARK_BYTES], raw[-_MARK_BYTES:]
    if len(body) != 16 + _SECRET_BYTES:
        return None
    if not secrets.compare_digest(mark, digests.mark(body)):
        return None
    return UUID(bytes=body[:16]), body[16:]


_CROWDED = """
UPDATE sign_in_session SET ended_at = %(now)s, ended_why = 'crowded'
 WHERE id IN (SELECT id FROM sign_in_session
               WHERE person_id = %(person)s AND ended_at IS NULL
               ORDER BY id DESC OFFSET %(most)s - 1)
   AND ended_at IS NULL
"""
_START = """
INSERT INTO sign_in_session (id, audience, person_id, account_id, device, device_name,
                             device_sealed, platform, began_at, renewed_at, ends_at,
                             refresh_digest, refresh_ends_at)
VALUES (%(id)s, %(audience)s, %(person)s, %(account)s, %(device)s, '', %(name)s, %(platform)s,
        %(now)s, %(now)s, %(ends)s, %(digest)s, %(refresh_ends)s)
"""
_RENEW = """
UPDATE sign_in_session
   SET previous_digest = refresh_digest, refresh_digest = %(child)s, renewed_at = %(now)s,
       refresh_ends_at = least(%(now)s + %(idle)s::interval, ends_at)
 WHERE id = %(id)s AND refresh_digest = %(digest)s AND device = %(device)s
   AND audience = ANY (%(audiences)s)
   AND ended_at IS NULL AND ends_at > %(now)s AND refresh_ends_at > %(now)s
RETURNING audience, person_id, account_id, refresh_ends_at
"""
_LOST = """
SELECT audience, person_id, account_id, refresh_ends_at FROM sign_in_session
 WHERE id = %(id)s AND previous_digest = %(digest)s AND device = %(device)s
   AND audience = ANY (%(audiences)s)
   AND renewed_at >= %(lost_since)s AND ended_at IS NULL AND ends_at > %(now)s
"""
# Honest but late is not stolen: a current token from its own device changes nothing here.
_STOLEN = """
UPDATE sign_in_session SET ended_at = %(now)s, ended_why = 'reuse'
 WHERE id = %(id)s AND ended_at IS NULL AND audience = ANY (%(audiences)s)
   AND (refresh_digest <> %(digest)s OR device <> %(device)s)
"""
_END = """
UPDATE sign_in_session SET ended_at = %s, ended_why = 'signed_out'
 WHERE id = %s AND person_id = %s AND ended_at IS NULL
"""
_END_ALL = """
UPDATE sign_in_session SET ended_at = %s, ended_why = %s
 WHERE person_id = %s AND ended_at IS NULL
"""
