"""Closing runs while tills sell, and beside itself. Commits are real."""

import asyncio
from datetime import timedelta

import psycopg

from app.settlement import close, days, regenerate, verify
from tests.cli.commands import environment, run
from tests.settlement.books import DAY, NIGHT, refunded, sell, stall
from tests.settlement.books import close as close_day

BEFORE_MIDNIGHT = NIGHT - timedelta(minutes=25)


async def lines(database):
    """Every line: merchant, kind, number, day."""
    async with database.reading() as tx:
        rows = await tx.execute("SELECT merchant_id, kind, number, day FROM settlement_line")
        return await rows.fetchall()


async def test_a_sale_that_is_committed_after_the_close_is_in_the_next_file(committing):
    """Its time says yesterday, but nobody could see it: it stands in one file, the later one."""
    async with committing.writing() as tx:
        ours = await stall(tx)
        await sell(tx, ours, "A-1")
    async with committing.writing() as slow:
        await sell(slow, ours, "SLOW", now=BEFORE_MIDNIGHT)
        assert await close_day(committing) == [DAY]
    assert [(number, day) for *_, number, day in await lines(committing)] == [("A-1", DAY)]
    assert len(await close_day(committing, now=NIGHT + timedelta(days=1))) == 1
    assert sorted((number, str(day)) for *_, number, day in await lines(committing)) == [
        ("A-1", "2026-03-01"),
        ("SLOW", "2026-03-02"),
    ]
    async with committing.snapshot() as tx:
        assert [each.breaches for each in await verify.checks(tx)] == [0] * 12


async def test_every_sale_lands_in_exactly_one_file_while_days_are_closed(committing):
    """Forty tills sell at the day's end while three workers close; none is lost, none is twice."""
    async with committing.writing() as tx:
        stalls = [await stall(tx) for _ in range(4)]

    async def selling(n):
        await asyncio.sleep(n % 7 / 100)
        async with committing.writing() as tx:
            await sell(tx, stalls[n % 4], f"A-{n}", now=BEFORE_MIDNIGHT + timedelta(seconds=n))
            await asyncio.sleep(n % 5 / 100)

    async def closing():
        await asyncio.sleep(5 / 100)
        return await close_day(committing, limit=1)

    async with committing.writing() as tx:
        await sell(tx, stalls[0], "FIRST")
    *_, first, second, third = await asyncio.gather(
        *(selling(n) for n in range(40)), closing(), closing(), closing()
    )
    assert {*first, *second, *third} == {DAY}
    await close_day(committing, now=NIGHT + timedelta(days=1))
    numbers = sorted(number for _, _, number, _ in await lines(committing))
    assert numbers == sorted(["FIRST", *(f"A-{n}" for n in range(40))])
    async with committing.snapshot() as tx:
        assert [each.breaches for each in await verify.checks(tx)] == [0] * 12


async def test_two_workers_at_one_step_do_not_do_it_twice(committing):
    """The second waits for the day's row and finds the merchants done."""
    async with committing.writing() as tx:
        ours = await stall(tx)
        await sell(tx, ours, "A-1")
    async with committing.reading() as tx:
        window = await days.following(tx)

    async def step():
        async with committing.writing() as tx:
            return await close.close_some(tx, window=window, limit=10, now=NIGHT)

    both = await asyncio.gather(step(), step())
    assert [each.closed_at for each in both] == [NIGHT, NIGHT]
    assert len(await lines(committing)) == 1


async def test_another_process_makes_the_same_bytes(committing, fresh_urls, servers, tmp_path):
    """`puhui settle --check` in a process of its own agrees, and ends with 1 on a changed split."""
    async with committing.writing() as tx:
        ours = await stall(tx)
        await sell(tx, ours, "A-1")
        await sell(tx, ours, "A-2")
    await close_day(committing)
    async with committing.writing() as tx:
        await refunded(tx, ours, "A-1", "R-1", 40, now=NIGHT)
    env = environment(tmp_path, fresh_urls, servers)
    done = await asyncio.to_thread(run, "settle", "--check", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 settlements, 0 differ" in done.stdout
    with psycopg.connect(fresh_urls.owner) as owner:
        owner.execute("UPDATE offer_funding SET fen = fen + 1 WHERE kind = 1")
    done = await asyncio.to_thread(run, "settle", "--check", "--day", str(DAY), env=env)
    assert (done.returncode, "1 settlements, 1 differ" in done.stdout) == (1, True)
    async with committing.reading() as tx:
        assert len((await regenerate.compare(tx)).differing) == 1


async def test_the_command_closes_what_is_over(committing, fresh_urls, servers, tmp_path):
    """Without a day everything due; with one, up to it; a day that is not over is refused."""
    async with committing.writing() as tx:
        await sell(tx, await stall(tx), "A-1")
    env = environment(tmp_path, fresh_urls, servers)
    done = await asyncio.to_thread(run, "settle", "--day", "2026-03-02", env=env)
    assert (done.returncode, "2026-03-01, 2026-03-02" in done.stdout) == (0, True)
    refused = await asyncio.to_thread(run, "settle", "--day", "2999-01-01", env=env)
    assert (refused.returncode, "营业日" in refused.stderr) == (1, True)
