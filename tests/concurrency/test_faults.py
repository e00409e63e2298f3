"""PostgreSQL is slow, full, cut off or picks us as a victim: a clean "try again", and no half-effects."""

import asyncio
import secrets
import subprocess
from collections import Counter
from datetime import timedelta

import httpx
import psycopg
import pytest

from app.clock import current_time
from app.database import database_for
from app.demo import proof
from app.ledger import balances
from app.people.tokens import Audience, Tokens
from app.settings import DatabaseSettings, Settings
from tests import city, make
from tests.city import MORNING, ride
from tests.make import NOON, citizen_headers
from tests.rewards.counter import sound

REDEMPTIONS = "/v1/me/redemptions"


@pytest.fixture
async def shop(fresh_urls, cache, keys):
    """Builds a service on real connections with the settings a test needs."""
    from app.main import create_app

    opened = []

    async def build(url=fresh_urls.app, **few):
        database = database_for(DatabaseSettings(**few), url)
        await database.open()
        settings = Settings(environment="test")
        app = create_app(settings, database=database, cache=cache, keys=keys, opens=False)
        app.dependency_overrides[current_time] = lambda: NOON
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60)
        opened.extend((client.aclose, database.close))
        return client, database

    yield build
    for close in opened:
        await close()


async def rich_citizen(database, *, points=100, stock=5):
    """Somebody with points, and an offer to claim for ten."""
    async with database.writing() as tx:
        return await make.rich(tx, points), await make.offer(tx, points=10, stock=stock)


async def ask(client, headers, offer):
    """Claim a unit."""
    return await client.post(REDEMPTIONS, json={"offer_id": str(offer.id)}, headers=headers)


def clean(answer, *, code="try-again") -> bool:
    """Whether this is the problem document that says: nothing was changed, send it again."""
    told = (answer.status_code, answer.json()["code"], answer.headers["retry-after"])
    return told == (503, code, "1")


async def somebody_waits_for(rival):
    """Until another connection has come to a lock that this one holds."""
    async with asyncio.timeout(60):
        while await (await rival.execute(_WAITING)).fetchone() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def held(database, who):
    """What is on hold now."""
    async with database.reading() as tx:
        return (await balances.balance(tx, account_id=who)).held


async def test_a_deadlocks_victim_may_ask_again(shop, keys, fresh_urls):
    """PostgreSQL kills our transaction to end a deadlock: 503, nothing held; the same key then works."""
    client, database = await shop()
    anna, offer = await rich_citizen(database)
    headers = citizen_headers(keys, anna)
    async with await psycopg.AsyncConnection.connect(fresh_urls.owner) as rival:
        await rival.execute("SET deadlock_timeout = '1min'")  # so that it is never the victim
        await rival.execute(
            "UPDATE offer_stock SET remaining = remaining WHERE offer_id = %s", (offer.id,)
        )
        asking = asyncio.create_task(ask(client, headers, offer))
        await somebody_waits_for(rival)  # it holds the balance and waits for the stock
        await rival.execute("UPDATE balance SET held = held WHERE account_id = %s", (anna,))
        victim = await asking
        await rival.rollback()

    assert clean(victim)
    assert await held(database, anna) == 0
    assert (await ask(client, headers, offer)).status_code == 201
    assert await held(database, anna) == 10


async def test_a_wait_for_a_lock_has_an_end(shop, keys, fresh_urls):
    """A row that is locked too long: 503 in time, nothing held; the same key then works."""
    client, database = await shop(lock_timeout_ms=200)
    anna, offer = await rich_citizen(database)
    headers = citizen_headers(keys, anna)
    async with await psycopg.AsyncConnection.connect(fresh_urls.owner) as rival:
        await rival.execute("UPDATE balance SET held = held WHERE account_id = %s", (anna,))
        assert clean(await ask(client, headers, offer))
        await rival.rollback()

    assert await held(database, anna) == 0
    assert (await ask(client, headers, offer)).status_code == 201


async def test_an_exhausted_pool_says_so(shop, keys, fresh_urls):
    """With every connection taken a caller waits a second and is told to come again."""
    client, database = await shop(pool_size=1, pool_wait_s=1)
    anna, offer = await rich_citizen(database)
    boris, _ = await rich_citizen(database)
    async with await psycopg.AsyncConnection.connect(fresh_urls.owner) as rival:
        await rival.execute("UPDATE balance SET held = held WHERE account_id = %s", (anna,))
        first = asyncio.create_task(ask(client, citizen_headers(keys, anna), offer))
        await somebody_waits_for(rival)
        assert clean(await ask(client, citizen_headers(keys, boris), offer))
        await rival.rollback()
        assert (await first).status_code == 201
    assert await held(database, boris) == 0


