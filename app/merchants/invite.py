"""Use cases: a merchant's people are invited with a one-time code, come, and go.

Officers invite the first manager; from then on a manager invites the others. Who accepts sets a
password (`staff_sign_in`); an invitation sent again is the way back in for who lost it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.merchants import secret_codes, standing
from app.merchants.errors import InvitationRefused, LastManager, ManagerThere, StaffNotFound
from app.people.seats import Role, Seat
from app.sign_in import sessions

log = structlog.get_logger()

OPEN_FOR = timedelta(days=7)
"""How long an invitation waits."""


@dataclass(frozen=True, slots=True, repr=False)
class Invited:
    """Somebody, and the code that lets them in once. Never printed."""

    staff_id: UUID
    code: str
    ends_at: datetime


async def invite(
    tx: Tx, *, merchant_id: UUID, name: str, role: Role, actor: str, now: datetime
) -> Invited:
    """Invite somebody to work for a merchant.

    Args:
        tx: the caller's transaction.
        merchant_id: whose counter.
        name: what colleagues call them; nothing else is kept.
        role: what they may do.
        actor: who invites, for the audit.
        now: when (UTC).

    Raises:
        MerchantNotFound: none has this id.

    """
    await standing.lock(tx, merchant_id=merchant_id)
    secret = secret_codes.fresh(secret_codes.STAFF)
    staff_id, ends_at = new_id(), now + OPEN_FOR
    row = (staff_id, merchant_id, name, role.value, actor, now, secret.digest, ends_at)
    await tx.execute(_INVITE, row)
    await _keep(tx, staff_id, merchant_id, "invite", actor=actor, now=now, role=role.value)
    return Invited(staff_id, secret.text, ends_at)


async def invite_manager(
    tx: Tx, *, merchant_id: UUID, name: str, actor: str, now: datetime
) -> Invited:
    """An officer invites a merchant's first manager.

    Raises:
        MerchantNotFound: none has this id.
        ManagerThere: the merchant has one, who invites the others.

    """
    await standing.lock(tx, merchant_id=merchant_id)
    if await _managers(tx, merchant_id) > 0:
        raise ManagerThere(
            "The merchant has a manager, who invites its people.", "商户已有店长,请由店长邀请员工。"
        )
    return await invite(
        tx, merchant_id=merchant_id, name=name, role=Role.manager, actor=actor, now=now
    )


async def invite_again(
    tx: Tx, *, merchant_id: UUID, staff_id: UUID, actor: str, now: datetime
) -> Invited:
    """A new code for somebody who lost theirs, or must sign in anew; the old one dies.

    Raises:
        StaffNotFound: nobody with this id works for the merchant.

    """
    secret = secret_codes.fresh(secret_codes.STAFF)
    ends_at = now + OPEN_FOR
    changed = await tx.execute(_AGAIN, (actor, now, secret.digest, ends_at, staff_id, merchant_id))
    if changed.rowcount == 0:
        raise _unknown()
    await _keep(tx, staff_id, merchant_id, "invite_again", actor=actor, now=now)
    return Invited(staff_id, secret.text, ends_at)


async def accept(tx: Tx, *, code: str, now: datetime) -> tuple[UUID, Seat]:
    """Whoever holds the code is let in, once; a merchant's first manager makes it active.

    Args:
        tx: the caller's transaction.
        code: what was sent.
        now: when (UTC).

    Returns:
        The merchant, and the seat a token is made of.

    Raises:
        SecretUnreadable: a typing error; nothing was looked up.
        InvitationRefused: unknown, used, replaced or too old: never said which.

    """
    digest = secret_codes.digest_of(secret_codes.STAFF, code)
    found = await (await tx.execute(_WHOSE, (digest,))).fetchone()
    if found is None:
        raise _refused()
    # The merchant first: everything that changes its people waits there, in this order.
    merchant = await standing.lock(tx, merchant_id=found[0])
    row = await (await tx.execute(_ACCEPT, {"digest": digest, "now": now})).fetchone()
    if row is None:
        raise _refused()
    staff_id, merchant_id, role = row
    actor = f"staff:{staff_id}"
    await _keep(tx, staff_id, merchant_id, "accept", actor=actor, now=now, role=role)
    if role == Role.manager and merchant.state == "approved":
        await standing.activate(
            tx, merchant_id=merchant_id, was=merchant.state, actor=actor, now=now
        )
    return merchant_id, Seat(Role(role), staff_id=staff_id)


async def remove(tx: Tx, *, merchant_id: UUID, staff_id: UUID, actor: str, now: datetime) -> None:
    """Let somebody go; their tokens die within seconds, their invitation at once. Twice is once.

    Raises:
        StaffNotFound: nobody with this id has worked for the merchant.
        LastManager: a merchant keeps one manager who has come.

    """
    await standing.lock(tx, merchant_id=merchant_id)
    row = await (await tx.execute(_ONE, (merchant_id, staff_id))).fetchone()
    if row is None:
        raise _unknown()
    if row[1] == "removed":
        return
    if row == (Role.manager, "active") and await _managers(tx, merchant_id) == 1:
        raise LastManager(
            "This is the last manager; invite another one first.",
            "这是最后一位店长,请先邀请另一位店长。",
        )
    await tx.execute(_REMOVE, (now, staff_id))
    await sessions.end_all(tx, person_id=staff_id, why="removed", now=now)
    await _keep(tx, staff_id, merchant_id, "remove", actor=actor, now=now)


async def _managers(tx: Tx, merchant_id: UUID) -> int:
    row = await (await tx.execute(_MANAGERS, (merchant_id,))).fetchone()
    assert row is not None, "an aggregate always answers"
    count: int = row[0]
    return count


async def _keep(
    tx: Tx,
    staff_id: UUID,
    merchant_id: UUID,
    verb: str,
    *,
    actor: str,
    now: datetime,
    **facts: str,
) -> None:
    await record(
        tx,
        actor=actor,
        action=f"merchants.{verb}",
        subject=f"staff:{staff_id}",
        facts={"merchant": str(merchant_id), **facts},
        now=now,
    )
    log.info("staff_kept", staff_id=str(staff_id), verb=verb)


def _unknown() -> StaffNotFound:
    return StaffNotFound("Nobody with this id works for you.", "您没有该编号的员工。")


def _refused() -> InvitationRefused:
    return InvitationRefused(
        "Nobody is let in by this code; ask for a new invitation.",
        "该邀请码无效,请索取新的邀请。",
    )


_INVITE = """
INSERT INTO merchant_staff (id, merchant_id, name, role, state, invited_by, invited_at,
                            code_digest, code_ends_at)
VALUES (%s, %s, %s, %s, 'invited', %s, %s, %s, %s)
"""
_AGAIN = """
UPDATE merchant_staff
   SET invited_by = %s, invited_at = %s, code_digest = %s, code_ends_at = %s
 WHERE id = %s AND merchant_id = %s AND state <> 'removed'
"""
_WHOSE = "SELECT merchant_id FROM merchant_staff WHERE code_digest = %s"
_ACCEPT = """
UPDATE merchant_staff
   SET state = 'active', code_digest = NULL, code_ends_at = NULL,
       accepted_at = coalesce(accepted_at, %(now)s)
 WHERE code_digest = %(digest)s AND code_ends_at > %(now)s AND state <> 'removed'
RETURNING id, merchant_id, role
"""
_ONE = """
SELECT role, state FROM merchant_staff WHERE merchant_id = %s AND id = %s FOR UPDATE
"""
_REMOVE = """
UPDATE merchant_staff
   SET state = 'removed', removed_at = %s, code_digest = NULL, code_ends_at = NULL
 WHERE id = %s
"""
_MANAGERS = """
SELECT count(*) FROM merchant_staff
 WHERE merchant_id = %s AND role = 'manager' AND state = 'active'
"""
