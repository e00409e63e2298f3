"""Processes are killed in the middle of a file; the books end as if nothing had happened."""

import os
import shutil
import signal
import time
from functools import cache

import psycopg
import pytest
import redis

from app.clock import utc_now
from app.database import database_for
from app.demo import city, show
from app.demo.seed import seed
from app.embedded import discard, engines, status
from app.keys import keys_for
from app.settings import DatabaseSettings, KeySettings
from tests.cli.commands import environment, run, start
from tests.embedded.conftest import open_folder

FILE = city.FILES[0]
CHUNK = "25"
TOTALS = """
SELECT (SELECT array_agg((rows_done, credited, duplicate, held, rejected, grams, points)::text)
          FROM ingest_file),
       (SELECT array[count(*), sum(grams), sum(points)] FROM reduction),
       (SELECT array[count(*), sum(earned), sum(last_seq)] FROM balance),
       (SELECT array[count(*), sum(amount)] FROM entry),
       (SELECT count(*) FROM held_activity), (SELECT count(*) FROM input_shape),
       (SELECT count(*) FROM claim), (SELECT count(*) FROM evidence)
"""


async def found_city(url, home):
    """The demo city without its rides, for the keys of this home."""
    home.mkdir(parents=True, exist_ok=True)
    database = database_for(DatabaseSettings(), url)
    await database.open()
    async with database.writing() as tx:
        await seed(tx, keys=keys_for(KeySettings(), home), now=utc_now())
    await database.close()


@cache
def shift_days():
    """Once for all runs: those that are compared must not lie on two sides of midnight."""
    return show.shift_days(FILE, utc_now())


def words(folder):
    """The command, on a copy of the demo's bicycle rides."""
    path = folder / "rides.csv.gz"
    if not path.exists():
        shutil.copy(city.DATA / FILE.name, path)
    pairs = [word for name, column in FILE.pairs.items() for word in ("--map", f"{name}={column}")]
    return ["ingest", str(path), "--provider", FILE.provider, "--methodology", FILE.methodology,
            *pairs, "--zone", FILE.zone, "--shift-days", str(shift_days()), "--chunk", CHUNK]  # fmt: skip


def totals(url):
    """All that must not differ."""
    with psycopg.connect(url) as connection:
        return connection.execute(TOTALS).fetchone()


def rows_done(url):
    """How far the file has come."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute("SELECT max(rows_done) FROM ingest_file").fetchone()
    except psycopg.OperationalError:
        return 0
    return row[0] or 0


def wait_for_rows(url, rows, process):
    """Wait until the file has come so far."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if rows_done(url) >= rows:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError("no progress")


@pytest.fixture
async def undisturbed(tmp_path, servers, template):
    """The totals and the rejects file of a run that nobody disturbs."""
    from tests.conftest import _copy

    copies = _copy(servers, template)
    urls = next(copies)
    folder = tmp_path / "undisturbed"
    await found_city(urls.app, folder)
    done = run(*words(folder), env=environment(folder, urls, servers))
    assert done.returncode == 0, done.stderr
    yield totals(urls.app), (folder / "rides.rejects.csv").read_bytes()
    next(copies, None)


async def test_an_ingest_killed_three_times_ends_like_an_undisturbed_one(
    tmp_path, fresh_urls, servers, undisturbed
):
    """`kill -9` of the process, the store emptied meanwhile, then the same command again."""
    folder = tmp_path / "killed"
    await found_city(fresh_urls.app, folder)
    env = environment(folder, fresh_urls, servers)
    for rows in (500, 1_800, 3_300):
        process = start(*words(folder), env=env)
        wait_for_rows(fresh_urls.app, rows, process)
        process.kill()
        process.communicate()
        redis.Redis.from_url(servers.redis_url).flushall()
    done = run(*words(folder), env=env)
    assert done.returncode == 0, done.stderr
    assert (totals(fresh_urls.app), (folder / "rides.rejects.csv").read_bytes()) == undisturbed
    once_more = run(*words(folder), env=env)
    assert "already ingested" in once_more.stdout
    assert totals(fresh_urls.app) == undisturbed[0]


async def test_ctrl_c_ends_in_good_order_and_can_be_continued(tmp_path, fresh_urls, servers):
    """Exit code 130, a sentence, and no traceback."""
    await found_city(fresh_urls.app, tmp_path)
    env = environment(tmp_path, fresh_urls, servers)
    process = start(*words(tmp_path), env=env)
    wait_for_rows(fresh_urls.app, 200, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Interrupted" in said
    assert "Traceback" not in said
    done = run(*words(tmp_path), env=env)
    assert "= 5,570 rows" in done.stdout


async def test_a_postgresql_that_dies_loses_nothing(undisturbed):
    """`kill -9` of PostgreSQL in the middle: exit code 3 and a sentence; the same command goes on."""
    base = open_folder()
    home = base / "home"
    try:
        with engines(home, grace_s=0) as pair:
            from app import migrations

            migrations.migrate(pair.owner_url)
            await found_city(pair.app_url, home)
            process = start(*words(home), env=environment(home))
            wait_for_rows(pair.app_url, 800, process)
            os.kill(status(home).postgres_pid, signal.SIGKILL)
            _, said = process.communicate(timeout=240)
            assert process.returncode == 3, said
            assert "went away after row" in said
            assert "run the same command" in said
            done = run(*words(home), env=environment(home))
            assert done.returncode == 0, done.stderr
            found = totals(pair.owner_url)
            assert (found, (home / "rides.rejects.csv").read_bytes()) == undisturbed
    finally:
        discard(home)
        shutil.rmtree(base, ignore_errors=True)


async def test_several_processes_that_die_leave_what_one_would_have_written(
    tmp_path, fresh_urls, servers, undisturbed
):
    """Ctrl-C, then `kill -9` of the command; its processes end by themselves; one goes on alone."""
    folder = tmp_path / "several"
    await found_city(fresh_urls.app, folder)
    env = environment(folder, fresh_urls, servers)
    process = start(*words(folder), "--workers", "2", env=env)
    wait_for_rows(fresh_urls.app, 400, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    process = start(*words(folder), "--workers", "3", env=env)
    wait_for_rows(fresh_urls.app, 2_000, process)
    process.kill()
    process.communicate(timeout=240)  # ends when nobody holds its output any more
    done = run(*words(folder), env=env)
    assert done.returncode == 0, done.stderr
    # Each part has a block of evidence; all else is as it would have been.
    assert totals(fresh_urls.app)[:-1] == undisturbed[0][:-1]
    assert (folder / "rides.rejects.csv").read_bytes() == undisturbed[1]
