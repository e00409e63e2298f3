"""The report reaches zero, and each planted difference is listed by its ids."""

from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settlement import funders, reconcile, subsidy, verify
from app.settlement.reconcile import COMPARISONS
from tests.make import NOON
from tests.merchants import front_door
from tests.settlement.books import (
    DAY,
    NEXT,
    NEXT_NIGHT,
    NIGHT,
    file,
    finance,
    largest_remainders,
    read,
    refunded,
    sell,
    stall,
    undone,
)
from tests.settlement.books import (
    close as close_day,
)
from tests.settlement.paying import approve, owed, proposed
from tests.settlement.plants import PLANTS, breached

NAMES = [*COMPARISONS, "files"]


async def differing(tx, day=DAY):
    """Which comparisons of a day are not zero."""
    return {each.name for each in await reconcile.reconcile(tx, day=day) if each.differing}


async def test_a_closed_and_paid_day_reaches_zero(database, tx):
    """Ledger, tills, budgets, files and payments agree; every comparison looked at rows."""
    ours, maker, checker = await owed(database, tx, sales=3)
    await approve(tx, await proposed(tx, maker), checker)
    await refunded(tx, ours, "A-1", "R-1", 41, now=NOON + timedelta(days=1))
    await close_day(database, now=NEXT_NIGHT)
    for day in (DAY, NEXT):
        found = await reconcile.reconcile(tx, day=day)
        assert [each.name for each in found] == NAMES
        assert [each.differing for each in found] == [0] * len(NAMES)
    assert all(each.rows for each in await reconcile.reconcile(tx, day=DAY))


async def test_an_unclosed_day_has_no_rows(database, tx):
    """Of a day that is open nothing is said, but of the budgets."""
    await sell(tx, await stall(tx), "A-1")
    found = {each.name: each.rows for each in await reconcile.reconcile(tx, day=DAY)}
    assert found.pop("budgets_and_draws") == 2
    assert set(found.values()) == {0}


async def test_what_waits_for_the_next_file_is_shown_until_it_is_there(database, tx):
    """A sale of yesterday that was booked after the close is a difference; after the next, none."""
    ours = await stall(tx)
    await sell(tx, ours, "A-1")
    await close_day(database)
    await sell(tx, ours, "LATE", now=NOON + timedelta(minutes=1))
    found = {each.name: each for each in await reconcile.reconcile(tx, day=DAY)}
    [waiting] = found["events_and_lines"].differences
    assert waiting.subject == f"event:{ours.merchant.id}/1/LATE"
    assert (waiting.expected, waiting.found) == (100, None)
    assert found["entries_and_lines"].differing == 1
    await close_day(database, now=NEXT_NIGHT)
    assert await differing(tx) == set()


async def test_verify_finds_what_is_planted(committing, fresh_urls):
    """Each breach is seen by its own check of `puhui verify`, and by no unconcerned one."""
    async with committing.writing() as tx:
        ours, maker, checker = await owed_live(committing)
        await approve(tx, await proposed(tx, maker), checker)
    async with committing.writing() as tx:
        await sell(tx, ours, "B-1", now=NOON + timedelta(days=1))
    await close_day(committing, now=NIGHT + timedelta(days=4))
    async with committing.snapshot() as tx:
        checks = await verify.checks(tx)
    assert [each for each in checks if each.breaches or not each.rows] == []
    for what, (statement, expected) in PLANTS.items():
        found = set()
        with psycopg.connect(fresh_urls.owner) as owner:
            owner.execute("SET session_replication_role = replica")
            for table in ("entry", "scan", "settlement", "settlement_line", "settlement_file"):
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            owner.execute(statement)
            found = breached(owner)
            owner.rollback()
        assert {f"settlement.{name}" for name in told(expected)} == found, what


def told(expected):
    """The names under which `puhui verify` shows comparisons."""
    for name in expected:
        if name == "files":
            yield "files_are_what_the_books_say"
        else:
            yield f"{name}_agree" if name in COMPARISONS else name


async def owed_live(database):
    """`owed`, with commits that are real."""
    async with database.writing() as tx:
        ours = await stall(tx, by=await front_door.onboarded(tx))
        for n in range(2):
            await sell(tx, ours, f"A-{n}")
        maker, checker = await finance(tx), await finance(tx)
    await close_day(database)
    return ours, maker, checker


