"""Use cases: a version is withdrawn for good.

One that never had force goes at one officer's word, and the version before it goes on. One
that had force credited people: that takes two, and its days stay empty until another version
is approved for them. `app.main` wires `apply` in as what a ``catalogue.withdraw`` proposal does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.catalogue import agree, calendar, days
from app.catalogue.move import move, officer
from app.catalogue.states import State, ensure_may
from app.database import Tx

KIND = "catalogue.withdraw"
HAD_FORCE = frozenset({State.active, State.superseded, State.suspended})


async def withdraw(
    tx: Tx, *, methodology: str, version: str, reason: str, officer_id: UUID, now: datetime
) -> UUID | None:
    """Withdraw a version, or ask another officer to agree; returns the proposal's id if so.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it is withdrawn already.
        VersionNotReady: another proposal about it waits for a decision.

    """
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    ensure_may(standing.name, standing.state, State.withdrawn)
    if standing.state in HAD_FORCE:
        return await agree.ask(
            tx,
            standing=standing,
            kind=KIND,
            payload={},
            reason=reason,
            officer_id=officer_id,
            now=now,
        )
    await move(
        tx,
        standing=standing,
        to=[State.withdrawn],
        actor=officer(officer_id),
        reason=reason,
        now=now,
    )
    if standing.state is State.scheduled:
        await days.give_back(tx, standing=standing)
    return None


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Withdraw the version that the proposal names; what it credited stays explained by it.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it is withdrawn already.
        VersionNotReady: this is not the proposal that was made for it.
        AuthorsHands: the version's author approved it.

    """
    methodology, version = agree.name_in(payload)
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    ensure_may(standing.name, standing.state, State.withdrawn)
    who, reason = await agree.agreed(tx, standing=standing, payload=payload)
    await move(tx, standing=standing, to=[State.withdrawn], actor=who, reason=reason, now=now)
