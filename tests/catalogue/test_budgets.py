"""A month's points taper, stop, and are never overdrawn; grams go on."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest

from app.catalogue import budgets_draw, budgets_read, budgets_set, budgets_verify
from app.catalogue.budgets import Want
from app.catalogue.errors import BudgetUnsound
from app.database import savepoint
from app.ids import new_id
from app.ledger import verify as ledger_verify
from app.reductions import verify as reductions_verify
from tests import city
from tests.city import MORNING, NOON, metro, ride
from tests.make import officer_headers

MARCH = date(2026, 3, 1)


def budget(**changes):
    """A sound payload: a million points a month from March on, the usual taper."""
    return {"line": "programme", "from_month": "2026-03", "points": 1_000_000} | changes


async def town(tx, people: int = 1, **changes):
    """A city of some citizens, with a budget."""
    await city.programme(tx)
    for n in range(people):
        await city.citizen(tx, f"p{n}")
    await budgets_set.apply(tx, payload=budget(**changes), now=NOON)


async def meter(tx, line: str = "programme"):
    """One line's meter of March."""
    return next(each for each in await budgets_read.meters(tx, month=MARCH) if each.line == line)


async def laws_broken(tx):
    """Names of the laws that do not hold, in all rooms."""
    checks = await budgets_verify.checks(tx) + await ledger_verify.checks(tx)
    checks += await reductions_verify.checks(tx, versions=await city.versions(tx))
    return [check.name for check in checks if check.breaches]


def rides(count: int, person: str = "p0"):
    """Bicycle rides of one day each, 180 g and 18 points at the full tariff."""
    return [
        ride(f"{person}-{n}", subject=f"card-{person}", start=NOON + timedelta(hours=6 * n))
        for n in range(count)
    ]


async def test_the_budget_tapers_and_then_stops_while_grams_go_on(tx):
    """100 points: full pay down to 20, half below, a quarter below 5, then nothing but grams."""
    await town(tx, points=100)
    later = NOON + timedelta(days=4)
    outcomes = [await city.one(tx, record, now=later) for record in rides(12)]

    # 100 -> 82 -> 64 -> 46 -> 28 -> 10; then half: 9; then a quarter, cut to the one left.
    assert [each.points for each in outcomes] == [18, 18, 18, 18, 18, 9, 1, 0, 0, 0, 0, 0]
    assert {each.grams for each in outcomes} == {180}
    assert sum(each.points for each in outcomes) == (await meter(tx)).booked <= 100
    assert [each.reason for each in outcomes] == (
        [None] * 5 + ["budget_tapered"] * 2 + ["budget_spent"] * 5
    )
    assert await laws_broken(tx) == []


async def test_a_stream_is_paid_the_same_however_it_is_cut(committing):
    """Alone, the edge of the budget is where it is, in one batch or in ten."""
    paid = []
    for size in (1, 3, 10):
        async with committing.writing() as tx:
            await tx.execute("SAVEPOINT here")
            await town(tx, points=100)
            records = rides(10)
            points = []
            for start in range(0, 10, size):
                batch = await city.send(
                    tx, *records[start : start + size], now=NOON + timedelta(days=4)
                )
                points += [each.points for each in batch.outcomes]
            paid.append(points)
            await tx.execute("ROLLBACK TO SAVEPOINT here")
    assert paid[0] == paid[1] == paid[2]
    assert 90 <= sum(paid[0]) <= 100


async def test_without_a_budget_nothing_is_drawn(tx):
    """No line, no limit, no row."""
    await city.programme(tx)
    await city.citizen(tx, "p0")
    assert (await city.one(tx, rides(1)[0], now=NOON + timedelta(days=1))).points == 18
    assert await budgets_read.meters(tx, month=MARCH) == []
    assert await (await tx.execute("SELECT count(*) FROM budget_month")).fetchone() == (0,)


async def test_a_methodology_may_have_a_line_of_its_own(tx):
    """An act draws on one line only: its methodology's if there is one."""
    await town(tx, points=1_000)
    await budgets_set.apply(tx, payload=budget(line="bike_ride", points=20), now=NOON)

    later = NOON + timedelta(days=4)
    outcomes = (await city.send(tx, *rides(3), metro(subject="card-p0"), now=later)).outcomes

    assert [each.points for each in outcomes] == [18, 2, 0, 57]
    assert (await meter(tx, "bike_ride")).booked == 20
    assert (await meter(tx)).booked == 57


async def test_a_month_is_that_of_the_booking(tx):
    """An act of March that is booked in April is April's; a new month begins full."""
    await town(tx, points=100)
    april = NOON.replace(month=4, day=1)
    outcome = await city.one(
        tx, ride(subject="card-p0", start=april - timedelta(days=2)), now=april
    )
    assert outcome.points == 18
    assert (await meter(tx)).booked == 0
    assert [each.booked for each in await budgets_read.meters(tx, month=date(2026, 4, 1))] == [18]


async def test_officers_may_raise_and_lower_an_open_month(tx):
    """What was paid stays paid; the rest changes at once; the history stays."""
    await town(tx, points=36)
    later = NOON + timedelta(days=4)
    first, second, third, fourth, *_ = rides(8)
    assert (await city.one(tx, first, now=later)).points == 18

    await budgets_set.apply(tx, payload=budget(points=10), now=NOON)
    assert ((await meter(tx)).booked, (await meter(tx)).left) == (18, 0)
    assert (await city.one(tx, second, now=later)).points == 0

    await budgets_set.apply(tx, payload=budget(points=500_000), now=NOON)
    assert (await city.one(tx, third, now=later)).points == 18
    await budgets_set.apply(tx, payload=budget(points=None), now=NOON)
    assert (await city.one(tx, fourth, now=later)).points == 18
    assert await budgets_read.meters(tx, month=MARCH) == []
    row = await (await tx.execute("SELECT count(*), max(version) FROM budget")).fetchone()
    assert row == (4, 4)
    assert await laws_broken(tx) == []


