"""Use cases: an officer gets a one-time code, sets a password with it, and can be shut out."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.people.offices import Office
from app.people.register import register_officer
from app.people.vault import Vault
from app.sign_in import credentials, sessions
from app.sign_in.errors import EnrolmentRefused

OPEN_FOR = timedelta(days=3)
KIND = "enrol_"


@dataclass(frozen=True, slots=True, repr=False)
class Enrolled:
    """An officer who has just set a password, and the secret for the authenticator app."""

    officer_id: UUID
    name: str
    totp_secret: str


async def invite(tx: Tx, *, name: str, office: Office, actor: str, now: datetime) -> str:
    """Make an officer known, and a code with which they set their password; shown this once.

    For an officer who is known already it is a new beginning: what they are trusted with stays.
    """
    officer_id = await register_officer(tx, name=name, role=office.value, now=now)
    code = KIND + secrets.token_hex(16)
    await tx.execute(_INVITE, (officer_id, _digest(code), now + OPEN_FOR))
    subject = f"officer:{officer_id}"
    await record(tx, actor=actor, action="sign_in.invite", subject=subject, now=now)
    return code


async def enrol(tx: Tx, *, code: str, password_hash: str, vault: Vault, now: datetime) -> Enrolled:
    """Set the password and a new second factor, once; every older session ends.

    Raises:
        EnrolmentRefused: unknown, used or too old: never said which.

    """
    row = await (await tx.execute(_USE, {"digest": _digest(code), "now": now})).fetchone()
    if row is None:
        raise EnrolmentRefused(
            "Nobody is enrolled by this code; ask for a new one.", "激活码无效,请索取新的激活码。"
        )
    officer_id, name = row
    secret = await credentials.keep(
        tx, person_id=officer_id, password_hash=password_hash, vault=vault, now=now
    )
    await sessions.end_all(tx, person_id=officer_id, why="enrolled", now=now)
    subject = f"officer:{officer_id}"
    await record(tx, actor=subject, action="sign_in.enrol", subject=subject, now=now)
    return Enrolled(officer_id, name, secret)


async def shut_out(tx: Tx, *, officer_id: UUID, actor: str, now: datetime) -> None:
    """No password opens any more, no session lives, and no code is waiting."""
    await tx.execute(_SHUT, (credentials.UNUSABLE, officer_id))
    await tx.execute(_CLOSE, (now, officer_id))
    await sessions.end_all(tx, person_id=officer_id, why="shut_out", now=now)
    subject = f"officer:{officer_id}"
    await record(tx, actor=actor, action="sign_in.shut_out", subject=subject, now=now)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


_INVITE = """
INSERT INTO enrolment (officer_id, digest, ends_at) VALUES (%s, %s, %s)
ON CONFLICT (officer_id) DO UPDATE
   SET digest = excluded.digest, ends_at = excluded.ends_at, used_at = NULL
"""
_USE = """
UPDATE enrolment e SET used_at = %(now)s FROM officer o
 WHERE e.digest = %(digest)s AND e.used_at IS NULL AND e.ends_at > %(now)s AND o.id = e.officer_id
RETURNING o.id, o.name
"""
_SHUT = "UPDATE credential SET password_hash = %s WHERE person_id = %s"
_CLOSE = "UPDATE enrolment SET used_at = %s WHERE officer_id = %s AND used_at IS NULL"
