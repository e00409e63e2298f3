"""Nothing slips under the watermark: late commits, undone work, two workers, moved databases."""

import asyncio

import psycopg
import pytest

from app import migrations
from app.ledger import follow
from app.ledger.errors import LedgerMoved
from tests import make
from tests.ledger.histories import calm, gain, roll

FAR = 10**12
"""More transactions than a fresh cluster will see in this test."""


async def refs_in(tx, found):
    """The refs of a window's entries."""
    rows = await tx.execute(
        "SELECT ref FROM entry WHERE xid > %s AND xid <= %s", (found.after_xid, found.upto_xid)
    )
    return {ref async for (ref,) in rows}


async def take(database, *, consumer="test", limit=1_000):
    """One step of a consumer: the refs it saw, or None."""
    await calm(database)
    async with database.writing() as tx:
        found = await follow.window(tx, consumer=consumer, limit=limit)
        if found is None:
            return None
        seen = await refs_in(tx, found)
        await follow.advance(tx, consumer=consumer, upto_xid=found.upto_xid)
        return seen


async def test_what_began_first_and_commits_last_is_not_skipped(committing):
    """A slow transaction holds the watermark; a rule of `id > max` would lose its entry."""
    naive_seen, naive_max = set(), 0

    async def naive():
        nonlocal naive_max
        async with committing.reading() as tx:
            rows = await tx.execute("SELECT xid, ref FROM entry WHERE xid > %s", (naive_max,))
            found = await rows.fetchall()
        naive_seen.update(ref for _, ref in found)
        naive_max = max([naive_max, *(xid for xid, _ in found)])

    async with committing.writing() as slow:
        early = await gain(slow, make.account(), 5)
        async with committing.writing() as quick:
            late = await gain(quick, make.account(), 5)
        await naive()
        assert await take(committing) is None, "the slow one may still book below the quick one"
    await naive()

    assert naive_seen == {late}, "the planted rule has lost a row for ever"
    assert await take(committing) == {early, late}
    assert await take(committing) is None


async def test_undone_transactions_leave_no_gap_and_no_ghost(committing):
    """What was rolled back is passed over; what committed around it is there once."""
    async with committing.writing() as tx:
        first = await gain(tx, make.account(), 5)
    with pytest.raises(RuntimeError):
        async with committing.writing() as tx:
            await gain(tx, make.account(), 5)
            raise RuntimeError
    async with committing.writing() as tx:
        second = await gain(tx, make.account(), 5)

    assert await take(committing) == {first, second}


async def test_a_second_worker_is_answered_at_once(committing):
    """While one holds the cursor another gets None; other consumers are not concerned."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 5)
    assert await take(committing, consumer="other", limit=1) is not None

    async with committing.writing() as mine:
        assert await follow.window(mine, consumer="test", limit=10) is not None
        async with committing.writing() as yours:
            assert await follow.window(yours, consumer="other", limit=10) is None
    async with committing.writing() as mine:
        found = await follow.window(mine, consumer="test", limit=10)
        async with asyncio.timeout(8), committing.writing() as yours:
            assert await follow.window(yours, consumer="test", limit=10) is None
        assert found is not None


async def test_what_a_consumer_does_and_its_cursor_stand_or_fall_together(committing):
    """A step that raises is repeated with the same window."""
    async with committing.writing() as tx:
        ref = await gain(tx, make.account(), 5)
    with pytest.raises(RuntimeError):
        async with committing.writing() as tx:
            found = await follow.window(tx, consumer="test", limit=10)
            await follow.advance(tx, consumer="test", upto_xid=found.upto_xid)
            raise RuntimeError
    assert await take(committing) == {ref}


async def test_a_window_ends_between_transactions(committing):
    """About as many entries as asked for, and never half of a transaction."""
    booked = []
    for size in (3, 3, 9, 1, 1):
        async with committing.writing() as tx:
            booked.append({await gain(tx, make.account(), 5) for _ in range(size)})

    steps = []
    while (seen := await take(committing, limit=5)) is not None:
        steps.append(seen)

    assert [len(each) for each in steps] == [3, 3, 9, 2]
    assert set.union(*steps) == set.union(*booked)


async def test_a_consumer_may_begin_with_what_is_to_come(committing):
    """Whoever announces points does not announce those of the years before it was built."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 5)
    async with committing.writing() as tx:
        assert await follow.window(tx, consumer="new", limit=9, from_start=False) is None
    async with committing.writing() as tx:
        ref = await gain(tx, make.account(), 5)
    assert await take(committing, consumer="new") == {ref}


