"""Every change of an application's or a merchant's state, kept for ever: who, why, when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.ids import new_id

NEW = "new"
"""The state before the first one."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state."""

    from_state: str
    to_state: str
    actor: str
    reason: str
    at: datetime


def officer(officer_id: UUID) -> str:
    """The name under which an officer acts."""
    return f"officer:{officer_id}"


async def keep(
    tx: Tx,
    *,
    kind: str,
    subject: UUID,
    was: str,
    state: str,
    actor: str,
    reason: str,
    facts: Mapping[str, str | int] | None = None,
    now: datetime,
) -> None:
    """Write a change of state into the history and the audit, in the transaction of the change.

    Args:
        tx: the caller's transaction, which holds the row's lock.
        kind: ``application`` or ``merchant``.
        subject: whose state it is.
        was: the state before; `NEW` for the first.
        state: the state from now on.
        actor: ``officer:<id>``, ``staff:<id>``, ``process:<name>`` or ``public``.
        reason: why, in the actor's words.
        facts: more ids and numbers for the audit.
        now: when (UTC).

    """
    await tx.execute(_KEEP, (new_id(), subject, was, state, actor, reason, now))
    await record(
        tx,
        actor=actor,
        action=f"merchants.{state}",
        subject=f"{kind}:{subject}",
        facts={"from": was, "to": state, **(facts or {})},
        now=now,
    )


async def of(tx: Tx, *, subject: UUID) -> list[Transition]:
    """Everything that happened to one application or merchant, oldest first."""
    return [Transition(*row) async for row in await tx.execute(_OF, (subject,))]


_KEEP = """
INSERT INTO merchant_transition (id, subject, from_state, to_state, actor, reason, at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_OF = """
SELECT from_state, to_state, actor, reason, at
  FROM merchant_transition WHERE subject = %s ORDER BY at, id
"""
