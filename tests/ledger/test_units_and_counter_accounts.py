"""Units of another life, and counter-accounts that have a name."""

from datetime import date

import pytest

from app.ids import new_id
from app.ledger import balances, contra, units, verify
from app.ledger.earn import Earning, earn
from app.ledger.errors import UnitEnded, UnitNotFound
from app.ledger.units import POINTS
from tests import make
from tests.make import NOON


async def test_ordinary_points_live_two_years_and_to_the_quarters_end(tx):
    """The unit that every programme starts with, and its rule."""
    [points] = await units.units(tx)

    assert (points.id, points.code, points.last_day) == (POINTS, "points", None)
    assert points.expires_on(date(2026, 3, 1)) == date(2028, 3, 31)


async def test_points_of_a_campaign_end_together(tx):
    """A unit with a last day: all its points end on that day, and none are given afterwards."""
    made = await units.define(
        tx, code="spring", name_zh="春季", name_en="Spring", last_day=date(2026, 5, 31)
    )

    found = await units.unit(tx, code="spring")

    assert found == made
    assert found.id == POINTS + 1
    assert found.expires_on(date(2026, 5, 31)) == date(2026, 5, 31)
    with pytest.raises(UnitEnded):
        found.expires_on(date(2026, 6, 1))


async def test_an_unknown_unit_is_refused(tx):
    """A code that nobody defined is answered with a sentence."""
    with pytest.raises(UnitNotFound):
        await units.unit(tx, code="gold")


async def test_units_do_not_mix(tx):
    """One account has a balance, a sequence and lots for each unit; nothing flows between them."""
    anna = await make.rich(tx, 100)
    spring = await units.define(
        tx, code="spring", name_zh="春季", name_en="Spring", last_day=date(2026, 5, 31)
    )
    await earn(
        tx,
        earnings=[Earning(anna, 7, new_id(), NOON)],
        expires_on=spring.expires_on(date(2026, 3, 1)),
        now=NOON,
        unit=spring.id,
    )

    ordinary = await balances.balance(tx, account_id=anna)
    campaign = await balances.balance(tx, account_id=anna, unit=spring.id)

    assert (ordinary.available, campaign.available) == (100, 7)
    assert [(lot.expires_on, lot.points) for lot in campaign.lots] == [(date(2026, 5, 31), 7)]
    assert [check.name for check in await verify.checks(tx) if check.breaches] == []


async def test_sponsors_and_pools_are_numbered_in_their_ranges(tx):
    """The programme's own numbers are there; sponsors count from 100, pools from 500."""
    names = {"name_zh": "甲", "name_en": "First"}
    sponsor = await contra.name(tx, kind="sponsor", **names, now=NOON)
    pools = [await contra.name(tx, kind="pool", **names, now=NOON) for _ in range(2)]

    assert (sponsor.number, [pool.number for pool in pools]) == (100, [500, 501])
    assert [each.number for each in await contra.catalogue(tx, kind="pool")] == [500, 501]
    own = [each.number for each in await contra.catalogue(tx) if each.number < 100]
    assert own == [
        contra.PROGRAMME,
        contra.EXPIRY,
        contra.ADJUSTMENT,
        contra.CORRECTION,
        contra.RESERVE,
    ]


async def test_several_sponsors_pay_in_one_batch(tx):
    """Each earning names who pays for it; the entry keeps the number."""
    anna = make.account()
    refs = [new_id(), new_id()]
    earnings = [
        Earning(anna, 5, refs[0], NOON, contra=100),
        Earning(anna, 6, refs[1], NOON, contra=101),
    ]
    await earn(tx, earnings=earnings, expires_on=make.QUARTER_END, now=NOON)

    rows = await tx.execute("SELECT ref, amount, contra FROM entry WHERE account_id = %s", (anna,))
    assert set(await rows.fetchall()) == {(refs[0], 5, 100), (refs[1], 6, 101)}