async def test_earned_points_are_summed_up_by_account(committing):
    """Per account and unit, all earnings of a window and nothing else."""
    anna, boris = make.account(), make.account()
    async with committing.writing() as tx:
        for who, points in ((anna, 5), (boris, 7), (anna, 6)):
            await gain(tx, who, points)
        await make.points(tx, anna, 1)
    async with committing.writing() as tx:
        found = await follow.window(tx, consumer="test", limit=10)
        told = await follow.earned(tx, after_xid=found.after_xid, upto_xid=found.upto_xid)
    assert sorted(told) == sorted([(anna, 1, 12, 3), (boris, 1, 7, 1)])


async def test_many_writers_and_two_followers_lose_nothing(committing):
    """Entries of overlapping transactions arrive in one consumer exactly once."""
    booked, seen = set(), []

    async def write(n):
        async with committing.writing() as tx:
            ref = await gain(tx, make.account(), 5)
            await asyncio.sleep(0.001 * (n % 7))
        booked.add(ref)

    async def read(stop):
        while True:
            done = stop.is_set()
            found = await take(committing, limit=4)
            if found is not None:
                seen.extend(found)
            elif done:
                return
            await asyncio.sleep(0)

    stop = asyncio.Event()
    readers = [asyncio.create_task(read(stop)) for _ in range(2)]
    await asyncio.gather(*(write(n) for n in range(60)))
    stop.set()
    await asyncio.gather(*readers)
    while (rest := await take(committing)) is not None:
        seen.extend(rest)

    assert len(seen) == len(set(seen))
    assert set(seen) == booked


async def test_a_moved_database_stands_still_until_it_has_a_new_epoch(committing, fresh_urls):
    """Restored elsewhere, new transactions have low numbers: refused, then raised above all."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 5)
    await roll(committing)
    assert await take(committing) is not None
    with psycopg.connect(fresh_urls.owner, autocommit=True) as owner:
        # As after a restore: what is stored was counted by another cluster, and far higher.
        owner.execute("ALTER TABLE entry DISABLE TRIGGER USER")
        owner.execute("ALTER TABLE ledger_epoch DISABLE TRIGGER USER")
        owner.execute("UPDATE entry SET xid = xid + %s", (FAR,))
        owner.execute("UPDATE ledger_cursor SET xid = xid + %s", (FAR,))
        owner.execute("UPDATE ledger_epoch SET cluster = cluster + 1")

    with pytest.raises(LedgerMoved):
        await take(committing)

    migrations.migrate(fresh_urls.owner)
    migrations.migrate(fresh_urls.owner)
    async with committing.writing() as tx:
        ref = await gain(tx, make.account(), 5)
    assert await take(committing) == {ref}
    assert await roll(committing) == 1
    async with committing.reading() as tx:
        rows = await tx.execute("SELECT epoch FROM ledger_epoch ORDER BY 1")
        assert await rows.fetchall() == [(0,), (1,)]


async def test_an_epoch_can_be_opened_by_hand(committing, fresh_urls):
    """`SELECT open_ledger_epoch()`: followers go on without losing or repeating an entry."""
    async with committing.writing() as tx:
        before = await gain(tx, make.account(), 5)
    with psycopg.connect(fresh_urls.owner, autocommit=True) as owner:
        owner.execute("SELECT open_ledger_epoch()")
    async with committing.writing() as tx:
        after = await gain(tx, make.account(), 5)
    assert await take(committing) == {before, after}
    assert await take(committing) is None


async def test_lag_is_told(committing):
    """How far each consumer is behind, and how many transactions the oldest open one holds back."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 5)
    await take(committing)
    async with committing.writing() as slow:
        await gain(slow, make.account(), 5)
        for _ in range(3):
            async with committing.writing() as tx:
                await gain(tx, make.account(), 5)
        async with committing.reading() as tx:
            [lag] = [each for each in await follow.lags(tx) if each.consumer == "test"]
    assert lag.open_xids >= 4


def test_a_narrow_window_reads_few_blocks(fresh_urls):
    """On a long book, a window is found by the block range index, not by reading everything."""
    with psycopg.connect(fresh_urls.owner, autocommit=True) as owner:
        owner.execute(_LONG_BOOK)
        owner.execute("VACUUM ANALYZE entry")
        window = {"after": 150_000, "upto": 150_064}
        plan = owner.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {follow._PROBE}", window)
        top = plan.fetchone()[0][0]["Plan"]
        pages = owner.execute("SELECT sum(pg_relation_size(inhrelid)) / 8192 FROM pg_inherits"
                              " WHERE inhparent = 'entry'::regclass").fetchone()[0]  # fmt: skip
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < pages / 20


_LONG_BOOK = """
INSERT INTO entry (account_id, earned_after, consumed_after, effective_at, posted_at, xid, ref, seq,
                   amount, contra, bucket, unit, kind)
SELECT 1024 + n % 1024, n, 0, now(), now(), n, gen_random_uuid(), n, 1, 1, n % 1024, 1, 1
  FROM generate_series(1, 300000) AS n
"""
