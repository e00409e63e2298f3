"""Totals of counter-accounts: exactly once, behind the watermark, and equal to the fold."""

import asyncio
from collections import Counter
from datetime import date, timedelta

import psycopg

from app.ledger import rollup, rollup_verify
from tests import make
from tests.ledger.histories import (
    CAFE,
    MARCH,
    NOON,
    ZONE,
    buy,
    city,
    gain,
    give,
    give_back,
    let_expire,
    owner,
    pool,
    roll,
)


async def totals(database):
    """The roll-up as it stands: (contra, kind, day) -> (entries, points)."""
    async with database.reading() as tx:
        rows = await tx.execute("SELECT contra, kind, day, n, points FROM rollup")
        return {(contra, kind, day): (n, points) async for contra, kind, day, n, points in rows}


async def broken(database):
    """The laws of the roll-up that do not hold."""
    async with database.snapshot() as tx:
        return {check.name for check in await rollup_verify.checks(tx, zone=ZONE) if check.breaches}


async def test_entries_are_summed_up_by_day_of_the_programme(committing):
    """An hour before midnight in the city and an hour after it are two days."""
    anna = make.account()
    evening = NOON.replace(hour=15)  # 23:00 in the city
    async with committing.writing() as tx:
        await gain(tx, anna, 30, now=evening)
        await gain(tx, anna, 10, now=evening + timedelta(hours=2))
        await buy(tx, anna, 7, now=evening + timedelta(hours=2))
        await buy(tx, anna, 5, now=evening + timedelta(hours=2))

    assert await roll(committing) == 4

    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert await totals(committing) == {
        (1, 1, first): (1, 30),
        (1, 1, second): (1, 10),
        (CAFE, 2, second): (2, -12),
    }


async def test_each_entry_is_rolled_up_once_however_it_is_cut(committing):
    """Small steps, two workers and repeats give what one fold of all entries gives."""
    people = [make.account() for _ in range(4)]

    async def worker():
        for _ in range(40):
            async with committing.writing() as tx:
                await rollup.fold(tx, zone=ZONE, limit=3)

    await asyncio.gather(city(committing, people, steps=12), worker(), worker())
    await roll(committing)
    assert await roll(committing) == 0

    async with committing.reading() as tx:
        rows = await tx.execute(
            "SELECT contra, kind, sum(amount), count(*) FROM entry GROUP BY 1, 2"
        )
        folded = {(contra, kind): (n, points) async for contra, kind, points, n in rows}
    summed = Counter()
    for (contra, kind, _), (n, points) in (await totals(committing)).items():
        summed[contra, kind, "n"] += n
        summed[contra, kind, "points"] += points
    assert {key: (summed[*key, "n"], summed[*key, "points"]) for key in folded} == folded
    assert await broken(committing) == set()


async def test_the_tail_is_nobodys_breach(committing):
    """Entries that have not been rolled up yet are not missed."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    assert await broken(committing) == set()
    await roll(committing)
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    assert await broken(committing) == set()


async def test_planted_breaches_are_found(committing, fresh_urls):
    """A changed sum, a lost row, a changed entry and an expiry that was not counted."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await buy(tx, anna, 10)
        await let_expire(tx, date(2026, 4, 1))
    await roll(committing)
    fold = "ledger.rollup_and_tail_are_the_fold_of_all_entries"
    breakage = "ledger.breakage_is_the_fold_of_expired_entries"
    planted = {
        "UPDATE rollup SET points = points + 1 WHERE kind = 1": {fold},
        "UPDATE rollup SET n = n + 1 WHERE kind = 2": {fold},
        "DELETE FROM rollup WHERE kind = 2": {fold},
        "UPDATE entry SET amount = amount + 1 WHERE kind = 1": {fold},
        "UPDATE breakage SET points = points - 1": {breakage},
        "UPDATE rollup SET contra = 7 WHERE kind = 1": {
            fold,
            "ledger.who_gives_and_takes_points_has_a_name",
        },
    }
    with owner(fresh_urls) as superuser:
        for statement, laws in planted.items():
            with psycopg.connect(fresh_urls.owner) as changing:
                changing.execute(statement)
                found = await _checked_inside(changing)
                changing.rollback()
            assert found == laws, statement
        superuser.execute("SELECT 1")
    assert await broken(committing) == set()


async def _checked_inside(connection):
    """The checks as seen inside an open transaction of another driver's connection."""

    class Seen:
        async def execute(self, sql, arguments=None):
            cursor = connection.execute(sql, arguments)

            class Rows:
                async def fetchone(self):
                    return cursor.fetchone()

            return Rows()

    return {each.name for each in await rollup_verify.checks(Seen(), zone=ZONE) if each.breaches}


async def test_breakage_is_by_the_day_points_ended_however_late_they_are_swept(committing):
    """What a refund brought back after its day expires with the lot it stood in."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        bought = await buy(tx, anna, 10)
        await let_expire(tx, date(2026, 4, 9))
        await give_back(tx, anna, 10, of=bought)
        await let_expire(tx, date(2026, 7, 30))
    await roll(committing)
    async with committing.reading() as tx:
        rows = await (await tx.execute("SELECT day, points FROM breakage")).fetchall()
    assert rows == [(MARCH, 30)]
    assert await broken(committing) == set()


async def test_pools_tell_what_they_were_given(committing, live_client):
    """Public totals by pool, from the roll-up; a pool without gifts is there too."""
    anna = make.account()
    async with committing.writing() as tx:
        trees, rivers = await pool(tx), await pool(tx)
        await gain(tx, anna, 30)
        await give(tx, anna, 10, to=trees)
        await give(tx, anna, 5, to=trees)
    await roll(committing)

    answer = await live_client.get("/v1/pools")

    items = answer.json()["items"]
    told = {each["number"]: (each["points"], each["unit"], each["donations"]) for each in items}
    assert told == {trees: (15, "points", 2), rivers: (0, "points", 0)}
