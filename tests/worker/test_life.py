"""The worker as a process has it: it starts, keeps promises, survives, and stops when asked."""

import asyncio
import contextlib
import os
import signal

import procrastinate
import psycopg
import pytest

from app import worker
from app.clock import utc_now
from app.database import APP_ROLE, database_for
from app.jobs import later
from app.notices.enqueue import enqueue
from app.settings import DatabaseSettings, Settings
from tests import make
from tests.worker.test_steps import Kept

SETTINGS = Settings(environment="test")
WORKERS = "SELECT count(*) FROM queue.procrastinate_workers"


@contextlib.asynccontextmanager
async def working(url, channel):
    """A worker on this database; stopped, and waited for, at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.work(SETTINGS, database_url=url, stop=stop, channel=channel))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def promise(committing):
    """A message in the outbox, and the job that sends it."""
    async with committing.writing() as tx:
        account_id = make.account()
        await enqueue(tx, template="points_earned", facts_of={account_id: {}}, now=utc_now())
        await later(tx, task="deliver_notices", timestamp=0)
    return account_id


async def sent(channel, account_id):
    """Wait until the message has arrived."""
    async with asyncio.timeout(30):
        while account_id not in {each.account_id for each in channel.messages}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_promise_is_kept(committing, fresh_urls):
    """What a transaction promised happens once it has committed."""
    channel = Kept()
    async with working(fresh_urls.app, channel):
        await sent(channel, await promise(committing))


async def test_a_lost_connection_is_made_again(committing, fresh_urls, servers, monkeypatch):
    """Every connection is cut, as a restart of PostgreSQL does; the next promise is kept."""
    monkeypatch.setattr(worker, "REST_S", 0)
    channel = Kept()
    async with working(fresh_urls.app, channel) as task:
        await sent(channel, await promise(committing))
        name = fresh_urls.app.rsplit("/", 1)[1]
        with psycopg.connect(servers.admin_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        database = database_for(DatabaseSettings(pool_size=2), fresh_urls.app)
        await database.open()
        await sent(channel, await promise(database))
        await database.close()
        assert not task.done()


async def test_it_waits_for_a_database_that_is_not_there_and_can_still_be_stopped(caplog):
    """Started before PostgreSQL it does not die, and Ctrl-C is heard at once."""
    stop = asyncio.Event()
    nowhere = "postgresql://postgres@127.0.0.1:1/nothing"
    task = asyncio.create_task(worker.work(SETTINGS, database_url=nowhere, stop=stop))
    await asyncio.sleep(0.3)
    assert not task.done()
    stop.set()
    await asyncio.wait_for(task, 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it(fresh_urls, number):
    """As the only thing in its process it stops in good order, and hands the signals back."""
    before = signal.getsignal(number)
    task = asyncio.create_task(worker.work(SETTINGS, database_url=fresh_urls.app))
    with psycopg.connect(fresh_urls.owner, autocommit=True) as looking:
        async with asyncio.timeout(60):  # sooner the signal would end the tests themselves
            while not looking.execute(WORKERS).fetchone()[0]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert signal.getsignal(number) != before
    os.kill(os.getpid(), number)
    await asyncio.wait_for(task, 60)
    assert signal.getsignal(number) == before


async def test_jobs_of_a_dead_worker_are_offered_again(committing, fresh_urls):
    """A worker that vanished in mid-job leaves the job to the others, without a twin."""
    async with committing.writing() as tx:
        await tx.execute(
            "INSERT INTO queue.procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
        )
        for lock in ("alone", "twin"):
            await tx.execute(
                "INSERT INTO queue.procrastinate_jobs (queue_name, task_name, status, queueing_lock, worker_id)"
                " SELECT 'default', 'deliver_notices', 'doing', %s, max(id) FROM queue.procrastinate_workers",
                (lock,),
            )
        await tx.execute(
            "INSERT INTO queue.procrastinate_jobs (queue_name, task_name, queueing_lock) VALUES ('default', 'deliver_notices', 'twin')"
        )
    connector = procrastinate.PsycopgConnector(
        conninfo=fresh_urls.app,
        kwargs={"options": f"-c role={APP_ROLE} -c search_path=public,queue"},
    )
    jobs = worker.jobs_on(connector, database=committing, channel=Kept())

    async with jobs.open_async():
        assert await worker.retry_stalled_jobs(jobs) == 2

    async with committing.reading() as tx:
        rows = await tx.execute(
            "SELECT queueing_lock, status::text FROM queue.procrastinate_jobs ORDER BY 1"
        )
        assert await rows.fetchall() == [("alone", "todo"), ("twin", "todo")]


async def test_every_minute_has_its_tasks(committing):
    """The promises that nobody has to make: they come with the clock."""
    connector = procrastinate.PsycopgConnector()
    jobs = worker.jobs_on(connector, database=committing, channel=Kept())
    names = {task.name: task.queueing_lock for task in jobs.tasks.values() if "." not in task.name}
    expected = {"release_late_holds", "deliver_notices", "ensure_partitions", "retry_stalled_jobs"}
    assert expected <= names.keys()
    assert all(names[each] == each for each in expected)
    crons = {each.task.name: each.cron for each in jobs.periodic_registry.periodic_tasks.values()}
    assert crons.keys() >= expected
