"""The trial balance sums to zero at every moment, rolled up or not."""

import psycopg

from app.ids import new_id
from app.ledger import hold, trial
from tests import make
from tests.ledger.histories import CAFE, buy, city, gain, owner, roll


async def balance(database):
    """The trial balance of this moment."""
    async with database.reading() as tx:
        return await trial.balance(tx)


async def test_an_empty_book_balances(committing):
    """Nothing is there and nothing is missing."""
    assert (await balance(committing)).units == ()


async def test_accounts_and_counter_accounts_sum_to_zero(committing):
    """Before the roll-up, half rolled up, and after it the same figures stand."""
    people = [make.account() for _ in range(3)]
    await city(committing, people, steps=8)
    async with committing.writing() as tx:
        await hold.hold(tx, account_id=people[0], points=4)
    before = await balance(committing)
    await roll(committing)
    after = await balance(committing)
    await city(committing, people, steps=2, seed=8)
    mixed = await balance(committing)

    assert before.units == after.units
    assert before.watermark_xid < after.watermark_xid
    for each in (*before.units, *mixed.units):
        assert each.difference == 0
        assert (each.accounts, each.held) == (3, 4)
    assert len(mixed.units[0].counter_accounts) > len(people)


async def test_signs_and_names(committing):
    """Who gave points stands below zero, who got them above, each with a name."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await buy(tx, anna, 12)
    [unit] = (await balance(committing)).units
    told = {each.number: (each.kind, each.points, each.entries) for each in unit.counter_accounts}
    assert (unit.unit, unit.accounts, unit.points, unit.held) == ("points", 1, 18, 0)
    assert told == {1: ("programme", -30, 1), CAFE: ("", 12, 1)}


async def test_a_balance_that_does_not_follow_from_entries_shows(committing, fresh_urls):
    """A point that nobody gave makes the difference 1."""
    async with committing.writing() as tx:
        await gain(tx, make.account(), 30)
    with owner(fresh_urls) as superuser:
        superuser.execute("UPDATE balance SET earned = earned + 1")
    assert [each.difference for each in (await balance(committing)).units] == [1]


async def test_units_are_kept_apart(committing, fresh_urls):
    """Points of a campaign have a trial balance of their own."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
    with psycopg.connect(fresh_urls.owner, autocommit=True) as superuser:
        superuser.execute("INSERT INTO balance SELECT account_id, 7, 0, 0, last_posted_at, 1,"
                          " last_expiry, bucket, 2 FROM balance")  # fmt: skip
        superuser.execute(
            "INSERT INTO entry SELECT account_id, 7, 0, effective_at, posted_at, xid, ref, 1, 7, 1,"
            " bucket, 2, 1 FROM entry"
        )
    units = (await balance(committing)).units
    assert [(each.unit, each.points, each.difference) for each in units] == [
        ("points", 30, 0),
        ("2", 7, 0),  # nobody defined it
    ]


async def test_officers_read_it(committing, live_client, keys):
    """The route tells the same figures, to officers only."""
    anna = make.account()
    async with committing.writing() as tx:
        await gain(tx, anna, 30)
        await buy(tx, anna, 12)
    path = "/v1/admin/ledger/trial-balance"

    answer = await live_client.get(path, headers=make.officer_headers(keys, new_id()))
    refused = await live_client.get(path, headers=make.citizen_headers(keys, anna))

    [unit] = answer.json()["units"]
    assert unit["unit"] == "points"
    assert (unit["accounts"], unit["points"], unit["held"], unit["difference"]) == (1, 18, 0, 0)
    assert [each["points"] for each in unit["counter_accounts"]] == [-30, 12]
    assert refused.status_code in {401, 403}
