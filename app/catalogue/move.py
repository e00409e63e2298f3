"""Use case: a version changes its state; who did it, and why, is kept for ever.

Every change goes through `move`: the row is locked, the change is allowed or refused by
`states`, and it stands in the history and in the audit, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog

from app.audit.record import record
from app.catalogue.errors import MethodologyNotFound
from app.catalogue.states import State, ensure_may
from app.database import Tx
from app.ids import new_id

log = structlog.get_logger()

CALENDAR = "process:calendar"


@dataclass(frozen=True, slots=True)
class Standing:
    """A version as it stands, its row locked until the transaction ends."""

    id: int
    methodology: str
    version: str
    content_hash: str
    state: State
    author: str
    active_from: date | None
    active_until: date | None
    proposal_id: UUID | None

    @property
    def name(self) -> str:
        """``bike_ride@1.0.0``."""
        return f"{self.methodology}@{self.version}"


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state, as the history keeps it."""

    from_state: str
    to_state: str
    actor: str
    reason: str
    at: datetime


def officer(officer_id: UUID) -> str:
    """The name under which an officer acts."""
    return f"officer:{officer_id}"


async def lock(tx: Tx, *, methodology: str, version: str) -> Standing:
    """The version, locked; other changes of the same methodology wait.

    `calendar.lock` does the same after the calendar has been looked at.

    Raises:
        MethodologyNotFound: nothing was uploaded under this name.

    """
    await tx.execute(_IN_LINE, (methodology,))
    row = await (await tx.execute(_LOCK, (methodology, version))).fetchone()
    if row is None:
        raise MethodologyNotFound(
            f"No version {version} of `{methodology}` is registered.", "没有该方法学版本。"
        )
    facts: list[Any] = list(row)
    facts[4] = State(facts[4])
    return Standing(*facts)


async def move(
    tx: Tx, *, standing: Standing, to: Sequence[State], actor: str, reason: str, now: datetime
) -> State:
    """Change the state, step by step, and keep each step.

    Args:
        tx: the caller's transaction.
        standing: the version, locked by `lock`.
        to: the states to pass through, in order; the last one stays.
        actor: ``officer:<id>`` or ``process:<name>``.
        reason: why, in the actor's words.
        now: when (UTC).

    Returns:
        The state it has now.

    Raises:
        WrongState: a step does not follow from the state before it.

    """
    state = standing.state
    for step in to:
        ensure_may(standing.name, state, step)
        await tx.execute(
            _KEEP, (new_id(), standing.id, state.value, step.value, actor, reason, now)
        )
        state = step
    await tx.execute(_MOVE, (state.value, standing.id))
    await record(
        tx,
        actor=actor,
        action=f"catalogue.{state.value}",
        subject=f"methodology:{standing.name}",
        facts={"from": standing.state.value, "to": state.value, "hash": standing.content_hash},
        now=now,
    )
    log.info("version_moved", version=standing.name, was=standing.state.value, state=state.value)
    return state


async def has_been(tx: Tx, *, version_id: int, state: State) -> bool:
    """Whether the version was ever in this state."""
    row = await (await tx.execute(_HAS_BEEN, (version_id, state.value))).fetchone()
    return row is not None


async def transitions(tx: Tx, *, version_id: int) -> list[Transition]:
    """Everything that happened to a version, oldest first."""
    return [Transition(*row) async for row in await tx.execute(_HISTORY, (version_id,))]


_IN_LINE = "SELECT pg_advisory_xact_lock(hashtext('methodology'), hashtext(%s))"
_LOCK = """
SELECT id, methodology, version, content_hash, state, author, active_from, active_until,
       proposal_id
  FROM methodology_version WHERE methodology = %s AND version = %s FOR UPDATE
"""
_KEEP = """
INSERT INTO methodology_transition (id, version_id, from_state, to_state, actor, reason, at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_MOVE = "UPDATE methodology_version SET state = %s WHERE id = %s"
_HAS_BEEN = "SELECT 1 FROM methodology_transition WHERE version_id = %s AND to_state = %s LIMIT 1"
_HISTORY = """
SELECT from_state, to_state, actor, reason, at
  FROM methodology_transition WHERE version_id = %s ORDER BY at, id
"""
