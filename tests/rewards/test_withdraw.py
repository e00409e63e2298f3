"""An offer is taken back: whoever holds an unused coupon is made whole, without asking."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from procrastinate.testing import InMemoryConnector

from app.database import Database
from app.ids import bucket_of
from app.ledger import balances
from app.notices.deliver import ConsoleChannel
from app.problems import DomainError
from app.rewards import (
    claims,
    offers_jobs,
    release,
    withdraw_run,
    withdraw_tell,
)
from app.rewards.cancel import cancel
from app.rewards.errors import OfferNotFound
from app.rewards.offers_errors import OfferWithdrawn
from app.rewards.withdraw import withdraw
from app.worker import jobs_on
from tests import make
from tests.make import NOON
from tests.rewards.counter import claim, code, sound, till

WAITING = """
SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
"""
"""Whether somebody waits for a lock of ours."""


async def take_back(tx, offer, **changes):
    """The merchant takes its offer back."""
    said = {
        "merchant_id": offer.merchant.id,
        "actor": f"merchant:{offer.merchant.id}",
        "reason_zh": "停业",
        "reason_en": "Closed",
        "now": NOON,
    }
    await withdraw(tx, offer_id=offer.id, **said | changes)


def clock():
    """Noon."""
    return NOON


async def test_holders_are_made_whole_and_spent_ones_stay(committing):
    """Points, uses and units return, citizens are told, and what the merchant has earned stays."""
    async with committing.writing() as tx:
        anna, boris = await make.rich(tx, 300), await make.rich(tx, 300)
        offer = await make.offer(tx)
        spent = await claim(tx, anna, offer)
        await till(tx, offer, code(anna, spent.redemption_id))
        held = await claim(tx, anna, offer)
        await claim(tx, boris, offer)
    async with committing.writing() as tx:
        await take_back(tx, offer)
    assert await withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock) == 2
    assert await withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock) == 0

    async with committing.snapshot() as tx:
        a = await balances.balance(tx, account_id=anna)
        b = await balances.balance(tx, account_id=boris)
        assert (a.available, a.held, a.consumed, b.available) == (200, 0, 100, 300)
        seen = await claims.claim(tx, account_id=anna, redemption_id=held.redemption_id, now=NOON)
        assert seen.state.name == "void"
        done = await withdraw_run.progress(tx, offer_id=offer.id)
        assert (done.released, done.points, done.finished_at) == (2, 200, NOON)
        told = await tx.execute("SELECT account_id, facts FROM outbox WHERE template = %s", (
            withdraw_tell.TEMPLATE,))  # fmt: skip
        assert {row[0]: row[1]["points"] for row in await told.fetchall()} == {
            anna: 100,
            boris: 100,
        }
        acts = await tx.execute(
            "SELECT count(*) FROM audit_record WHERE action = 'rewards.withdraw'"
        )
        assert (await acts.fetchone())[0] == 1
        await sound(tx)


async def test_who_may_not_take_it_back(database):
    """Another merchant's offer does not exist; a withdrawn one is not withdrawn again."""
    async with database.writing() as tx:
        offer, other = await make.offer(tx), await make.offer(tx)
        with pytest.raises(OfferNotFound):
            await take_back(tx, offer, merchant_id=other.merchant.id)
        await take_back(tx, offer)
        with pytest.raises(OfferWithdrawn):
            await take_back(tx, offer)
    with pytest.raises(OfferNotFound):
        async with database.writing() as tx:
            await claim(tx, await make.rich(tx), offer)


