"""Use cases: one officer stops a version at once; two let it go on.

The acts of a suspended version are held, not lost. `app.main` wires `apply` in as what a
``catalogue.resume`` proposal does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.catalogue import agree, calendar
from app.catalogue.move import move, officer
from app.catalogue.states import State, ensure_may, refused
from app.database import Tx

KIND = "catalogue.resume"


async def suspend(
    tx: Tx, *, methodology: str, version: str, reason: str, officer_id: UUID, now: datetime
) -> None:
    """Stop a version now: from the next second on its acts are held.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it credits nothing anyway.

    """
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    await move(
        tx,
        standing=standing,
        to=[State.suspended],
        actor=officer(officer_id),
        reason=reason,
        now=now,
    )


async def resume(
    tx: Tx, *, methodology: str, version: str, reason: str, officer_id: UUID, now: datetime
) -> UUID:
    """Ask another officer to let a suspended version go on; returns the proposal's id.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it is not suspended.
        VersionNotReady: another proposal about it waits for a decision.

    """
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    if standing.state is not State.suspended:
        raise refused(standing.name, standing.state, "be resumed", "恢复")
    return await agree.ask(
        tx,
        standing=standing,
        kind=KIND,
        payload={},
        reason=reason,
        officer_id=officer_id,
        now=now,
    )


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Let the version that the proposal names go on, with the days it had.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it is not suspended any more.
        VersionNotReady: this is not the proposal that was made for it.
        AuthorsHands: the version's author approved it.

    """
    methodology, version = agree.name_in(payload)
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    ensure_may(standing.name, standing.state, State.active)
    if standing.state is not State.suspended:
        raise refused(standing.name, standing.state, "be resumed", "恢复")
    who, reason = await agree.agreed(tx, standing=standing, payload=payload)
    await move(tx, standing=standing, to=[State.active], actor=who, reason=reason, now=now)
    await calendar.lock(tx, methodology=methodology, version=version, now=now)