async def test_connections_are_cut_again_and_again(shop, keys, fresh_urls, servers):
    """A storm of terminated backends: each key ends in one claim, whoever lost how many answers."""
    client, database = await shop(pool_size=6)
    async with database.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(30)]
        offer = await make.offer(tx, points=10, stock=300, per_citizen=3)
    answers: Counter[int] = Counter()

    async def insist(who, headers):
        for _ in range(1_000):
            answer = await ask(client, headers, offer)
            answers[answer.status_code] += 1
            if answer.status_code == 201:
                return answer.json()["redemption_id"]
            # Ninety at once may also be too many for one offer, on a slow machine.
            assert clean(answer) or clean(answer, code="offer-busy"), answer.text
            await asyncio.sleep(0.02)
        pytest.fail("never answered")

    wishes = [(who, citizen_headers(keys, who)) for who in people for _ in range(3)]
    storm = asyncio.create_task(cut(servers.admin_url, fresh_urls.app.rsplit("/", 1)[1]))
    claimed = await asyncio.gather(*(insist(*wish) for wish in wishes))
    await storm

    print(f"\n{dict(answers)}")
    assert len(set(claimed)) == len(wishes) == answers[201]
    assert answers[503] > 0
    _, fresh = await shop()  # the old pool's readers were cut as well
    async with fresh.snapshot() as tx:
        await sound(tx)
        row = await (await tx.execute("SELECT count(*) FROM redemption")).fetchone()
    assert row == (len(wishes),)


async def cut(admin_url, name):
    """Terminate every connection of one database, ten times in a second."""
    async with await psycopg.AsyncConnection.connect(admin_url, autocommit=True) as admin:
        for _ in range(10):
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            await asyncio.sleep(0.1)


def mounted(*words) -> bool:
    """Run mount or umount, as root or as somebody who may become root."""
    return any(
        subprocess.run([*sudo, *words], capture_output=True, check=False).returncode == 0
        for sudo in ([], ["sudo", "-n"])
    )


@pytest.fixture
def tiny_disk(servers, template, tmp_path_factory):
    """A database on a file system of a few megabytes, and a way to enlarge it."""
    name = f"puhui_tiny_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        data = admin.execute("SHOW data_directory").fetchone()[0]
        size = admin.execute("SELECT pg_database_size(%s)", (template,)).fetchone()[0]
        place = f"{data}.{name}"
        kib = size // 1024 + 4_000
        owner = subprocess.run(
            ["stat", "-c", "%u", data], capture_output=True, text=True, check=True
        )
        subprocess.run(["mkdir", place], check=True)
        options = f"size={kib}k,uid={owner.stdout.strip()},mode=700"
        if not mounted("mount", "-t", "tmpfs", "-o", options, "tmpfs", place):
            subprocess.run(["rmdir", place], check=True)
            pytest.skip("only root may mount a file system of its own")
        try:
            admin.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'")
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {name}")
            # The copy's files have holes where pages are still in memory; now they take room.
            admin.execute("CHECKPOINT")
            yield (
                f"{servers.admin_url.rsplit('/', 1)[0]}/{name}",
                lambda: mounted("mount", "-o", f"remount,size={kib + 100_000}k", place),
            )
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute(f"DROP TABLESPACE {name}")
        finally:
            mounted("umount", place)
            subprocess.run(["rmdir", place], check=True)


async def test_a_full_disk_refuses_cleanly_and_forgets_nothing(shop, keys, tiny_disk):
    """The disk fills up: batches are answered 503 and leave nothing; with space they all go in."""
    url, enlarge = tiny_disk
    client, database = await shop(url)
    async with database.writing() as tx:
        await city.programme(tx)
        for n in range(40):
            await city.citizen(tx, f"p{n}")
    headers = city.bearer(Tokens(keys.token), Audience.provider, "bikes")

    async def send(batch):
        records = [
            ride(f"b{batch}-{n}", subject=f"card-p{n % 40}", minutes=4,
                 distance_km="0.9" if n % 2 else "3.7",  # believable, or held for a person
                 start=MORNING - timedelta(minutes=5 * (10 * batch + n // 40)))
            for n in range(400)
        ]  # fmt: skip
        return await client.post("/v1/provider/batches", json={"records": records}, headers=headers)

    done, refused = [], None
    for batch in range(200):
        answer = await send(batch)
        if answer.status_code == 503:
            refused = batch
            break
        done.append(answer.json())
    assert refused is not None, "the disk was never full"
    assert clean(answer)
    again = await send(refused)
    assert clean(again)
    async with database.reading() as tx:
        row = await (
            await tx.execute(
                "SELECT (SELECT count(*) FROM reduction) + (SELECT count(*) FROM held_activity)"
            )
        ).fetchone()
    kept = sum(each["credited"] + each["held"] for each in done)
    assert row == (kept,), "a refused batch left nothing"

    assert enlarge()
    after = (await send(refused)).json()

    print(f"\n{len(done)} batches, then full; afterwards {after['credited']} credited")
    assert after["duplicate"] == 0
    assert after["credited"] + after["held"] > 0
    assert sum(each["credited"] for each in done) > 0
    assert [check.name for check in await proof.prove(database) if check.breaches] == []


_WAITING = """
SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
"""
