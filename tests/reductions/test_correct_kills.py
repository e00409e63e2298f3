"""A correction that is killed on the way ends like one that was not.

``PUHUI_TEST_CORRECTIONS`` sets how many reductions are corrected (100000 for the long run).
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from app.catalogue.versions import Catalogue
from app.database import database_for
from app.ids import new_id
from app.intake import providers
from app.intake.records import read_records
from app.ledger import hold
from app.reductions import correct_read, correct_run
from app.reductions.correct_run import run_correction
from app.reductions.deliver import deliver
from app.settings import DatabaseSettings
from tests import city
from tests.city import NOON, ride
from tests.reductions import erring
from tests.reductions.erring import LATER, clock, laws_broken, town

MANY = int(os.environ.get("PUHUI_TEST_CORRECTIONS", "3000"))
RIDES = 10
LONG = pytest.mark.timeout(1_800)
RUNNER = """
import asyncio, sys, time
from uuid import UUID
from app.catalogue.versions import Catalogue
from app.database import database_for
from app.reductions.correct_run import run_correction
from app.settings import DatabaseSettings
from tests.reductions import erring

def clock():
    time.sleep(0.05)  # at each chunk: whoever kills must see the work half done
    return erring.clock()

async def main():
    database = database_for(DatabaseSettings(pool_size=2), sys.argv[1])
    await database.open()
    await run_correction(database, correction_id=UUID(sys.argv[2]), catalogue=Catalogue(),
                         clock=clock, chunk=int(sys.argv[3]))
    await database.close()

asyncio.run(main())
"""
RESULT = """
SELECT (SELECT count(*) FROM reduction_correction), (SELECT sum(grams_after) FROM reduction_correction),
       (SELECT sum(booked) FROM reduction_correction), (SELECT sum(shortfall) FROM reduction_correction),
       (SELECT sum(earned) FROM balance), (SELECT sum(consumed) FROM balance),
       (SELECT min(earned - consumed - held) FROM balance),
       (SELECT count(*) FROM outbox WHERE template = 'reductions_corrected'),
       (SELECT count(*) FROM entry), (SELECT ROW(changed, grams, points, booked_up, booked_down,
                                                  shortfall, people)::text FROM correction)
"""


async def prepared(database, *, reductions=MANY):
    """A city with an approved correction; every third citizen has spent nearly everything."""
    people = max(1, reductions // RIDES)
    async with database.writing() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        await town(tx, people=people, each=RIDES)
        rows = await (
            await tx.execute("SELECT account_id FROM balance ORDER BY account_id")
        ).fetchall()
        for (account_id,) in rows[:: max(3, people // 50)]:
            await hold.hold(tx, account_id=account_id, points=170)
            await hold.spend(
                tx, account_id=account_id, points=150, contra=1_000, ref=new_id(), now=LATER
            )
            await hold.release(tx, account_id=account_id, points=20)
    async with database.writing() as tx:
        return await erring.approved(tx)


async def result(database):
    """What the correction came to, and that every law holds."""
    async with database.snapshot() as tx:
        assert await laws_broken(tx) == []
        return await (await tx.execute(RESULT)).fetchone()


async def run(database, correction_id, chunk):
    """Work until it is done."""
    return await run_correction(
        database, correction_id=correction_id, catalogue=Catalogue(), clock=clock, chunk=chunk
    )


def copied(urls, servers):
    """A copy of a prepared city, so that two fates of the same correction can be compared."""
    name = f"puhui_copy_{new_id().hex[-8:]}"
    source = urls.owner.rsplit("/", 1)[1]
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    return urls.owner.rsplit("/", 1)[0] + "/" + name


def pools(url):
    """A way in of its own; the long run's checks take longer than a request may."""
    return database_for(DatabaseSettings(pool_size=8, statement_timeout_ms=600_000), url)


async def undisturbed(url, correction_id, chunk):
    """The fate of the copy: nobody kills anything."""
    database = pools(url)
    await database.open()
    await run(database, correction_id, chunk)
    ended = await result(database)
    await database.close()
    return ended


