"""The background work has what it needs under its own role, and nothing that is not its business."""

import psycopg
import pytest
from procrastinate.testing import InMemoryConnector
from structlog.testing import capture_logs

from app import worker
from app.database import APP_ROLE, WORKER_ROLE, database_for, role_of
from app.notices.deliver import ConsoleChannel
from app.settings import DatabaseSettings
from tests.concurrency.load import Load


@pytest.fixture
async def working(fresh_urls):
    """A database as the worker opens it."""
    assert await role_of(fresh_urls.app, WORKER_ROLE, APP_ROLE) == WORKER_ROLE
    database = database_for(DatabaseSettings(pool_size=4), fresh_urls.app, role=WORKER_ROLE)
    await database.open()
    yield database
    await database.close()


async def test_every_promise_can_be_kept_as_the_worker(committing, working):
    """After a busy hour each periodic job runs as puhui_worker, twice, and is refused nothing."""
    load = Load(committing)
    await load.found()
    await load.run(acts=150)
    jobs = worker.jobs_on(InMemoryConnector(), database=working, channel=ConsoleChannel())
    periodic = {
        each.task.name: each.task for each in jobs.periodic_registry.periodic_tasks.values()
    }
    assert {"release_late_holds", "deliver_notices", "ensure_partitions"} <= set(periodic)

    with capture_logs() as said:
        for name, task in [*periodic.items(), *periodic.items()]:
            if name != "retry_stalled_jobs":  # asks the queue itself, which is in memory here
                await task.func(timestamp=0)

    assert [each for each in said if each["log_level"] in {"error", "critical"}] == []


async def test_the_worker_signs_nobody_up(committing, working):
    """It cannot make a citizen or an officer, link a card, decide a proposal or take evidence in."""
    await Load(committing).found()
    for refused in (
        "INSERT INTO citizen DEFAULT VALUES",
        "INSERT INTO officer DEFAULT VALUES",
        "INSERT INTO link DEFAULT VALUES",
        "UPDATE proposal SET verdict = 'approved'",
        "INSERT INTO evidence DEFAULT VALUES",
        "INSERT INTO offer DEFAULT VALUES",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with working.writing() as tx:
                await tx.execute(refused)


async def test_a_login_that_is_no_worker_serves_as_the_app(fresh_urls, servers):
    """With one login for everything, which is a member of puhui_app alone, the work is done as that."""
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS puhui_single_login")
        admin.execute("CREATE ROLE puhui_single_login LOGIN PASSWORD 'x' IN ROLE puhui_app")
    try:
        host = fresh_urls.app.rsplit("@", 1)[1]
        url = f"postgresql://puhui_single_login:x@{host}"
        assert await role_of(url, WORKER_ROLE, APP_ROLE) == APP_ROLE
        database = database_for(DatabaseSettings(pool_size=1), url)
        await database.open()  # it may become the caller, too
        async with database.reading_as(account_id=1) as tx:
            assert await (await tx.execute("SELECT count(*) FROM balance")).fetchone() == (0,)
        await database.close()
    finally:
        with psycopg.connect(servers.admin_url, autocommit=True) as admin:
            admin.execute("DROP ROLE puhui_single_login")
