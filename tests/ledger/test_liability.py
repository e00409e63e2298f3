"""What is owed, by the quarter in which it ends, and what was never used."""

from datetime import date

from app.ids import new_id
from app.ledger import balances, hold, liability
from tests import make
from tests.ledger.histories import (
    JUNE,
    MARCH,
    buy,
    city,
    gain,
    let_expire,
    roll,
)

SPRING = date(2026, 4, 1)


async def owed(database, *, today):
    """What is owed on a day."""
    async with database.snapshot() as tx:
        return await liability.liability(tx, today=today)


async def test_outstanding_points_stand_in_the_quarter_in_which_they_end(committing):
    """Closed lots and the implicit newest one; purchases take from the oldest."""
    anna, boris = make.account(), make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await gain(tx, anna, 50, ends=JUNE)
        await gain(tx, boris, 8)
        await buy(tx, anna, 12)
        await hold.hold(tx, account_id=anna, points=20)

    told = await owed(committing, today=date(2026, 3, 1))

    assert [(u.unit, u.outstanding, u.held) for u in told.units] == [("points", 76, 20)]
    assert [(q.ends_on, q.issued, q.outstanding, q.breakage_bp) for q in told.quarters] == [
        (MARCH, 38, 26, None),
        (JUNE, 50, 50, None),
    ]


async def test_breakage_of_a_quarter_that_is_over(committing):
    """Expired points over issued ones, in ten-thousandths; open quarters have no rate yet."""
    anna, boris = make.account(), make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await gain(tx, anna, 50, ends=JUNE)
        await gain(tx, boris, 10)
        await buy(tx, anna, 12)
        await let_expire(tx, SPRING)
    await roll(committing)

    told = await owed(committing, today=SPRING)

    assert [(q.ends_on, q.outstanding, q.expired, q.breakage_bp) for q in told.quarters] == [
        (MARCH, 0, 28, 7_000),
        (JUNE, 50, 0, None),
    ]


async def test_quarters_sum_to_what_is_outstanding(committing):
    """After any history the quarters are all lots of all wallets, and nothing else."""
    people = [make.account() for _ in range(5)]
    await city(committing, people, steps=15)

    told = await owed(committing, today=SPRING)

    [unit] = told.units
    assert sum(each.outstanding for each in told.quarters) == unit.outstanding
    lots = {}
    async with committing.reading() as tx:
        for who in people:
            for lot in (await balances.balance(tx, account_id=who)).lots:
                lots[lot.expires_on] = lots.get(lot.expires_on, 0) + lot.points
    assert {each.ends_on: each.outstanding for each in told.quarters if each.outstanding} == lots


async def test_officers_read_it(committing, live_client, keys):
    """The route tells units and quarters; a quarter that is not over has no rate."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await buy(tx, anna, 12)

    answer = await live_client.get(
        "/v1/admin/ledger/liability", headers=make.officer_headers(keys, new_id())
    )

    assert answer.json() == {
        "units": [{"unit": "points", "outstanding": 18, "held": 0}],
        "quarters": [
            {
                "unit": "points",
                "ends_on": "2026-03-31",
                "issued": 30,
                "outstanding": 18,
                "expired": 0,
                "breakage_bp": None,
            }
        ],
    }
