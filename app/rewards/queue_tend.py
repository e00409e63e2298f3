"""The worker's part in lines and draws: a step of each, many times a second while anybody waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import psycopg
import psycopg_pool
import structlog

from app.database import Database
from app.rewards import queue_step

log = structlog.get_logger()

TICKETS_PER_STEP = 1_000
BEATS_PER_S = 20
"""While somebody waits."""
IDLE_S = 1
"""While nobody does."""


@asynccontextmanager
async def tending(database: Database, *, clock: Callable[[], datetime]) -> AsyncIterator[None]:
    """Tend lines and draws beside whatever the block does."""
    lines = asyncio.create_task(tend(database, clock=clock), name="lines")
    try:
        yield
    finally:
        lines.cancel()
        await asyncio.wait({lines})


async def tend(database: Database, *, clock: Callable[[], datetime]) -> None:
    """Step every line and draw until cancelled; a failing one does not stop the others."""
    while True:
        waiting = 0
        try:
            waiting = await tend_once(database, clock=clock)
        except (psycopg.Error, psycopg_pool.PoolTimeout, OSError) as error:
            log.warning("lines_untended", kind=type(error).__name__)
        await asyncio.sleep(1 / BEATS_PER_S if waiting else IDLE_S)


async def tend_once(database: Database, *, clock: Callable[[], datetime]) -> int:
    """One step of each offer that somebody waits for; how many offers there are."""
    async with database.reading() as tx:
        waiting = await queue_step.offers_waiting(tx)
    for offer_id in waiting:
        await _step_all(database, offer_id, clock)
    return len(waiting)


async def _step_all(database: Database, offer_id: UUID, clock: Callable[[], datetime]) -> None:
    """Steps of one offer until one is not full."""
    done = TICKETS_PER_STEP
    while done >= TICKETS_PER_STEP:
        try:
            async with database.writing() as tx:
                done = await queue_step.step(
                    tx, offer_id=offer_id, limit=TICKETS_PER_STEP, now=clock()
                )
        except psycopg.DatabaseError as error:
            if isinstance(error, psycopg.OperationalError):
                raise
            # A budget or stock that went between counting and taking: the next beat counts anew.
            log.info("line_step_undone", offer_id=str(offer_id), sqlstate=error.sqlstate)
            return
