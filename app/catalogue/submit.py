"""Use case: a version that was tried is submitted, and takes force when another officer agrees.

`app.main` wires `apply` in as what a ``catalogue.activate`` proposal does.
"""

from asyncio import to_thread
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.catalogue import agree, calendar, days
from app.catalogue.check import Report, checked
from app.catalogue.errors import DayTaken, VersionNotReady
from app.catalogue.move import has_been, move, officer
from app.catalogue.states import State, ensure_may
from app.database import Tx
from app.inputs import day_in
from methodologies.contract import Methodology
from methodologies.documents import Document

KIND = "catalogue.activate"


async def submit(
    tx: Tx,
    *,
    candidate: Methodology,
    active_from: date,
    reason: str,
    officer_id: UUID,
    now: datetime,
) -> UUID:
    """Ask another officer to let a version take force from a day on.

    Args:
        tx: the caller's transaction.
        candidate: the version's content; it is checked again by today's rules.
        active_from: the first civil day of the acts it will judge.
        reason: why, for whoever approves and for the history.
        officer_id: the maker.
        now: when (UTC).

    Returns:
        The proposal's id.

    Raises:
        WrongState: it was not tried yet, or is beyond this.
        VersionNotReady: no dry-run, a rule that is broken, or a proposal that waits already.
        DayTaken: the day cannot be chosen.

    """
    manifest = candidate.manifest
    standing, today = await calendar.lock(
        tx, methodology=manifest.id, version=manifest.version, now=now
    )
    ensure_may(standing.name, standing.state, State.submitted)
    if not await has_been(tx, version_id=standing.id, state=State.dry_run):
        raise VersionNotReady(
            f"{standing.name} has not been tried on history; run a dry-run first.",
            f"{standing.name} 尚未试算,请先在历史数据上试算。",
        )
    if isinstance(candidate, Document):  # a plug-in's suite runs where it was written
        _ensure_fit(await to_thread(checked, candidate), standing.name)
    days.place(await days.ranges(tx, standing=standing), active_from, today=today)
    proposal_id = await agree.ask(
        tx,
        standing=standing,
        kind=KIND,
        payload={"active_from": active_from.isoformat(), "content_hash": standing.content_hash},
        reason=reason,
        officer_id=officer_id,
        now=now,
    )
    await move(
        tx,
        standing=standing,
        to=[State.submitted],
        actor=officer(officer_id),
        reason=reason,
        now=now,
    )
    return proposal_id


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Let the version that the proposal names take force on its day; today, if that is its day.

    Args:
        tx: the transaction of the approval.
        payload: ``{"methodology", "version", "active_from", "content_hash"}``, as submitted.
        now: when (UTC).

    Raises:
        MethodologyNotFound: there is no such version.
        WrongState: it is not submitted.
        VersionNotReady: this is not the proposal that was made for it.
        AuthorsHands: the version's author approved it.
        DayTaken: the day has been taken, or is over, since it was submitted.

    """
    methodology, version = agree.name_in(payload)
    standing, today = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    ensure_may(standing.name, standing.state, State.approved)
    who, reason = await agree.agreed(tx, standing=standing, payload=payload)
    await days.take(tx, standing=standing, day=_day_in(payload), today=today)
    await move(
        tx,
        standing=standing,
        to=[State.approved, State.scheduled],
        actor=who,
        reason=reason,
        now=now,
    )
    await calendar.lock(tx, methodology=methodology, version=version, now=now)


def _ensure_fit(report: Report, name: str) -> None:
    if report.fit_for_force:
        return
    first = report.problems[0]
    raise VersionNotReady(
        f"{name} breaks the rule {first.rule}: {first.message}. {first.fix['en']}",
        f"{name} 未通过规则 {first.rule}:{first.message}。{first.fix['zh']}",
        rule=first.rule,
    )


def _day_in(payload: Mapping[str, Any]) -> date:
    try:
        return day_in(str(payload.get("active_from")))
    except ValueError as error:
        raise DayTaken(
            "`active_from` is a day, written as 2026-04-01.", "active_from 的格式为 2026-04-01。"
        ) from error
