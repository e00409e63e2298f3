"""Lanes behind the provider's door, in files, and in what each statement asks of a node."""

import re
from collections import Counter

import httpx
import psycopg
import pytest

from app.clock import current_time
from app.lanes import LaneMap, Lanes
from app.main import create_app
from app.people.tokens import Audience, Tokens
from app.reductions import lane_credit
from app.reductions.ingest_file import DatabaseAway
from app.settings import Settings
from tests import city
from tests.city import NOON, charge, metro, ride
from tests.reductions.one_lane import BY_BUCKET, LOCAL, guard
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


LANE = re.compile(r"\bbucket = ANY \(")
MONTH = re.compile(r"_\d{4}_\d{2}$")


def scans(plan):
    """Every table that a plan reads, with all conditions of the node that reads it."""
    name = MONTH.sub("", plan.get("Relation Name", ""))
    if name and plan["Node Type"] != "ModifyTable":
        yield (
            name,
            " ".join(str(plan.get(each, "")) for each in ("Index Cond", "Recheck Cond", "Filter")),
        )
    for part in plan.get("Plans", ()):
        yield from scans(part)


async def test_every_statement_of_a_lane_is_one_nodes(zhenjiang, monkeypatch, fresh_urls):
    """PostgreSQL's own plan of each statement: every table by bucket is read with one group's buckets."""
    asked = {}
    real = psycopg.AsyncCursor.execute

    async def execute(self, query, params=None, **options):
        text = query.decode() if isinstance(query, bytes) else str(query)
        if self.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            asked[text] = params
        return await real(self, query, params, **options)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", execute)
        for charged in ("c0", "c1"):  # the second finds what the first one left
            await sent(
                zhenjiang,
                ride(f"r{charged}"), charge(charged, vehicle_id="car"), ride("r1", subject="card-bert"),
                ride(f"held-{charged}", minutes=4, distance_km="3.7"),
                lanes=Lanes.modulo(1024),
            )  # fmt: skip

    looked = Counter()
    with psycopg.connect(fresh_urls.owner) as owner:
        for text, params in asked.items():
            plan = owner.execute(f"EXPLAIN (FORMAT JSON) {text}", params).fetchone()[0][0]["Plan"]
            read = list(scans(plan))
            by_bucket = [(name, conditions) for name, conditions in read if name in BY_BUCKET]
            assert all(LANE.search(conditions) for _, conditions in by_bucket), (text, read)
            if by_bucket:
                assert len({bucket % 1024 for bucket in params["buckets"]}) == 1, text
                assert not {name for name, _ in read} & set(LOCAL), f"two places: {text}"
            looked.update(name for name, _ in by_bucket)
    assert {"balance", "claim", "claim_subject", "held_activity", "reduction"} <= set(looked)
    assert looked.total() > 8
