"""Use cases: a version watches live acts from the shadow, or stops; and one has been tried."""

from datetime import datetime
from uuid import UUID

from app.catalogue import calendar
from app.catalogue.move import has_been, move, officer
from app.catalogue.states import TRIABLE, State, ensure_may, refused
from app.catalogue.versions import Version
from app.database import Tx


async def start(
    tx: Tx, *, methodology: str, version: str, reason: str, officer_id: UUID, now: datetime
) -> None:
    """From the next second on, live acts are quantified by this version too; nobody is paid by it.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it is beyond being tried, or watches already.

    """
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    who = officer(officer_id)
    await move(tx, standing=standing, to=[State.shadow], actor=who, reason=reason, now=now)


async def stop(
    tx: Tx, *, methodology: str, version: str, reason: str, officer_id: UUID, now: datetime
) -> None:
    """Stop watching; what was seen is kept.

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it does not watch.

    """
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    if standing.state is not State.shadow:
        raise refused(standing.name, standing.state, "stop watching", "停止影子运行")
    tried = await has_been(tx, version_id=standing.id, state=State.dry_run)
    back = State.dry_run if tried else State.checked
    who = officer(officer_id)
    await move(tx, standing=standing, to=[back], actor=who, reason=reason, now=now)


def ensure_triable(version: Version) -> None:
    """Refuse to try what is beyond trying.

    Raises:
        WrongState: the version has force, or is withdrawn.

    """
    if version.state not in TRIABLE:
        raise refused(version.name, version.state, "be tried on history", "试算")


async def tried(
    tx: Tx, *, methodology: str, version: str, reason: str, officer_id: UUID, now: datetime
) -> State:
    """Note that a version was tried on history; only the first time changes its state.

    Raises:
        WrongState: its state was changed meanwhile.

    """
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    if standing.state not in TRIABLE:
        raise refused(standing.name, standing.state, "be tried on history", "试算")
    who = officer(officer_id)
    if standing.state is State.checked:
        return await move(
            tx, standing=standing, to=[State.dry_run], actor=who, reason=reason, now=now
        )
    ever = await has_been(tx, version_id=standing.id, state=State.dry_run)
    if standing.state is State.shadow and not ever:
        ensure_may(standing.name, State.shadow, State.dry_run)
        return await move(
            tx,
            standing=standing,
            to=[State.dry_run, State.shadow],
            actor=who,
            reason=reason,
            now=now,
        )
    return standing.state
