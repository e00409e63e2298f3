"""The programme's own midnight: limits, tills' days and what is given back follow it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.catalogue.zone import zone
from app.console.till_render import clock_of
from app.database import savepoint
from app.rewards import paid, scans
from app.rewards.cancel import cancel
from app.rewards.errors import LimitReached
from app.rewards.offers_known import read
from tests import make
from tests.make import NOON
from tests.rewards.counter import claim, code, sound, till

DAILY = [{"by": "citizen", "per": "day", "units": 1}]
MIDNIGHT = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""In New York; in Shanghai it is one in the afternoon."""
BEFORE, AFTER = MIDNIGHT - timedelta(minutes=1), MIDNIGHT + timedelta(minutes=1)


@pytest.fixture
async def york(tx):
    """A programme on the other side of the world."""
    await tx.execute(
        "INSERT INTO programme (id, city_code, name_zh, name_en, zone, factor_set_id,"
        " points_life_months) VALUES (1, '0000', '约', 'York', 'America/New_York', 1, 24)"
    )
    return tx


async def test_before_it_is_founded_a_programme_has_the_default_zone(tx):
    """Nothing asks for a zone in vain."""
    assert (await zone(tx)).key == "Asia/Shanghai"


async def test_a_limit_of_a_day_ends_at_the_programmes_midnight(york):
    """A claim a minute before and one after it are two days; what is given back is its own day's."""
    tx = york
    anna = await make.rich(tx)
    offer = await make.offer(tx, per_citizen=9, limits=DAILY)
    late = await claim(tx, anna, offer, now=BEFORE)
    await claim(tx, anna, offer, now=AFTER)
    await sound(tx)
    await cancel(tx, account_id=anna, redemption_id=late.redemption_id, now=AFTER)
    await sound(tx)
    await claim(tx, anna, offer, now=BEFORE)
    await sound(tx)
    with pytest.raises(LimitReached):
        async with savepoint(tx):
            await claim(tx, anna, offer, now=AFTER + timedelta(hours=12))


async def test_a_merchants_day_is_the_programmes(york):
    """Sales on both sides of midnight belong to two days, on the till and for the sponsors."""
    tx = york
    assert await scans.day_start(tx, now=AFTER) == MIDNIGHT
    assert await scans.day_start(tx, now=BEFORE) == MIDNIGHT - timedelta(days=1)
    anna = await make.rich(tx)
    offer = await make.offer(tx, per_citizen=9)
    for at, number in ((BEFORE, "late"), (AFTER, "early")):
        made = await claim(tx, anna, offer, now=at)
        await till(tx, offer, code(anna, made.redemption_id), order_no=number, now=at)
    merchant_id = offer.merchant.id
    for at, day in ((BEFORE, date(2026, 3, 1)), (AFTER, date(2026, 3, 2))):
        totals = await scans.totals(tx, merchant_id=merchant_id, now=at)
        assert (totals.day, totals.points) == (day, 100 if at == AFTER else 200)
        parts = await paid.for_merchant(tx, merchant_id=merchant_id, day=day)
        assert sum(part.points for part in parts) == 100
    assert clock_of(await zone(tx))(BEFORE) == "2026-03-01 23:59"


async def test_a_claim_is_admitted_by_the_programmes_clock(york):
    """The entrance knows the zone with the offer, so that an age is a difference of its years."""
    offer = await make.offer(york, audience={"age_at_least": 70})
    known = (await read(york, offer_ids=[offer.id]))[offer.id]
    assert known.zone == "America/New_York"
    assert NOON.astimezone(await zone(york)).year == 2026