UNSOUND = [
    {},
    budget(colour="red"),
    budget(line="flying"),
    budget(line=""),
    budget(from_month="2026-02"),
    budget(from_month="2026-3"),
    budget(from_month="2026-13"),
    budget(points=-1),
    budget(points=True),
    budget(points="many"),
    {"line": "programme", "from_month": "2026-03"},
    budget(
        taper=[{"below_percent": 5, "pay_percent": 25}, {"below_percent": 20, "pay_percent": 50}]
    ),
    budget(taper=[{"below_percent": 5, "pay_percent": 101}]),
    budget(taper=[{"below_percent": 5}]),
    budget(taper="steep"),
]


@pytest.mark.parametrize("payload", UNSOUND, ids=str)
async def test_an_unsound_budget_is_refused(tx, payload):
    """Malformed, for a month that is over, or for a line nobody knows: nothing is set."""
    await city.programme(tx)
    with pytest.raises(BudgetUnsound):
        async with savepoint(tx):
            await budgets_set.apply(tx, payload=payload, now=NOON)
    assert await (await tx.execute("SELECT count(*) FROM budget")).fetchone() == (0,)


@pytest.mark.parametrize("points", [3_000, 400_000])
async def test_a_budget_is_never_overdrawn_in_a_race(committing, points, monkeypatch):
    """A hundred batches at once want thrice what there is: all of it is paid, and not one more."""
    monkeypatch.setattr(budgets_draw, "SLOT_POINTS_MIN", 500)
    async with committing.writing() as tx:
        await city.programme(tx)
        await budgets_set.apply(tx, payload=budget(points=points, taper=[]), now=NOON)
    async with committing.reading() as tx:
        known = await budgets_read.load(tx)
    wants = [Want("programme", 10 * points // 100, 1_000)] * 3

    async def batch(seed):
        async with committing.writing() as tx:
            rates = await budgets_draw.draw(
                tx, wants=wants, known=known, month=MARCH, seed=seed, now=NOON
            )
            await asyncio.sleep(0)
            if seed % 10 == 9:
                raise RuntimeError
            return sum(w.grams * rate // 1000 for w, rate in zip(wants, rates, strict=True))

    answers = await asyncio.gather(*(batch(seed) for seed in range(100)), return_exceptions=True)

    paid = [each for each in answers if isinstance(each, int)]
    assert {type(each) for each in answers} <= {int, RuntimeError}
    async with committing.snapshot() as tx:
        booked = (await meter(tx)).booked
        assert [check.breaches for check in await budgets_verify.checks(tx)] == [0, 0]
    assert sum(paid) == booked <= points
    # Batches that failed gave back; whoever came after them in the queue could still be paid.
    assert booked >= points * 9 // 10


async def test_batches_race_for_the_last_points(committing):
    """Real deliveries at once: reductions, entries and the meter agree to the point."""
    async with committing.writing() as tx:
        await town(tx, people=8, points=500)

    async def deliver(n):
        async with committing.writing() as tx:
            return await city.send(tx, *rides(8, f"p{n}"), now=NOON + timedelta(days=4))

    answers = await asyncio.gather(*(deliver(n) for n in range(8)))

    async with committing.snapshot() as tx:
        assert await laws_broken(tx) == []
        row = await (await tx.execute("SELECT sum(points), sum(grams) FROM reduction")).fetchone()
        assert row[0] == (await meter(tx)).booked == sum(each.tally.points for each in answers)
    assert row == (row[0], 64 * 180)
    assert 480 <= row[0] <= 500


async def test_a_planted_breach_is_found(tx):
    """A draw without its slot, and a slot without its draw."""
    await town(tx, points=1_000)
    await city.one(tx, rides(1)[0], now=NOON + timedelta(days=1))
    assert [check.breaches for check in await budgets_verify.checks(tx)] == [0, 0]
    await tx.execute(
        "INSERT INTO budget_draw VALUES ('programme', '2026-03-01', %s, 999, now())", (new_id(),)
    )
    assert [check.breaches for check in await budgets_verify.checks(tx)] == [1, 1]


async def test_everybody_sees_the_meter(client, keys, database):
    """Two officers agree, and the public reads budget, booked, share and state."""
    async with database.writing() as tx:
        await city.programme(tx)
        await city.citizen(tx, "p0")
    empty = (await client.get("/v1/figures/budget")).json()
    body = {"kind": "catalogue.set_budget", "payload": budget(points=70), "reason": "spring"}
    made = await client.post(
        "/v1/admin/proposals", json=body, headers=officer_headers(keys, uuid4())
    )
    url = f"/v1/admin/proposals/{made.json()['proposal_id']}/approve"
    approved = await client.post(url, headers=officer_headers(keys, uuid4()))
    async with database.writing() as tx:
        await city.one(tx, metro(subject="card-p0", start=MORNING))
    month = (await client.get("/v1/figures/budget", params={"month": "2026-03"})).json()

    assert empty == {"month": "2026-03", "items": []}
    assert approved.status_code == 200
    assert month["items"] == [
        {
            "line": "programme",
            "budget_points": 70,
            "booked_points": 57,
            "left_points": 13,
            "left_percent": 18,
            "state": "tapered",
            "pay_percent": 50,
            "taper": [
                {"below_percent": 20, "pay_percent": 50},
                {"below_percent": 5, "pay_percent": 25},
            ],
            "version": 1,
        }
    ]
    assert (await client.get("/v1/figures/budget", params={"month": "2026-4"})).status_code == 422
