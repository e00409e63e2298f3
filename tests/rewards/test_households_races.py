"""Somebody moves in or out while somebody claims: one waits for the other. Commits are real."""

import asyncio
import random

import pytest

from app.problems import DomainError
from app.rewards import queue
from app.rewards.tables import Mode
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, claim, sound
from tests.rewards.family import citizens, move_in, move_out, together

ONE = [{"by": "household", "per": "always", "units": 1}]
TWO = [{"by": "household", "per": "always", "units": 2}]
WAITS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""
ALONE = """
SELECT coalesce(sum(used), 0)::int FROM offer_use
 WHERE kind = 20 AND subject = %s AND offer_id = %s
"""
AS_ONE = "SELECT household IS NOT NULL FROM redemption WHERE id = %s"
TOGETHER = """
SELECT coalesce(sum(u.used), 0)::int FROM offer_use u
 WHERE u.kind = 20 AND u.offer_id = %s AND (u.subject IN (SELECT id FROM household WHERE members > 0)
    OR u.subject IN (SELECT account_id FROM household_member WHERE left_at IS NULL))
"""


async def number(tx, statement, *values):
    """What one number is, as this transaction sees it."""
    return (await (await tx.execute(statement, values)).fetchone())[0]


async def one_after_the_other(database, first, second):
    """The first act is done but not committed when the second begins; it has to wait for it.

    Returns what the second answers: the code of its refusal, or "done".
    """
    async with database.writing() as tx:
        await first(tx)
        behind = asyncio.create_task(attempt(database, second))
        for _ in range(1_000):
            # Anew each time: a transaction sees only the connections of its first look.
            async with database.reading() as reader:
                waits = await number(reader, WAITS)
            if waits or behind.done():
                break
            await asyncio.sleep(0.005)
        assert not behind.done(), f"it did not wait: {behind.result()}"
    return await behind


async def attempt(database, act):
    """One transaction; a refusal's code is its answer."""
    try:
        async with database.writing() as tx:
            await act(tx)
    except DomainError as error:
        return error.code()
    return "done"


@pytest.fixture
async def home(committing):
    """Anna's household and its code, Boris who lives alone, and an offer of one to a household."""
    async with committing.writing() as tx:
        anna, boris = await citizens(tx, 2)
        code = await together(tx, [anna])
        offer = await make.offer(tx, per_citizen=9, stock=99, limits=ONE)
    return committing, anna, boris, code, offer


async def test_who_is_moving_in_claims_as_one_of_the_household(home):
    """Anna's household is used up; Boris, whose joining is not committed yet, waits and has none."""
    database, anna, boris, code, offer = home
    assert await attempt(database, lambda tx: claim(tx, anna, offer)) == "done"
    answer = await one_after_the_other(
        database, lambda tx: move_in(tx, boris, code), lambda tx: claim(tx, boris, offer)
    )
    assert answer == "limit-reached"


async def test_who_is_claiming_moves_in_with_what_was_claimed(home):
    """Boris joins while his claim is under way: he waits, and Anna finds the limit used up."""
    database, anna, boris, code, offer = home
    answer = await one_after_the_other(
        database, lambda tx: claim(tx, boris, offer), lambda tx: move_in(tx, boris, code)
    )
    assert answer == "done"
    assert await attempt(database, lambda tx: claim(tx, anna, offer)) == "limit-reached"


async def test_a_claim_waits_for_whoever_is_moving_in(home):
    """Boris has had his unit; Anna, who claims while he joins, waits and has none."""
    database, anna, boris, code, offer = home
    assert await attempt(database, lambda tx: claim(tx, boris, offer)) == "done"
    answer = await one_after_the_other(
        database, lambda tx: move_in(tx, boris, code), lambda tx: claim(tx, anna, offer)
    )
    assert answer == "limit-reached"


