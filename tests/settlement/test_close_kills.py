"""Closers are killed at any moment, beside one another and beside the tills: the same bytes."""

import asyncio
import os
import random
import secrets
import signal
import time
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from app.database import database_for
from app.settings import DatabaseSettings
from app.settlement import verify
from tests.conftest import make_conninfo_url
from tests.make import NOON
from tests.settlement.books import DAY, NEXT_NIGHT, NIGHT, refunded, sell, stall, undone
from tests.settlement.books import close as close_day
from tests.settlement.closer import Closers

MERCHANTS, KILLS = 32, 6


@contextmanager
def twin(servers, url):
    """A copy of a database as it stands, for the run that nobody disturbs."""
    name = f"puhui_twin_{secrets.token_hex(4)}"
    source = url.partition("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        yield make_conninfo_url(servers.admin_url, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def closed(url, day=DAY):
    """Everything that the close of a day left, but for the random ids of settlements."""
    with psycopg.connect(url) as owner:
        return [
            owner.execute(statement, (day,)).fetchall()
            for statement in (
                """SELECT day, zone, minutes, from_at, until_at, done_until, closed_at
                     FROM settlement_day WHERE day = %s""",
                """SELECT s.merchant_id, s.lines, s.points, s.payable_fen, s.manifest_sha256,
                          s.previous_sha256, s.closed_at, f.name, f.content
                     FROM settlement s JOIN settlement_file f ON f.settlement_id = s.id
                    WHERE s.day = %s ORDER BY 1, f.name""",
                """SELECT merchant_id, kind, number, place, store_code, till_code
                     FROM settlement_line WHERE day = %s ORDER BY 1, 2, 3""",
                "SELECT id, settled_on FROM redemption WHERE settled_on = %s ORDER BY 1",
            )
        ]


async def a_busy_day(database):
    """Sales, an undo and a refund at each of many merchants."""
    async with database.writing() as tx:
        stalls = [await stall(tx) for _ in range(MERCHANTS)]
        for at in stalls:
            for n in range(3):
                await sell(tx, at, f"A-{n}", now=NOON + timedelta(minutes=n))
            await undone(tx, at, "A-1", now=NOON + timedelta(minutes=4))
            await refunded(tx, at, "A-2", "R-2", 30, now=NOON + timedelta(minutes=5))
    return stalls


async def selling(database, stalls, stop):
    """Tills go on after midnight: new sales, and refunds of the day that is being closed."""
    n = 0
    while not stop.is_set():
        at = stalls[n % MERCHANTS]
        async with database.writing() as tx:
            await sell(tx, at, f"N-{n}", now=NIGHT)
            if n < MERCHANTS:
                await refunded(tx, at, "A-0", "R-0", 10, now=NIGHT)
        n += 1
    return n


async def killed(url, *, kills, dice):
    """Two closers at a time, killed in turn, until two may finish; how far the day was each time."""
    closers = await asyncio.to_thread(Closers, url)
    reached = []
    try:
        running = [closers.start(), closers.start()]
        while len(reached) < kills and (done := merchants_done(url)) < MERCHANTS - 1:
            wanted = min(done + dice.randrange(1, 3), MERCHANTS - 1)
            await asyncio.to_thread(wait_for_merchants, url, wanted)
            await asyncio.sleep(dice.randrange(10) / 1000)
            victim = running.pop(0)
            os.kill(victim, signal.SIGKILL)
            if closers.wait(victim) == -signal.SIGKILL:
                reached.append(merchants_done(url))
            running.append(closers.start())
        assert [await asyncio.to_thread(closers.wait, each) for each in running] == [0, 0]
    finally:
        closers.end()
    return reached


def wait_for_merchants(url, wanted):
    """Until the day of so many is closed."""
    deadline = time.monotonic() + 300
    while merchants_done(url) < wanted:
        assert time.monotonic() < deadline, "the closers have stopped"
        time.sleep(1 / 1000)


def merchants_done(url):
    """How many merchants' days are closed."""
    with psycopg.connect(url) as owner:
        return owner.execute("SELECT count(*) FROM settlement").fetchone()[0]


async def test_a_day_whose_closers_are_killed_is_closed_to_the_byte(
    committing, fresh_urls, servers
):
    """Two processes close while tills sell and refund; some die; the files are the undisturbed ones."""
    stalls = await a_busy_day(committing)
    await committing.close()  # a database is copied when nobody is in it
    with twin(servers, fresh_urls.app) as url:
        calm = database_for(DatabaseSettings(), url)
        await calm.open()
        assert await close_day(calm, limit=100) == [DAY]
        await calm.close()
        expected = closed(url)
    busy = database_for(DatabaseSettings(), fresh_urls.app)
    await busy.open()
    stop = asyncio.Event()
    tills = asyncio.create_task(selling(busy, stalls, stop))
    try:
        reached = await killed(fresh_urls.app, kills=KILLS, dice=random.Random())
        assert len(reached) >= KILLS // 2  # the quicker the machine, the sooner all is closed
        assert 0 < min(reached) < MERCHANTS
        stop.set()
        sold = await tills
        assert len(expected[1]) == 2 * MERCHANTS
        assert closed(fresh_urls.app) == expected
        assert await close_day(busy, now=NEXT_NIGHT) == [DAY + timedelta(days=1)]
        _, _, lines, _ = closed(fresh_urls.app, DAY + timedelta(days=1))
        assert len(lines) == sold + min(sold, MERCHANTS)
        async with busy.snapshot() as tx:
            assert [each for each in await verify.checks(tx) if each.breaches] == []
    finally:
        stop.set()
        await tills
        await busy.close()
