"""Whatever is killed in the middle of a load, nothing acknowledged is lost or doubled.

Real processes: ``puhui serve`` on engines of its own. The records are sent again after each
kill, as a provider's program would; the totals are those of a run that nobody disturbed.
"""

import asyncio
import os
import signal
from datetime import timedelta

import httpx
import pytest

from app import migrations
from app.clock import utc_now
from app.database import database_for
from app.embedded import discard, engines, status
from app.keys import keys_for
from app.ledger import verify as ledger_verify
from app.people.tokens import Audience, Tokens
from app.reductions import verify as reductions_verify
from app.settings import DatabaseSettings, KeySettings
from tests import city
from tests.city import MORNING, ride
from tests.flows.processes import free_port, ready, serving

PEOPLE, BATCHES, SIZE = 40, 12, 40


def batches(start):
    """Rides of everybody, an hour apart, so that all can be credited; ends before now."""
    return [
        {
            "records": [
                ride(
                    f"b{batch}-{n}",
                    subject=f"card-p{n % PEOPLE}",
                    start=start + timedelta(hours=batch),
                    distance_km="1.5",
                )
                for n in range(SIZE)
            ]
        }
        for batch in range(BATCHES)
    ]


async def delivered(port: int, headers, bodies, after=None) -> list[dict[str, int]]:
    """Post each batch until it is answered 207; ``after`` the third, something happens once."""
    answers = []
    async with httpx.AsyncClient(timeout=20) as client:
        for place, body in enumerate(bodies):
            if after is not None and place == 3:
                disturbing = asyncio.create_task(after())
            for _ in range(1_200):
                try:
                    answer = await client.post(
                        f"http://127.0.0.1:{port}/v1/provider/batches", json=body, headers=headers
                    )
                    if answer.status_code == 207:
                        answers.append(answer.json())
                        break
                    assert answer.status_code == 503, answer.text
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
            else:
                pytest.fail("a batch was never answered")
    if after is not None:
        await disturbing
    return answers


@pytest.fixture
async def town(tmp_path_factory):
    """A state folder with engines, a programme and forty linked citizens."""
    home = tmp_path_factory.mktemp("kill")
    keys = keys_for(KeySettings(), home)
    with engines(home) as pair:
        migrations.migrate(pair.owner_url)
        database = database_for(DatabaseSettings(), pair.app_url)
        await database.open()
        async with database.writing() as tx:
            await city.programme(tx)
            for n in range(PEOPLE):
                await city.citizen(tx, f"p{n}", key=keys.subject, now=utc_now())
        await database.close()
        yield home, keys
    discard(home)


@pytest.mark.parametrize("victim", ["server", "postgres", "valkey", "keeper"])
async def test_a_kill_in_the_middle_changes_no_total(town, victim):
    """Kill -9, start again, send again: the totals of an undisturbed run, and no law broken."""
    home, keys = town
    port = free_port()
    start = MORNING + timedelta(days=(utc_now() - MORNING).days - 2)
    token = Tokens(keys.token).sign(
        Audience.provider, subject="bikes", now=utc_now(), life=timedelta(hours=1)
    )
    headers = {"Authorization": f"Bearer {token}"}
    service = serving(home, port)
    running = {"service": service}

    async def kill() -> None:
        await asyncio.sleep(0.05)
        found = status(home)
        if victim == "server":
            running["service"].kill()
            running["service"].wait()
            running["service"] = serving(home, port)
            return
        pid = {"postgres": found.postgres_pid, "valkey": found.valkey_pid}.get(
            victim, found.keeper_pid
        )
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        if victim == "keeper":  # nobody restarts engines whose keeper is gone: start again
            running["service"].kill()
            running["service"].wait()
            running["service"] = serving(home, port)

    try:
        await ready(port)
        first = await delivered(port, headers, batches(start), after=kill)
        again = await delivered(port, headers, batches(start))
    finally:
        running["service"].terminate()
        running["service"].wait(timeout=120)

    assert sum(each["credited"] + each["duplicate"] for each in first) == BATCHES * SIZE
    assert sum(each["duplicate"] for each in again) == BATCHES * SIZE
    with engines(home) as pair:
        after = database_for(DatabaseSettings(), pair.app_url)
        await after.open()
        async with after.snapshot() as tx:
            checks = await ledger_verify.checks(tx)
            checks += await reductions_verify.checks(tx, versions=await city.versions(tx))
            row = await (await tx.execute("SELECT count(*), sum(grams) FROM reduction")).fetchone()
        await after.close()
    assert row == (BATCHES * SIZE, BATCHES * SIZE * 73)
    assert [check.name for check in checks if check.breaches] == []