@LONG
async def test_killed_twice_it_ends_like_an_undisturbed_run(committing, fresh_urls, servers):
    """SIGKILL in the middle of the work, twice; then another process finishes it."""
    correction_id = await prepared(committing)
    await committing.close()
    copy = copied(fresh_urls, servers)
    again = pools(fresh_urls.app)
    await again.open()
    chunk = max(20, MANY // 60)
    places = []
    for part in (1, 2):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", RUNNER, fresh_urls.app, str(correction_id), str(chunk)),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 600
        while process.returncode is None and time.monotonic() < deadline:
            async with again.reading() as tx:
                changed = (await correct_read.progress(tx, correction_id=correction_id)).changed
            if changed >= MANY * part // 3:
                break
            await asyncio.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        async with again.reading() as tx:
            places.append((await correct_read.progress(tx, correction_id=correction_id)).changed)

    began = time.monotonic()
    await run(again, correction_id, chunk)
    print(f"killed after {places} of {MANY}; the rest took {time.monotonic() - began:.1f} s")

    assert 0 < places[0] <= places[1] < MANY
    killed = await result(again)
    await again.close()
    assert killed == await undisturbed(copy, correction_id, chunk)
    assert killed[0] == MANY // RIDES * RIDES
    assert killed[3] > 0
    assert killed[6] == 0


async def test_cancelled_at_any_chunk_it_goes_on(committing, monkeypatch):
    """A worker that is asked to stop between, or inside, two chunks loses nothing."""
    correction_id = await prepared(committing, reductions=300)
    original = correct_run.adjust
    calls = 0

    async def interrupted(tx, **arguments):
        nonlocal calls
        calls += 1
        answers = await original(tx, **arguments)
        if calls % 2:
            raise asyncio.CancelledError
        return answers

    monkeypatch.setattr(correct_run, "adjust", interrupted)
    tries = 0
    done = False
    while not done:
        tries += 1
        with contextlib.suppress(asyncio.CancelledError):
            await run(committing, correction_id, 40)
            done = True

    assert tries > 5
    ended = await result(committing)
    assert ended[0] == 300
    assert ended[6] >= 0


async def test_two_workers_do_it_once(committing):
    """Whoever holds the correction's row works; the others find nothing to do and leave."""
    correction_id = await prepared(committing, reductions=400)

    async def worker():
        for _ in range(60):
            await run(committing, correction_id, 25)
            await asyncio.sleep(0)

    await asyncio.gather(*(worker() for _ in range(4)))

    ended = await result(committing)
    assert (ended[0], ended[7]) == (400, 40)


async def test_acts_that_arrive_meanwhile_are_not_missed(committing):
    """Rides credited by the old version behind the scan's back are found by its next pass."""
    correction_id = await prepared(committing, reductions=200)
    async with committing.reading() as tx:
        old = await city.versions(tx)
    old_picture = old.__class__(
        **{
            **{name: getattr(old, name) for name in old.__slots__},
            "by_methodology": {
                **old.by_methodology,
                "bike_ride": tuple(
                    each
                    for each in old.by_methodology["bike_ride"]
                    if each.name == "bike_ride@1.0.0"
                ),
            },
        }
    )

    async def late(n):
        records = [
            ride(f"late-{n}-{k}", subject=f"card-p{k}", start=NOON + timedelta(hours=20 + n))
            for k in range(20)
        ]
        async with committing.writing() as tx:
            provider = await providers.by_code(tx, code="bikes")
            readable, _ = read_records(records)
            await deliver(
                tx,
                provider_id=provider.id,
                records=readable,
                malformed=[],
                versions=old_picture,
                subject_key=city.SUBJECT_KEY,
                now=LATER,
            )

    await asyncio.gather(run(committing, correction_id, 10), *(late(n) for n in range(4)))

    async with committing.snapshot() as tx:
        assert await laws_broken(tx) == []
        row = await (await tx.execute("SELECT count(*) FROM reduction")).fetchone()
        done = await correct_read.progress(tx, correction_id=correction_id)
    assert row == (280,)
    assert 200 <= done.changed <= 280
