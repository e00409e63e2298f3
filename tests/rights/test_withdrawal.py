"""Withdrawal stops intake at once, whichever way a batch comes in."""

import asyncio
from datetime import timedelta

import pytest

from app.intake import providers
from app.lanes import Lanes
from app.ledger.locking import lock_accounts
from app.people import consents
from tests import city
from tests.city import NOON
from tests.rights.leaving import value


async def founded(tx):
    """A city with one citizen, and the number of the provider she agrees to."""
    await city.programme(tx)
    return await city.citizen(tx, "anna"), (await providers.by_code(tx, code="bikes")).id


@pytest.mark.parametrize("lanes", [None, Lanes.modulo(4)], ids=["whole", "lanes"])
async def test_nothing_received_after_a_withdrawal_is_credited(committing, lanes):
    """While batches stream in, consent ends: whatever is sent after the answer is refused."""
    async with committing.writing() as tx:
        anna, bikes = await founded(tx)
    under_way, over = asyncio.Event(), asyncio.Event()
    said: list[tuple[bool, str, str | None]] = []

    async def stream(n):
        for step in range(7):
            if step == 6:
                await over.wait()  # however slow the withdrawal is, something is sent after it
            after = over.is_set()
            at = city.MORNING - timedelta(hours=n * 7 + step)
            delivery = await city.send_in_lanes(
                committing, city.ride(f"r-{n}-{step}", start=at), lanes=lanes
            )
            [outcome] = delivery.outcomes
            said.append((after, outcome.verdict.value, outcome.reason))
            if len(said) == 5:
                under_way.set()

    async def withdraw():
        await under_way.wait()
        async with committing.writing() as tx:
            await consents.withdraw(
                tx, account_id=anna.account_id, provider_id=bikes, scenario="bike_ride", now=NOON
            )
        over.set()

    async with asyncio.timeout(300):
        await asyncio.gather(withdraw(), *(stream(n) for n in range(3)))

    late = {(verdict, reason) for after, verdict, reason in said if after}
    assert late == {("rejected", "no_consent")}
    credited = sum(verdict == "credited" for _, verdict, _ in said)
    assert 0 < credited < len(said)
    assert await value(committing, "SELECT count(*) FROM reduction") == credited


async def test_a_batch_under_way_ends_before_the_answer_or_credits_nothing(committing):
    """One batch holds the citizen, another one waits behind a withdrawal: credited, and refused."""
    async with committing.writing() as tx:
        anna, bikes = await founded(tx)
        # With a balance to wait for, whoever comes first is served first.
        await city.one(tx, city.ride("r-0", start=city.MORNING - timedelta(hours=6)))
    held, go, order = asyncio.Event(), asyncio.Event(), []

    async def first():
        async with committing.writing() as tx:
            outcome = await city.one(tx, city.ride("r-1"))
            held.set()
            await go.wait()
        order.append(("first", outcome.verdict.value, outcome.reason))

    async def withdraw():
        async with committing.writing() as tx:
            await consents.withdraw(
                tx, account_id=anna.account_id, provider_id=bikes, scenario=None, now=NOON
            )
            await lock_accounts(tx, account_ids=[anna.account_id])
        order.append(("withdrawn",))

    async def second():
        async with committing.writing() as tx:
            late = city.ride("r-2", start=city.MORNING - timedelta(hours=3))
            outcome = await city.one(tx, late)
        order.append(("second", outcome.verdict.value, outcome.reason))

    running = [asyncio.create_task(first())]
    await held.wait()
    running.append(asyncio.create_task(withdraw()))
    await waiting(committing, 1)
    running.append(asyncio.create_task(second()))  # it finds the consent, and waits for Anna
    await waiting(committing, 2)
    go.set()
    await asyncio.gather(*running)

    assert order[0] == ("first", "credited", None)
    assert set(order[1:]) == {("withdrawn",), ("second", "rejected", "no_consent")}
    assert await value(committing, "SELECT count(*) FROM reduction") == 2


@pytest.mark.parametrize("lanes", [None, Lanes.modulo(4)], ids=["whole", "lanes"])
async def test_what_waited_behind_a_withdrawal_finds_no_consent(committing, lanes):
    """A batch that found the consent, and then waited while it ended, credits nothing."""
    async with committing.writing() as tx:
        anna, bikes = await founded(tx)
        await city.one(tx, city.ride("r-0", start=city.MORNING - timedelta(hours=6)))
    async with committing.writing() as tx:
        await consents.withdraw(
            tx, account_id=anna.account_id, provider_id=bikes, scenario=None, now=NOON
        )
        await lock_accounts(tx, account_ids=[anna.account_id])
        late = asyncio.create_task(city.send_in_lanes(committing, city.ride("r-1"), lanes=lanes))
        await waiting(committing, 1)
    [outcome] = (await late).outcomes

    assert (outcome.verdict, outcome.reason) == ("rejected", "no_consent")
    assert await value(committing, "SELECT count(*) FROM reduction") == 1


async def waiting(database, people):
    """Until so many transactions wait for a lock."""
    sql = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
    async with asyncio.timeout(60):
        while await value(database, sql) < people:  # noqa: ASYNC110 -- PostgreSQL has no event
            await asyncio.sleep(0)


async def test_other_scenarios_go_on(database):
    """Only what was taken back is refused; agreeing again opens it again."""
    async with database.writing() as tx:
        anna, bikes = await founded(tx)
        await consents.withdraw(
            tx, account_id=anna.account_id, provider_id=bikes, scenario="bike_ride", now=NOON
        )
        late = timedelta(hours=2)
        refused = await city.one(tx, city.ride("r-1"))
        metro = await city.one(tx, city.metro("m-1", start=city.MORNING + late))
        assert (refused.reason, metro.verdict) == ("no_consent", "credited")
        await consents.agree(
            tx,
            account_id=anna.account_id,
            provider_id=bikes,
            scenarios=["bike_ride"],
            notice_version=1,
            now=NOON + late,
        )
        assert (await city.one(tx, city.ride("r-1"))).verdict == "credited"
