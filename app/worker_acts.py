"""Background work behind acts: the catalogue's calendar, corrections, and what people are told.

Registered by `app.worker`. Each step is whole transactions that find out themselves what is left
to do, so a worker that dies is followed by another that goes on.
"""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import procrastinate

from app.catalogue import calendar
from app.catalogue.errors import CatalogueEmpty
from app.catalogue.versions import Catalogue
from app.clock import utc_now
from app.database import Database
from app.lanes import LaneMap, Lanes
from app.notices import inbox
from app.reductions import correct, correct_run, lane_release
from app.reductions.announce import announce_all
from app.sign_in.forget import forget

EVERY_MINUTE = "* * * * *"
EVERY_DAY = "41 3 * * *"
MESSAGES_PER_STEP = 5_000
EVERY_HOUR = "17 * * * *"

Patiently = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]
"""Runs a step, and again when PostgreSQL was away."""


def register(
    jobs: procrastinate.App, database: Database, *, patiently: Patiently, lanes: LaneMap
) -> None:
    """Add this file's promises to the worker's."""

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="announce_points", queueing_lock="announce_points")
    async def _announce(timestamp: int) -> None:
        await patiently(lambda: announce_all(database, clock=utc_now))

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="turn_calendar", queueing_lock="turn_calendar")
    async def _turn(timestamp: int) -> None:
        await turn_calendar(database, now=utc_now())

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="sweep_lanes", queueing_lock="sweep_lanes")
    async def _sweep(timestamp: int) -> None:
        found = await lanes.lanes(database) or Lanes.modulo(1)  # they may have been on before
        await lane_release.sweep(database, lanes=found, now=utc_now())

    @jobs.periodic(cron=EVERY_DAY)
    @jobs.task(name="forget_messages", queueing_lock="forget_messages")
    async def _forget(timestamp: int) -> None:
        await patiently(lambda: forget_messages(database, now=utc_now()))

    @jobs.periodic(cron=EVERY_HOUR)
    @jobs.task(name="forget_sign_ins", queueing_lock="forget_sign_ins")
    async def _forget_sign_ins(timestamp: int) -> None:
        await patiently(lambda: forget(database, now=utc_now()))

    @jobs.task(name=correct.TASK)
    async def _correct(correction_id: str) -> None:
        await run_corrections(database, [UUID(correction_id)])

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="resume_corrections", queueing_lock="resume_corrections")
    async def _resume(timestamp: int) -> None:
        async with database.reading() as tx:
            left = await correct_run.unfinished(tx)
        await run_corrections(database, left)


async def turn_calendar(database: Database, *, now: datetime) -> int:
    """Let methodology versions change their state on their day; returns how many did."""
    with contextlib.suppress(CatalogueEmpty):
        async with database.writing() as tx:
            return await calendar.turn(tx, now=now)
    return 0


async def forget_messages(database: Database, *, now: datetime) -> int:
    """Empty inboxes of what is half a year old, step by step; returns how many messages."""
    gone = 0
    while True:
        async with database.writing() as tx:
            step = await inbox.forget(tx, now=now, limit=MESSAGES_PER_STEP)
        gone += step
        if step < MESSAGES_PER_STEP:
            return gone


async def run_corrections(database: Database, correction_ids: list[UUID]) -> None:
    """Carry corrections on, from wherever an earlier worker left them."""
    for correction_id in correction_ids:
        await correct_run.run_correction(
            database, correction_id=correction_id, catalogue=Catalogue(), clock=utc_now
        )
