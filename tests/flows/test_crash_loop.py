"""Server, worker and PostgreSQL die in turn, again and again, while the city goes on.

PUHUI_TEST_CYCLES says how often something is killed (20 unless set, about a minute; 200 is for
nights).
"""

import asyncio
import itertools
import os
import random
import signal
from datetime import timedelta

import pytest

from app import migrations
from app.clock import utc_now
from app.database import database_for
from app.demo import proof
from app.embedded import discard, engines, status
from app.keys import keys_for
from app.settings import DatabaseSettings, KeySettings
from tests import city, make
from tests.flows.processes import free_port, ready, serving, working
from tests.flows.traffic import Traffic

PEOPLE = 30
PATIENCE = 3_600
"""Looks, a twentieth of a second apart at least: a busy machine starts a server in half a minute."""
VICTIMS = ("postgres", "worker", "postgres fast", "server", "postgres immediate", "worker")
SIGNALS = {
    "postgres": signal.SIGKILL,
    "postgres fast": signal.SIGINT,
    "postgres immediate": signal.SIGQUIT,
}


@pytest.fixture
async def town(tmp_path_factory):
    """Engines of their own, thirty citizens, three offers that never run out."""
    home = tmp_path_factory.mktemp("crash")
    keys, now = keys_for(KeySettings(), home), utc_now()
    with engines(home) as pair:
        migrations.migrate(pair.owner_url)
        database = database_for(DatabaseSettings(), pair.app_url)
        await database.open()
        async with database.writing() as tx:
            await city.programme(tx)
            people = [
                await city.citizen(tx, f"p{n}", key=keys.subject, now=now) for n in range(PEOPLE)
            ]
            opens = {"opens_at": now - timedelta(days=1), "closes_at": now + timedelta(days=1)}
            offers = [
                await make.offer(tx, points=2, stock=10**6, per_citizen=10**6, **opens)
                for _ in range(3)
            ]
        await database.close()
        yield home, pair.app_url, Traffic("", keys, [each.account_id for each in people], offers)
    discard(home)


class Servers:
    """What is running, and how to kill it."""

    def __init__(self, home, port):
        self.home, self.port = home, port
        self.logs = {name: home / f"{name}.log" for name in ("server", "worker")}
        self.running = {"server": self.start("server"), "worker": self.start("worker")}

    def start(self, name):
        """A new process for a dead one."""
        if name == "worker":
            return working(self.home, self.logs[name])
        return serving(self.home, self.port, "--no-worker", log=self.logs[name])

    def kill(self, victim):
        """Without a warning; PostgreSQL is started again by its keeper."""
        if victim in self.running:
            self.running[victim].kill()
            self.running[victim].wait()
            self.running[victim] = self.start(victim)
        elif pid := status(self.home).postgres_pid:
            os.kill(pid, SIGNALS[victim])

    def stop(self):
        """The end of the test."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(timeout=120)


async def progress(traffic: Traffic, loop: asyncio.Task, answers: int) -> None:
    """Wait until so many more wishes were answered."""
    goal = traffic.acknowledged + answers
    for _ in range(PATIENCE):
        if loop.done():
            await loop
        if traffic.acknowledged >= goal:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"the city stood still: {dict(traffic.said)}, {traffic.retried} retries")


@pytest.mark.timeout(3_600)
async def test_whatever_dies_nothing_acknowledged_is_lost_and_nothing_doubled(town):
    """After each kill the city goes on; in the end its log and the books agree, word for word."""
    home, url, traffic = town
    cycles = int(os.environ.get("PUHUI_TEST_CYCLES", "20"))
    port = free_port()
    traffic.client.base_url = f"http://127.0.0.1:{port}"
    servers = Servers(home, port)
    dice = random.Random(cycles)
    try:
        await ready(port)
        await traffic.credit()
        loop = asyncio.create_task(traffic.run())
        for victim in itertools.islice(itertools.cycle(VICTIMS), cycles):
            await progress(traffic, loop, 10)
            await asyncio.sleep(dice.random() / 10)
            servers.kill(victim)
        await progress(traffic, loop, 15)
        traffic.stopping = True
        await loop
        for key, (who, offer_id, first) in list(traffic.claims.items())[-30:]:
            assert (await traffic.claimed(who, offer_id, key)).json() == first
    finally:
        servers.stop()
        await traffic.client.aclose()

    print(f"\n{cycles} kills, {traffic.acknowledged} answers, {traffic.retried} retries")
    print(dict(traffic.said), f"{len(traffic.sales)} sales")
    await compare(url, traffic)
    assert min(len(traffic.claims), len(traffic.sales), traffic.retried) > cycles // 2
    for log in servers.logs.values():
        assert "permission denied" not in log.read_text()
        assert "InsufficientPrivilege" not in log.read_text()


async def compare(url: str, traffic: Traffic) -> None:
    """What was acknowledged is there, once; what is there was acknowledged; every law holds."""
    database = database_for(DatabaseSettings(pool_wait_s=60), url)
    await database.open()
    async with database.snapshot() as tx:
        rows = await tx.execute("SELECT id FROM redemption")
        redemptions = sorted([str(row[0]) async for row in rows])
        rows = await tx.execute("SELECT order_no FROM scan")
        orders = sorted([row[0] async for row in rows])
        row = await (
            await tx.execute(
                "SELECT (SELECT count(*) FROM reduction), (SELECT count(*) FROM"
                "   (SELECT id FROM reduction UNION SELECT id FROM held_activity) AS acts),"
                " (SELECT count(*) FROM entry WHERE kind = 1), (SELECT count(*) FROM request)"
            )
        ).fetchone()
    checks = await proof.prove(database)
    await database.close()
    credited = sum(verdict in {"credited", "duplicate"} for verdict in traffic.verdicts.values())
    claimed = sorted(first["redemption_id"] for _, _, first in traffic.claims.values())
    assert redemptions == claimed
    assert orders == sorted(traffic.sales)
    assert row[0] == row[2] == credited
    assert row[1] >= credited
    assert row[3] == len(claimed)
    assert [check.name for check in checks if check.breaches] == []
