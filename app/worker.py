"""Background work: one job is one or more whole transactions, each safe to repeat.

Knows the rooms whose promises it keeps; no room knows it. Several workers may run: they take
different jobs, different holds, different messages.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import datetime, timedelta

import procrastinate
import psycopg
import psycopg_pool
import structlog
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from app import worker_acts, worker_books, worker_ledger
from app.clock import utc_now
from app.database import APP_ROLE, WORKER_ROLE, Database, database_for, role_of
from app.keys import keys_for
from app.lanes import LANES_OFF, LaneMap
from app.merchants import seal_contacts
from app.notices.channels import channel_for
from app.notices.deliver import Channel, deliver
from app.people.vault import Vault, vault_for
from app.rewards import offers_jobs, queue_tend, release
from app.rights import promises
from app.settings import Settings
from app.settlement import closing_jobs
from app.sign_in.addresses import AddressBook

log = structlog.get_logger()

EVERY_MINUTE = "* * * * *"
EVERY_DAY = "17 3 * * *"
HOLDS_PER_STEP = 1_000
MESSAGES_PER_STEP = 500
MONTHS_AHEAD = 3
JOBS_AT_ONCE = 4
GRACE_S = 10
"""How long a job that runs may go on after we were asked to stop."""
RESTS_S = (0, 0, 0, 0, 1, 2, 4)
"""How long a step waits before it is tried again; the first tries only meet broken connections."""
REST_S = 1
REST_S_MAX = 16
"""How long PostgreSQL is left alone when it is away: from the first, doubled to the second."""

_AWAY = (ConnectorException, psycopg.OperationalError, psycopg_pool.PoolTimeout, OSError)


async def work(
    settings: Settings,
    *,
    database_url: str,
    stop: asyncio.Event | None = None,
    channel: Channel | None = None,
) -> None:
    """Keep promises until asked to stop; a PostgreSQL that goes away is waited for.

    Args:
        settings: sizes and time-outs.
        database_url: PostgreSQL, with a login that may act as `WORKER_ROLE`, or as `APP_ROLE`.
        stop: set by a caller who owns the process. None: this is the process, and SIGTERM or
            Ctrl-C stops it.
        channel: where messages go; None: what the settings say.

    """
    rest_s = REST_S
    async with _asked_to_stop(stop) as stopping:
        while not stopping.is_set():
            began_at = utc_now()
            try:
                serving = _serve(settings, database_url, channel)
                await _until(stopping, serving)
            except _AWAY as error:
                log.warning("worker_lost_database", kind=type(error).__name__)
            if utc_now() - began_at > timedelta(seconds=REST_S_MAX):
                rest_s = REST_S  # it worked for a while: a new failure, not the old one
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), rest_s)
            rest_s = min(2 * rest_s, REST_S_MAX)
    log.info("worker_stopped")


def jobs_on(
    connector: procrastinate.BaseConnector,
    *,
    database: Database,
    channel: Channel,
    lanes: LaneMap = LANES_OFF,
    vault: Vault | None = None,
) -> procrastinate.App:
    """Every promise this service makes, and the function that keeps it.

    A task's queueing lock lets at most one of it wait, however many workers see the minute.
    """
    jobs = procrastinate.App(connector=connector)

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="release_late_holds", queueing_lock="release_late_holds")
    async def _release(timestamp: int) -> None:
        await _patiently(lambda: release_late_holds(database, now=utc_now()))

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="deliver_notices", queueing_lock="deliver_notices")
    async def _deliver(timestamp: int) -> None:
        await _patiently(lambda: deliver_notices(database, channel=channel))

    @jobs.periodic(cron=EVERY_DAY)
    @jobs.task(name="ensure_partitions", queueing_lock="ensure_partitions")
    async def _partitions(timestamp: int) -> None:
        await _patiently(lambda: ensure_partitions(database))

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs")
    async def _stalled(timestamp: int) -> None:
        await retry_stalled_jobs(jobs)

    worker_acts.register(jobs, database, patiently=_patiently, lanes=lanes)
    worker_ledger.register(jobs, database, patiently=_patiently)
    worker_books.register(jobs, database, patiently=_patiently)
    for name, keep in offers_jobs.promises(database, clock=utc_now).items():
        jobs.task(name=name)(keep)

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="resume_offers", queueing_lock="resume_offers")
    async def _resume_offers(timestamp: int) -> None:
        await _patiently(lambda: offers_jobs.resume(database, clock=utc_now))

    closing_jobs.promise(jobs, database=database, clock=utc_now, patiently=_patiently)
    seal_contacts.promise(jobs, database=database, vault=vault, patiently=_patiently)
    promises.promise(jobs, database=database, vault=vault, clock=utc_now, patiently=_patiently)
    return jobs


async def release_late_holds(database: Database, *, now: datetime) -> int:
    """Give back what was not fetched in time, one bucket and one transaction at a time.

    A bucket that fails does not stop the others. Nothing marks it as done, so the next minute
    finds it again.

    Returns:
        How many holds were released.

    """
    released = 0
    async with database.reading() as tx:
        due = await release.buckets_due(tx, now=now)
    for bucket in due:
        try:
            released += await _release_bucket(database, bucket, now)
        except psycopg_pool.PoolTimeout:
            raise  # nothing answers: the other buckets would only wait as well
        except Exception:
            log.exception("release_failed", bucket=bucket)
    return released


async def deliver_notices(database: Database, *, channel: Channel) -> int:
    """Send messages until the outbox is empty; returns how many were sent."""
    sent = 0
    while True:
        async with database.writing() as tx:
            step = await deliver(tx, channel=channel, limit=MESSAGES_PER_STEP)
        sent += step
        if step < MESSAGES_PER_STEP:
            return sent


async def ensure_partitions(database: Database) -> None:
    """Make the months that are to come, before a row of theirs arrives."""
    async with database.writing() as tx:
        row = await (await tx.execute("SELECT ensure_partitions(%s)", (MONTHS_AHEAD,))).fetchone()
    assert row is not None, "a function always answers"
    if row[0]:
        log.info("partitions_made", partitions=row[0])


async def retry_stalled_jobs(jobs: procrastinate.App) -> int:
    """Offer the jobs of workers that died again; returns how many there were."""
    stalled = list(await jobs.job_manager.get_stalled_jobs())
    for job in stalled:
        try:
            await jobs.job_manager.retry_job(job)
        except UniqueViolation:  # the next of its kind waits already and does the same
            await jobs.job_manager.finish_job(job, Status.FAILED, delete_job=True)
        log.warning("job_stalled", task=job.task_name, job_id=job.id)
    return len(stalled)


async def _patiently(step: Callable[[], Awaitable[object]]) -> None:
    """Run a step again when PostgreSQL was away.

    After a restart each connection of a pool is broken, and is replaced when somebody has
    stumbled over it: here, not in a promise that fails.
    """
    for rest_s in RESTS_S:
        try:
            await step()
        except _AWAY as error:
            log.warning("step_lost_database", kind=type(error).__name__)
            await asyncio.sleep(rest_s)
        else:
            return
    await step()


async def _release_bucket(database: Database, bucket: int, now: datetime) -> int:
    released = 0
    while True:
        async with database.writing() as tx:
            step = await release.release_late(tx, bucket=bucket, limit=HOLDS_PER_STEP, now=now)
        released += step
        if step < HOLDS_PER_STEP:
            return released


async def _serve(settings: Settings, url: str, channel: Channel | None) -> None:
    """One life of the worker: until it is cancelled, or loses PostgreSQL."""
    role = await role_of(url, WORKER_ROLE, APP_ROLE)
    few = settings.database.model_copy(update={"pool_size": JOBS_AT_ONCE, "read_pool_size": 2})
    database = database_for(few, url, role=role)
    connector = procrastinate.PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=JOBS_AT_ONCE,
        timeout=few.pool_wait_s,
        kwargs={
            "connect_timeout": 5,
            "options": f"-c role={role} -c timezone=UTC -c search_path=public,queue",
        },
    )
    lanes = LaneMap(settings.lanes)
    vault = vault_for(keys_for(settings.keys, settings.home)) if settings.home else None
    book = None if vault is None else AddressBook(database, vault)
    channel = channel or channel_for(settings.notices, addresses=book)
    jobs = jobs_on(connector, database=database, channel=channel, lanes=lanes, vault=vault)
    try:
        await database.open()
        # Months are made at the start too: the machine may have been off at the daily hour.
        await ensure_partitions(database)
        async with jobs.open_async(), queue_tend.tending(database, clock=utc_now):
            log.info("worker_started")
            await jobs.run_worker_async(
                concurrency=JOBS_AT_ONCE,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_S,
                delete_jobs="successful",
            )
    finally:
        await database.close()


async def _until(stopping: asyncio.Event, serving: Coroutine[None, None, None]) -> None:
    """Run ``serving`` until it ends or we are asked to stop; its failure is ours."""
    task = asyncio.create_task(serving, name="worker")
    asked = asyncio.create_task(stopping.wait(), name="worker asked to stop")
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        task.cancel()
        await asyncio.wait({task, asked})
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


@contextlib.asynccontextmanager
async def _asked_to_stop(stop: asyncio.Event | None) -> AsyncIterator[asyncio.Event]:
    """The caller's event; or one of our own that SIGTERM and Ctrl-C set."""
    if stop is not None:
        yield stop
        return
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
