"""Use cases: somebody who was invited sets a password, and signs in with it from then on."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.merchants import invite
from app.people.seats import Role, Seat
from app.people.vault import Vault
from app.sign_in import credentials, sessions


@dataclass(frozen=True, slots=True, repr=False)
class Joined:
    """Somebody who has just set a password, and the secret for the authenticator app."""

    merchant_id: UUID
    staff_id: UUID
    role: Role
    totp_secret: str


async def join(tx: Tx, *, code: str, password_hash: str, vault: Vault, now: datetime) -> Joined:
    """Accept an invitation and set password and second factor; every older session ends.

    Raises:
        SecretUnreadable: a typing error; nothing was looked up.
        InvitationRefused: unknown, used, replaced or too old: never said which.

    """
    merchant_id, seat = await invite.accept(tx, code=code, now=now)
    assert seat.staff_id is not None, "a person was invited"
    secret = await credentials.keep(
        tx, person_id=seat.staff_id, password_hash=password_hash, vault=vault, now=now
    )
    await sessions.end_all(tx, person_id=seat.staff_id, why="joined", now=now)
    return Joined(merchant_id, seat.staff_id, seat.role, secret)


async def seat_of(tx: Tx, *, staff_id: UUID) -> tuple[UUID, Seat] | None:
    """For whom somebody works now, and as what; None when they work for nobody."""
    row = await (await tx.execute(_SEAT, (staff_id,))).fetchone()
    return None if row is None else (row[0], Seat(Role(row[1]), staff_id=staff_id))


async def note(tx: Tx, *, staff_id: UUID, now: datetime) -> None:
    """Write down that somebody signed in."""
    actor = f"staff:{staff_id}"
    await record(tx, actor=actor, action="merchants.sign_in", subject=actor, now=now)


_SEAT = "SELECT merchant_id, role FROM merchant_staff WHERE id = %s AND state = 'active'"
"""A person's place, as it is at this moment."""
