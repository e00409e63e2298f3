"""The promises of this room: copies are made, people are forgotten, old copies go."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import procrastinate

from app.database import Database
from app.people import proofs_asked
from app.people.vault import Vault
from app.rights import erase_run, export_run, requests

EVERY_MINUTE = "* * * * *"
EVERY_DAY = "41 3 * * *"
Clock = Callable[[], datetime]
Patiently = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]


def promise(
    jobs: procrastinate.App,
    *,
    database: Database,
    vault: Vault | None,
    clock: Clock,
    patiently: Patiently,
) -> None:
    """Add this room's promises to the worker's.

    Args:
        jobs: the worker's.
        database: opens the transactions.
        vault: seals copies; without one (a worker without keys) they wait for another worker.
        clock: tells the time (UTC).
        patiently: runs a step, and again when PostgreSQL was away.

    """

    @jobs.task(name=requests.EXPORT_TASK)
    async def _export(request_id: str) -> None:
        if vault is not None:
            await export_run.run_export(
                database, request_id=UUID(request_id), vault=vault, clock=clock
            )

    @jobs.task(name=requests.DELETION_TASK)
    async def _delete(request_id: str) -> None:
        await erase_run.run_deletion(database, request_id=UUID(request_id), clock=clock)

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="resume_rights", queueing_lock="resume_rights")
    async def _resume(timestamp: int) -> None:
        await patiently(lambda: resume(database, vault=vault, clock=clock))

    @jobs.periodic(cron=EVERY_DAY)
    @jobs.task(name="sweep_forgotten", queueing_lock="sweep_forgotten")
    async def _sweep(timestamp: int) -> None:
        await patiently(lambda: erase_run.sweep(database, clock=clock))


async def resume(database: Database, *, vault: Vault | None, clock: Clock) -> None:
    """Carry on what earlier workers left, close what is over: copies, and claims of cards."""
    async with database.writing() as tx:
        await export_run.drop_old(tx, now=clock())
        await proofs_asked.expire(tx, now=clock())
    async with database.reading() as tx:
        copies = await export_run.unfinished(tx)
        leaving = await erase_run.unfinished(tx, now=clock())
    for request_id in leaving:
        await erase_run.run_deletion(database, request_id=request_id, clock=clock)
    for request_id in copies if vault is not None else []:
        assert vault is not None
        await export_run.run_export(database, request_id=request_id, vault=vault, clock=clock)