async def test_whoever_moves_in_waits_for_a_claim(home):
    """Anna's claim is under way when Boris joins: he waits, and has none."""
    database, anna, boris, code, offer = home
    answer = await one_after_the_other(
        database, lambda tx: claim(tx, anna, offer), lambda tx: move_in(tx, boris, code)
    )
    assert answer == "done"
    assert await attempt(database, lambda tx: claim(tx, boris, offer)) == "limit-reached"


async def test_who_moves_out_takes_along_what_was_claimed_alone(home):
    """Boris, who had his unit before, is leaving when Anna claims: she waits, and has one."""
    database, anna, boris, code, offer = home
    for act in (lambda tx: claim(tx, boris, offer), lambda tx: move_in(tx, boris, code)):
        assert await attempt(database, act) == "done"
    assert await attempt(database, lambda tx: claim(tx, anna, offer)) == "limit-reached"
    answer = await one_after_the_other(
        database, lambda tx: move_out(tx, boris), lambda tx: claim(tx, anna, offer)
    )
    assert answer == "done"
    assert await attempt(database, lambda tx: claim(tx, boris, offer)) == "limit-reached"


async def test_a_ticket_waits_as_a_claim_does(home):
    """A place in a line counts against the household that its owner is moving into."""
    database, anna, boris, code, _ = home
    async with database.writing() as tx:
        offer = await make.offer(tx, mode=Mode.queue, per_citizen=1, limits=ONE)

    def stand(account_id):
        return lambda tx: queue.take_ticket(
            tx, account_id=account_id, offer_id=offer.id, coupon_key=KEY, now=NOON
        )

    assert await attempt(database, stand(anna)) == "done"
    answer = await one_after_the_other(database, lambda tx: move_in(tx, boris, code), stand(boris))
    assert answer == "limit-reached"


async def test_an_offer_that_counts_no_households_waits_for_nobody(home):
    """The locks are taken where a household's limit is, and nowhere else."""
    database, _, boris, code, _ = home
    async with database.writing() as tx:
        offer = await make.offer(tx, per_citizen=9)
    async with database.writing() as tx:
        await move_in(tx, boris, code)
        assert await attempt(database, lambda tx: claim(tx, boris, offer)) == "done"


async def test_comings_goings_and_claims_all_at_once(committing):
    """Seven move in, out and in, and eight claim, in any order: no deadlock, no unit too many.

    Under its own locks each claim sees a household that has, with it, what it may have; and what
    somebody had alone when they moved in is all that they ever had alone.
    """
    async with committing.writing() as tx:
        family = await citizens(tx, 8)
        offers = [await make.offer(tx, per_citizen=9, stock=900, limits=TWO) for _ in range(5)]
        code = await together(tx, family[:1])
    alone, chance = {}, random.Random(7)

    async def moving(account_id):
        for act in (move_in, move_out, move_in):
            await asyncio.sleep(chance.random() / 10)
            async with committing.writing() as tx:
                await act(*((tx, account_id, code) if act is move_in else (tx, account_id)))
                found = [await number(tx, ALONE, account_id, each.id) for each in offers]
                await asyncio.sleep(chance.random() / 100)
            assert alone.setdefault(account_id, found) == found

    async def claiming(account_id, offer):
        async def act(tx):
            made = await claim(tx, account_id, offer)
            if await number(tx, AS_ONE, made.redemption_id):
                assert await number(tx, TOGETHER, offer.id) <= 2
            await asyncio.sleep(chance.random() / 100)  # others wait, with what they have read

        await asyncio.sleep(chance.random() / 10)
        return await attempt(committing, act)

    acts = [moving(each) for each in family[1:]]
    acts += [claiming(each, offer) for each in family * 2 for offer in offers]
    answers = await asyncio.gather(*acts)
    assert set(answers) == {None, "done", "limit-reached"}
    async with committing.snapshot() as tx:
        for account_id, found in alone.items():
            assert [await number(tx, ALONE, account_id, each.id) for each in offers] == found
        await sound(tx)