async def test_claims_race_the_withdrawal(committing):
    """Who was first is made whole, who was later is refused; nobody keeps points in the air."""
    async with committing.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(20)]
        offer = await make.offer(tx, stock=100)

    async def asking(account_id):
        try:
            async with committing.writing() as tx:
                await claim(tx, account_id, offer)
        except DomainError as error:
            return error.code()
        return "held"

    async def taking():
        async with committing.writing() as tx:
            await take_back(tx, offer)
        return "taken"

    answers = await asyncio.gather(
        *(asking(each) for each in people[:10]), taking(), *(asking(each) for each in people[10:])
    )
    made_whole = await withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock)

    found = Counter(answers)
    assert set(found) <= {"held", "offer-not-found", "taken"}
    assert made_whole == found["held"]
    async with committing.snapshot() as tx:
        for each in people:
            assert (await balances.balance(tx, account_id=each)).available == 100
        await sound(tx)


async def test_a_claim_that_waits_for_the_withdrawal_is_refused(committing):
    """It read the offer before, but its unit after: the closed stock tells it."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        offer = await make.offer(tx)

    async def asking():
        async with committing.writing() as tx:
            await claim(tx, anna, offer)

    async with committing.writing() as tx:
        await take_back(tx, offer)
        waiting = asyncio.create_task(asking())
        async with asyncio.timeout(60):
            while await (await tx.execute(WAITING)).fetchone() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not waiting.done()
    with pytest.raises(OfferNotFound):
        await waiting
    async with committing.snapshot() as tx:
        assert (await balances.balance(tx, account_id=anna)).available == 100


async def test_cancel_and_sweep_and_withdrawal_and_till_at_once(committing):
    """Each coupon is resolved once, whoever is first."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 5_000)
        offer = await make.offer(tx, per_citizen=50, stock=50)
        made = [(await claim(tx, anna, offer)).redemption_id for _ in range(20)]
        await take_back(tx, offer)
    late = NOON + timedelta(hours=24)

    async def attempt(act):
        try:
            async with committing.writing() as tx:
                await act(tx)
        except DomainError as error:
            return error.code()
        return "done"

    def cancelling(one):
        return attempt(lambda tx: cancel(tx, account_id=anna, redemption_id=one, now=NOON))

    def scanning(one):
        return attempt(lambda tx: till(tx, offer, code(anna, one), order_no=str(one)))

    def sweeping():
        return attempt(
            lambda tx: release.release_late(tx, bucket=bucket_of(anna), limit=3, now=late)
        )

    await asyncio.gather(
        *(cancelling(each) for each in made[:8]),
        *(scanning(each) for each in made[4:12]),
        *(sweeping() for _ in range(3)),
        *(withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock) for _ in range(2)),
    )
    async with committing.snapshot() as tx:
        rows = await tx.execute("SELECT state, count(*)::int FROM redemption GROUP BY 1")
        counts = dict(await rows.fetchall())
        assert sum(counts.values()) == 20
        assert 1 not in counts
        balance = await balances.balance(tx, account_id=anna)
        assert (balance.held, balance.consumed) == (0, 100 * counts.get(2, 0))
        await sound(tx)


async def test_a_job_that_was_killed_is_carried_on(committing):
    """The second half is done by whoever resumes; the first is not done again."""
    async with committing.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(6)]
        offer = await make.offer(tx)
        for each in people:
            await claim(tx, each, offer)
        await take_back(tx, offer)
    async with committing.writing() as tx:
        bucket = bucket_of(people[0])
        assert await withdraw_run.void_some(tx, offer_id=offer.id, bucket=bucket, limit=1, now=NOON)
    await offers_jobs.resume(committing, clock=clock)
    async with committing.snapshot() as tx:
        done = await withdraw_run.progress(tx, offer_id=offer.id)
        assert (done.released, done.points) == (6, 600)
        await sound(tx)


def test_a_worker_keeps_what_the_room_promises():
    """Every job that is promised here has a function in the worker, under the same name."""
    database = Database(None, None)
    jobs = jobs_on(InMemoryConnector(), database=database, channel=ConsoleChannel())
    assert {"make_whole", "import_codes", "resume_offers"} <= set(jobs.tasks)
    assert set(offers_jobs.promises(database, clock=clock)) == {"make_whole", "import_codes"}