async def test_who_funded_what_is_what_the_budgets_lost(database, tx):
    """Per day and payer, net; without refunds it is what left each budget."""
    ours = await stall(tx)
    for n in range(3):
        await sell(tx, ours, f"A-{n}")
    await undone(tx, ours, "A-2", now=NOON + timedelta(minutes=1))
    await close_day(database)
    found = await funders.funded(tx, from_day=DAY, to_day=DAY)
    assert [(each.source, each.fen, each.lines) for each in found] == [
        ("government", 2 * 501, 4),
        ("merchant", 2 * 300, 4),
        ("carbon", 2 * 200, 4),
    ]
    assert [each.budget_id for each in found] == [ours.budgets[0], None, ours.budgets[1]]


async def test_the_government_is_claimed_from_once_a_coupon(database, tx):
    """By programme and offer, with each coupon's hash, exact after refunds; complete once closed."""
    ours = await stall(tx)
    for n in range(3):
        await sell(tx, ours, f"A-{n}")
    await refunded(tx, ours, "A-0", "R-1", 50, now=NOON + timedelta(minutes=1))
    await close_day(database)
    month = DAY.replace(day=1)
    parts = await subsidy.claim(tx, month=month)
    assert (await subsidy.claim(tx, month=month)) == parts
    claimed = parts[subsidy.CLAIM].decode("utf-8-sig").splitlines()
    assert claimed[1].startswith(f"绿色出行,{ours.budgets[0]},{ours.offer.id},一杯咖啡,3,1,")
    assert int(claimed[1].rsplit(",", 1)[1]) == 3 * 501 - 250
    rows = parts[subsidy.COUPONS].decode("utf-8-sig").splitlines()[1:]
    digests = [
        bytes(digest)
        async for (digest,) in await tx.execute("SELECT coupon_digest FROM redemption")
    ]
    names = {row.split(",")[2] for row in rows}
    assert len(rows) == 4
    assert names <= {subsidy.coupon_name(each) for each in digests}
    assert len(names) == 3
    assert b'"complete": false' in parts[subsidy.MANIFEST]
    await close_day(database, now=NIGHT + timedelta(days=31))
    assert b'"complete": true' in (await subsidy.claim(tx, month=month))[subsidy.MANIFEST]


@pytest.mark.parametrize("steps", [[1] * 7, [3, 4], [2, 2, 2, 1], [7]])
async def test_refunds_in_steps_give_exactly_the_sale_back(database, tx, steps):
    """However a price of 7 points and 101 fen is given back, nothing is left and nothing is over."""
    ours = await stall(tx, points=7, face_value_fen=101)
    await sell(tx, ours, "A-1")
    for n, points in enumerate(steps):
        await refunded(tx, ours, "A-1", f"R-{n}", points, now=NOON + timedelta(minutes=n))
    await close_day(database)
    details, summary = read(await file(tx, ours.merchant.id))
    for name in ("points", "face_value_fen", "government_fen", "merchant_fen", "carbon_fen"):
        assert summary[name] == "0"
    for row in details:
        parts = [int(row[name]) for name in ("government_fen", "merchant_fen", "carbon_fen")]
        assert sum(parts) == int(row["face_value_fen"])
        assert {each > 0 for each in parts if each} <= {row["type"] == "sale"}


@given(
    face=st.integers(0, 10**8),
    price=st.integers(1, 10**6),
    shares=st.lists(st.integers(0, 1_000), min_size=2, max_size=2),
    cuts=st.lists(st.integers(0, 10**6), max_size=6),
)
def test_parts_of_refunds_sum_to_the_sale(face, price, shares, cuts):
    """For any split, price and cuts the parts taken back are never negative and sum exactly."""
    first, second = sorted(shares)
    whole = largest_remainders(face, [first, second - first, 1_000 - second])
    assert sum(whole) == face
    stops = sorted({0, price, *(cut % (price + 1) for cut in cuts)})
    for fen in whole:
        back = [fen * high // price - fen * low // price for low, high in pairwise(stops)]
        assert (sum(back), min(back, default=0) >= 0) == (fen, True)
