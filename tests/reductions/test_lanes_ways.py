"""Lanes behind the provider's door, in files, and in what each statement asks of a node."""

import re
from collections import Counter

import httpx
import psycopg
import pytest

from app.citus import How, declared
from app.clock import current_time
from app.lanes import LaneMap, Lanes
from app.main import create_app
from app.people.tokens import Audience, Tokens
from app.reductions import lane_credit
from app.reductions.ingest_file import DatabaseAway
from app.settings import Settings
from tests import city
from tests.city import NOON, charge, metro, ride
from tests.reductions.one_lane import BY_BUCKET, guard
from tests.reductions.test_ingest import books, ingest, many, write_csv
from tests.reductions.test_lanes import failing, sent


@pytest.fixture
async def zhenjiang(committing, fresh_urls):
    """A programme with two riders, on real commits, in one lane at a time."""
    async with committing.writing() as tx:
        await city.programme(tx)
        await city.citizen(tx, "anna")
        await city.citizen(tx, "bert")
    guard(fresh_urls.owner, n=16)
    return committing


@pytest.fixture
async def provider(zhenjiang, cache, keys):
    """The provider's client of a service whose batches are cut into 16 lanes."""
    app = create_app(
        Settings(environment="test", lanes=16),
        database=zhenjiang, cache=cache, keys=keys, opens=False,
    )  # fmt: skip
    app.dependency_overrides[current_time] = lambda: NOON
    headers = city.bearer(Tokens(keys.token), Audience.provider, "bikes")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers=headers
    ) as client:
        yield client


async def test_the_door_answers_in_the_batchs_order(provider):
    """One answer a record in the order sent, whichever lane it went through; 503 asks to retry."""
    batch = [ride("r0"), metro("nobodys", subject="card-zoe"), ride("r1", subject="card-bert")]

    answer = await provider.post("/v1/provider/batches", json={"records": batch})

    assert answer.status_code == 207, answer.text
    assert [(each["ref"], each["outcome"]) for each in answer.json()["outcomes"]] == [
        ("r0", "credited"), ("nobodys", "rejected"), ("r1", "credited"),
    ]  # fmt: skip


async def test_the_door_says_try_again_when_a_lane_is_lost(provider, monkeypatch):
    """503 with the others durable; the retry is answered with their first numbers."""
    batch = {"records": [ride("r0"), ride("r1", subject="card-bert")]}
    asked = []
    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", lambda *_, **__: asked.append(1) or len(asked) == 1)
        answer = await provider.post("/v1/provider/batches", json=batch)
    assert (answer.status_code, answer.json()["code"]) == (503, "try-again")

    again = (await provider.post("/v1/provider/batches", json=batch)).json()

    assert Counter(each["outcome"] for each in again["outcomes"]) == {"duplicate": 1, "credited": 1}
    assert {(each["grams"], each["points"]) for each in again["outcomes"]} == {(180, 18)}


async def test_a_file_that_loses_lanes_ends_like_one_that_does_not(
    zhenjiang, tmp_path, monkeypatch
):
    """Interrupted in one lane of every chunk, and cut anew: totals count each act once."""
    path = write_csv(tmp_path / "rides.csv", many(60))
    lost = []

    def fails(*_, **__):
        lost.append(1)
        return len(lost) % 5 == 0

    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", fails)
        for n in (16, 64, 16, 32, 1024, 16, 16, 16, 16, 16):
            try:
                done = await ingest(zhenjiang, path, chunk_rows=20, lanes=LaneMap(n))
                break
            except DatabaseAway:
                pass
    tally = done.progress.tally
    found = await books(zhenjiang)
    assert len(lost) > 5
    assert (tally.records, tally.credited, tally.duplicate) == (60, found[0], 0)
    assert (tally.grams, found[0], found[6]) == (found[1], found[5], 60)
    async with zhenjiang.reading() as tx:
        left = await (await tx.execute(
            "SELECT (SELECT count(*) FROM lane_answer), (SELECT count(*) FROM lane_delivery)"
        )).fetchone()  # fmt: skip
    assert left == (0, 0)

    async with zhenjiang.writing() as tx:
        whole = await tx.execute("SELECT credited, points FROM ingest_file")
        assert await whole.fetchone() == (found[0], found[2])


LOCAL = {name for name, each in declared().items() if each.how is How.local}
READS = re.compile(
    rf"\b(?:FROM|JOIN|UPDATE|USING)\s+({'|'.join(BY_BUCKET)})\b(?:\s+(?:AS\s+)?(\w+))?"
)


async def test_every_statement_of_a_lane_is_one_nodes(zhenjiang, monkeypatch):
    """In a lane's transaction a table by bucket is read with its buckets, and no other is written."""
    asked = []
    real = psycopg.AsyncConnection.execute

    async def execute(self, query, params=None, **options):
        text = query.decode() if isinstance(query, bytes) else str(query)
        named = params if isinstance(params, dict) else {}
        open_ = self.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        asked.append((id(self), open_, text, named.get("buckets")))
        return await real(self, query, params, **options)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", execute)
    await sent(
        zhenjiang,
        ride("r0"), charge("c0", vehicle_id="car"), ride("r1", subject="card-bert"),
        lanes=Lanes.modulo(1024),
    )  # fmt: skip

    looked = 0
    for _, open_, text, buckets in asked:
        for found in READS.finditer(text) if open_ else ():
            looked += 1
            alias = found[2] or found[1]
            assert f"{alias}.bucket = ANY(" in text, text
            assert buckets is not None, text
            assert len({bucket % 1024 for bucket in buckets}) == 1, text
        if open_ and "FOR UPDATE" in text and not READS.search(text):
            assert any(name in text for name in LOCAL), text
    assert looked > 10
