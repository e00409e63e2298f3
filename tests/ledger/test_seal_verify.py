"""What somebody with the machine's keys changes behind the seals is found, and named."""

import random
from collections import Counter
from datetime import date, timedelta

import psycopg

from app.ledger import seal, seal_checks, seal_verify, verify
from tests import make
from tests.ledger.histories import NOON, buy, city, gain, owner, roll, seal_all
from tests.ledger.tampering import COLUMNS, DAYS, KINDS, ROUNDS, SEALS, SILENT, Inside, Machine

ATTEMPTS = 200


async def sealed_city(database):
    """Several rounds, two days, purchases, and two accounts with one earning each."""
    people = [make.account() for _ in range(6)]
    for day in range(2):
        await city(database, people, steps=8, seed=day)
        async with database.writing() as tx:
            for points in (30 + day, 77 + day):
                await gain(tx, make.account(), points)
        await seal_all(database, limit=12, now=NOON + timedelta(days=day))
        async with database.writing() as tx:
            await seal.close_day(tx, day=date(2026, 3, 1 + day), now=NOON + timedelta(days=day))
    await roll(database)


def harmed(machine, kind):
    """Whether a row was really changed; a key or a CHECK may refuse even a superuser."""
    try:
        return getattr(machine, kind)() > 0
    except psycopg.errors.IntegrityError:
        return False


async def test_two_hundred_ways_of_tampering_are_all_found(committing, fresh_urls):
    """A superuser with triggers off changes, deletes, swaps, inserts and moves; none is missed."""
    await sealed_city(committing)
    chance = random.Random(20261121)
    done, silent = Counter(), Counter()
    with owner(fresh_urls), psycopg.connect(fresh_urls.owner) as connection:
        for attempt in range(ATTEMPTS):
            machine = Machine(connection, chance)
            kind = KINDS[attempt % len(KINDS)]
            while not harmed(machine, kind):
                connection.rollback()  # nothing was changed: try another victim
            report = await seal_verify.verify_seals(Inside(connection))
            assert report.breaches, f"attempt {attempt}: {kind} was not found"
            if kind in SILENT:
                found = await verify.checks(Inside(connection))
                silent[kind] += not any(check.breaches for check in found)
            done[kind] += 1
            connection.rollback()
        assert (await seal_verify.verify_seals(Inside(connection))).breaches == []
    assert done.total() == ATTEMPTS
    assert set(silent) == set(SILENT), "the other checks see nothing wrong with these"
    assert all(silent[kind] == done[kind] for kind in SILENT)


async def told(connection, statement):
    """What is said about one change, which is then undone."""
    assert connection.execute(statement).rowcount
    report = await seal_verify.verify_seals(Inside(connection))
    connection.rollback()
    return [(each.what, each.bucket, each.at, each.sealed, each.found) for each in report.breaches]


async def test_a_breach_is_named(committing, fresh_urls):
    """Which bucket, which seal, and by comparing counts what happened to its entries."""
    anna, boris = 1024 * 50 + 5, 1024 * 60 + 6
    for _ in range(2):
        async with committing.writing() as tx:
            await gain(tx, anna, 30)
            await gain(tx, boris, 30)
        await seal_all(committing)
    newest = "account_id = 51205 AND seq = 2"
    with owner(fresh_urls), psycopg.connect(fresh_urls.owner) as connection:
        assert await told(connection, f"UPDATE entry SET amount = 31 WHERE {newest}") == [
            ("entries_changed", 5, 2, 1, 1)
        ]
        assert await told(connection, f"DELETE FROM entry WHERE {newest}") == [
            ("entries_missing", 5, 2, 1, 0)
        ]
        assert await told(
            connection,
            "INSERT INTO entry SELECT account_id, 90, 0, effective_at, posted_at, xid, ref, 3, 30,"
            f" contra, bucket, unit, kind FROM entry WHERE {newest}",
        ) == [("entries_added", 5, 2, 1, 2)]
        assert await told(connection, f"UPDATE entry SET bucket = 7 WHERE {newest}") == [
            ("entries_missing", 5, 2, 1, 0),
            ("seal_missing", 7, 1, 0, 1),
        ]
        assert (await told(connection, "DELETE FROM seal WHERE bucket = 6 AND nth = 2"))[0] == (
            "seal_missing", 6, 2, 0, 1,
        )  # fmt: skip
        assert (
            await told(connection, "UPDATE seal SET chain = root WHERE bucket = 6 AND nth = 1")
        )[:2] == [("seal_changed", 6, 1, 0, 0), ("round_changed", None, 1, 2, 2)]
        early = await told(connection, f"UPDATE entry SET xid = -5 WHERE {newest}")
        late = await told(connection, f"UPDATE entry SET xid = 9000000000 WHERE {newest}")
        astray = await told(connection, "DELETE FROM seal_round WHERE nth = 2")
    assert ("seal_astray", None, 2, 0, 2) in astray
    assert ("entries_unsealed", None, 1, 0, 2) in astray
    assert ("entries_added", None, 0, 0, 1) in early
    assert ("entries_added", None, 3, 0, 1) in late


async def test_the_tail_is_counted_and_no_breach(committing):
    """What is too young to be sealed is told; once the watermark has passed it, it must be."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
    await seal_all(committing)
    async with committing.writing() as tx:
        await buy(tx, anna, 7)
    async with committing.snapshot() as tx:
        report = await seal_verify.verify_seals(tx)
    assert (report.entries, report.tail, report.breaches) == (1, 1, [])


async def test_ordinary_verify_knows_the_chain_too(committing, fresh_urls):
    """Invariant: no gap in a chain, and nothing below the watermark that is not sealed."""
    await sealed_city(committing)
    contiguous = "ledger.seal_chains_are_contiguous"
    complete = "ledger.nothing_below_the_watermark_is_unsealed"
    planted = {
        "DELETE FROM seal WHERE nth = 1": {contiguous, complete},
        "UPDATE seal SET after_xid = after_xid - 1 WHERE nth = 2": {contiguous},
        "DELETE FROM seal_round WHERE nth = 2": {contiguous},
        "DELETE FROM entry WHERE seq = 2": {complete},
        "INSERT INTO entry SELECT account_id, earned_after, consumed_after, effective_at, posted_at,"
        " xid, ref, seq + 9000, amount, contra, bucket, unit, kind FROM entry WHERE seq = 1": {complete},
    }  # fmt: skip
    async with committing.snapshot() as tx:
        assert {each.breaches for each in await seal_checks.checks(tx)} == {0}
        assert all(each.rows for each in await seal_checks.checks(tx))
    with owner(fresh_urls), psycopg.connect(fresh_urls.owner) as connection:
        for statement, laws in planted.items():
            assert connection.execute(statement).rowcount
            found = await seal_checks.checks(Inside(connection))
            connection.rollback()
            assert {each.name for each in found if each.breaches} == laws, statement


async def test_every_column_is_tampered_with(tx):
    """The kinds above change each column of an entry, a seal, a round and a day."""
    for table, columns in (
        ("entry", COLUMNS),
        ("seal", SEALS),
        ("seal_round", ROUNDS),
        ("seal_day", DAYS),
    ):
        rows = await tx.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
            (table,),
        )
        assert {name async for (name,) in rows} == set(columns), table
