"""Withdrawal stops intake at once, whichever way a batch comes in."""

import asyncio
from datetime import timedelta

import pytest

from app.intake import providers
from app.lanes import Lanes
from app.people import consents
from tests import city
from tests.city import NOON
from tests.rights.leaving import value


@pytest.mark.parametrize("lanes", [None, Lanes.modulo(4)], ids=["whole", "lanes"])
async def test_nothing_received_after_a_withdrawal_is_credited(committing, lanes):
    """While batches stream in, consent ends: whatever is sent after the answer is refused."""
    async with committing.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx, "anna")
        bikes = (await providers.by_code(tx, code="bikes")).id
    under_way, over = asyncio.Event(), asyncio.Event()
    said: list[tuple[bool, str, str | None]] = []

    async def stream(n):
        for step in range(6):
            after = over.is_set()
            at = city.MORNING - timedelta(hours=n * 6 + step)
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

    await asyncio.gather(withdraw(), *(stream(n) for n in range(3)))

    late = {(verdict, reason) for after, verdict, reason in said if after}
    assert late == {("rejected", "no_consent")}
    credited = sum(verdict == "credited" for _, verdict, _ in said)
    assert 0 < credited < len(said)
    assert await value(committing, "SELECT count(*) FROM reduction") == credited


async def test_other_scenarios_go_on(database):
    """Only what was taken back is refused; agreeing again opens it again."""
    async with database.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx, "anna")
        bikes = (await providers.by_code(tx, code="bikes")).id
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
