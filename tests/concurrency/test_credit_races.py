"""Every delivery runs at the same time as itself, on real commits: whole, and cut into lanes."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.catalogue import budgets_verify
from app.database import Database
from app.lanes import Lanes
from app.ledger import verify as ledger_verify
from app.reductions import verify as reductions_verify
from tests import city
from tests.city import MORNING, charge, metro, ride
from tests.reductions.one_lane import guard


@dataclass
class Town:
    """A committed city of twelve citizens; with lanes nobody may write in two places at once."""

    database: Database
    lanes: Lanes | None

    async def delivered(self, *records):
        """One delivery, in a transaction of its own or one for each lane."""
        if self.lanes is not None:
            done = await city.send_in_lanes(self.database, *records, lanes=self.lanes)
            return done.outcomes
        async with self.database.writing() as tx:
            return (await city.send(tx, *records)).outcomes

    async def broken(self):
        """Names of the laws that do not hold; lanes leave nothing behind."""
        async with self.database.snapshot() as tx:
            found = await ledger_verify.checks(tx)
            found += await reductions_verify.checks(tx, versions=await city.versions(tx))
            found += await budgets_verify.checks(tx)
            left = await (await tx.execute(
                "SELECT (SELECT count(*) FROM lane_delivery), (SELECT count(*) FROM cap_lane),"
                " (SELECT count(*) FROM natural_key_lane WHERE releasing)"
            )).fetchone()  # fmt: skip
        assert left == (0, 0, 0)
        return [check.name for check in found if check.breaches]


@pytest.fixture(params=[0, 16, 1024], ids=lambda n: f"{n} lanes" if n else "whole")
async def town(request, committing, fresh_urls):
    """Twelve citizens, and how their batches are cut."""
    async with committing.writing() as tx:
        await city.programme(tx)
        for n in range(12):
            await city.citizen(tx, f"p{n}")
    if request.param == 0:
        return Town(committing, None)
    guard(fresh_urls.owner, n=request.param)
    return Town(committing, Lanes.modulo(request.param))


async def test_one_batch_from_eight_workers_is_credited_once(town):
    """Eight deliveries of the same records in different orders: each record once, no deadlock."""
    records = [
        ride(f"r{n}-{hour}", subject=f"card-p{n}", start=MORNING + timedelta(hours=hour))
        for n in range(12)
        for hour in range(2)
    ]
    shuffled = [random.Random(seed).sample(records, len(records)) for seed in range(8)]

    answers = await asyncio.gather(*(town.delivered(*batch) for batch in shuffled))

    by_ref = Counter(
        each.ref for outcomes in answers for each in outcomes if each.verdict == "credited"
    )
    assert by_ref == Counter({record["ref"]: 1 for record in records})
    assert await town.broken() == []


async def test_overlapping_acts_race_for_one_citizen(town):
    """Of ten different acts of one person at one time, exactly one is credited."""
    acts = [
        ride(f"r{n}", subject="card-p0", start=MORNING + timedelta(minutes=n)) for n in range(5)
    ]
    acts += [
        metro(f"m{n}", subject="card-p0", start=MORNING + timedelta(minutes=n)) for n in range(5)
    ]

    answers = await asyncio.gather(*(town.delivered(act) for act in acts))

    verdicts = Counter((each[0].verdict, each[0].reason) for each in answers)
    assert verdicts == {("credited", None): 1, ("rejected", "overlap"): 9}
    assert await town.broken() == []


async def test_two_citizens_race_for_one_vehicle(town):
    """Of six holders who report one car's charge at one time, exactly one is credited."""
    charges = [charge(f"c{n}", subject=f"card-p{n}", vehicle_id="SU-L-12345") for n in range(6)]

    answers = await asyncio.gather(*(town.delivered(each) for each in charges))

    verdicts = Counter((each[0].verdict, each[0].reason) for each in answers)
    assert verdicts == {("credited", None): 1, ("rejected", "overlap"): 5}
    assert await town.broken() == []


async def test_two_batches_meet_at_the_same_vehicles_in_opposite_order(town):
    """However two batches cross at six cars, no car is charged twice at once and nothing hangs."""
    forward = [charge(f"f{n}", subject=f"card-p{n}", vehicle_id=f"car-{n}") for n in range(6)]
    backward = [
        charge(f"b{n}", subject=f"card-p{11 - n}", vehicle_id=f"car-{n}")
        for n in reversed(range(6))
    ]

    answers = await asyncio.gather(town.delivered(*forward), town.delivered(*backward))

    verdicts = Counter((each.verdict, each.reason) for outcomes in answers for each in outcomes)
    assert verdicts == {("credited", None): 6, ("rejected", "overlap"): 6}
    assert await town.broken() == []


async def test_one_ref_races_under_two_cards(town):
    """A provider's number reported for six people at once is credited to one."""
    answers = await asyncio.gather(
        *(town.delivered(ride("same", subject=f"card-p{n}")) for n in range(6))
    )

    assert Counter(each[0].verdict for each in answers) == {"credited": 1, "duplicate": 5}
    assert await town.broken() == []


async def test_a_daily_cap_holds_under_a_race(town):
    """Of twelve metro rides sent at once, six are credited: the cap is not a suggestion."""
    rides = [
        metro(f"m{n}", subject="card-p1", start=MORNING + timedelta(minutes=40 * n))
        for n in range(12)
    ]

    answers = await asyncio.gather(*(town.delivered(each) for each in rides))

    reasons = Counter(each[0].reason for each in answers)
    assert reasons == {None: 6, "rides_per_day": 6}
    assert await town.broken() == []


async def test_new_citizens_meet_in_two_batches(town):
    """Two first deliveries for the same people, in opposite order, make one balance each."""
    forward = [ride(f"a{n}", subject=f"card-p{n}") for n in range(12)]
    backward = [
        metro(f"b{n}", subject=f"card-p{n}", start=MORNING + timedelta(hours=3))
        for n in reversed(range(12))
    ]

    answers = await asyncio.gather(
        town.delivered(*forward), town.delivered(*backward), town.delivered(*forward)
    )

    assert Counter(each.verdict for outcomes in answers for each in outcomes) == {
        "credited": 24,
        "duplicate": 12,
    }
    assert await town.broken() == []
