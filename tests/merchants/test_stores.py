"""Stores are kept by their merchant, and found by everybody in a district or around a point."""

import asyncio
import math
import random
from decimal import Decimal

import pytest

from app.database import savepoint
from app.merchants import keep_store, standing, stores
from app.merchants.errors import MerchantNotFound, StoreCodeTaken, StoreNotFound
from tests import make
from tests.make import NOON
from tests.merchants import front_door
from tests.merchants.front_door import MAKER, place

EARTH_M = 6_371_009


def metres(one, other):
    """Haversine by hand."""
    (a, b), (c, d) = [tuple(math.radians(float(each)) for each in point) for point in (one, other)]
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(h))


async def change(tx, merchant_id, store_id, said):
    """The manager says it anew."""
    return await keep_store.change(
        tx, merchant_id=merchant_id, store_id=store_id, place=said, actor="staff:x", now=NOON
    )


async def around(tx, *, lat="32.2", lon="119.4", radius_m=5_000, after=None, limit=100):
    """Stores around a point."""
    return await stores.around(
        tx, latitude=Decimal(lat), longitude=Decimal(lon), radius_m=radius_m, after=after,
        limit=limit,
    )  # fmt: skip


async def test_the_same_store_again_is_the_same(tx):
    """A retry makes no second store; another store under the code is refused; others may use it."""
    merchant, neighbour = await make.merchant(tx), await make.merchant(tx)
    first = await front_door.store(tx, merchant.id, code="main")
    assert await front_door.store(tx, merchant.id, code="main") == first
    with pytest.raises(StoreCodeTaken):
        await front_door.store(tx, merchant.id, code="main", address="elsewhere")
    assert (await front_door.store(tx, neighbour.id, code="main")).id != first.id
    assert await stores.page(tx, merchant_id=merchant.id, after=None, limit=9) == [first]


async def test_a_store_is_changed_by_its_merchant_alone(tx):
    """A foreign store does not exist; a code of one's own other store is taken."""
    merchant, stranger = await make.merchant(tx), await make.merchant(tx)
    one, other = [await front_door.store(tx, merchant.id, code=code) for code in ("a", "b")]
    changed = await change(tx, merchant.id, one.id, place(code="a", state="closed"))
    assert (changed.id, changed.state) == (one.id, "closed")
    with pytest.raises(StoreNotFound):
        await change(tx, stranger.id, one.id, place(code="z"))
    with pytest.raises(StoreNotFound):
        await stores.own(tx, merchant_id=stranger.id, store_id=other.id)
    with pytest.raises(StoreCodeTaken):
        await change(tx, merchant.id, one.id, place(code="b"))


async def test_two_stores_that_want_one_code_at_once(committing):
    """Of a change and an opening that meet, one gets the code; the other is told, and no error."""
    for _ in range(5):
        async with committing.writing() as tx:
            merchant = await make.merchant(tx)
            first = await front_door.store(tx, merchant.id, code="old")

        async def rename(ids=(merchant.id, first.id)):
            async with committing.writing() as tx:
                await change(tx, *ids, place(code="new"))

        async def found(merchant_id=merchant.id):
            async with committing.writing() as tx:
                await front_door.store(tx, merchant_id, code="new", address="elsewhere")

        done = await asyncio.gather(rename(), found(), return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["NoneType", "StoreCodeTaken"]


async def test_nobody_opens_no_store(tx):
    """A token for a merchant that does not exist makes nothing."""
    with pytest.raises(MerchantNotFound):
        await front_door.store(tx, MAKER)


async def test_a_district_lists_open_stores_of_active_merchants(tx):
    """Closed stores, other districts and suspended merchants are left out; pages go on by id."""
    shop, stopped = await make.merchant(tx), await make.merchant(tx)
    mine = [await front_door.store(tx, shop.id, district_code="321181") for _ in range(5)]
    await front_door.store(tx, shop.id, district_code="321181", state="closed")
    await front_door.store(tx, shop.id, district_code="321182")
    await front_door.store(tx, stopped.id, district_code="321181")
    await standing.suspend(tx, merchant_id=stopped.id, reason="x", officer_id=MAKER, now=NOON)
    first = await stores.in_district(tx, district_code="321181", after=None, limit=3)
    rest = await stores.in_district(tx, district_code="321181", after=first[-1].store.id, limit=9)
    assert [each.store.id for each in first + rest] == [each.id for each in mine]
    assert (first[0].merchant_zh, first[0].distance_m) == ("街角咖啡", None)


async def test_the_nearest_come_first_and_are_exactly_those_within_the_radius(tx):
    """Three hundred stores strewn about: the answer is what a calculation by hand gives."""
    shop, chance = await make.merchant(tx), random.Random(7)
    points = {}
    for _ in range(300):
        lat, lon = (
            f"{32.2 + chance.uniform(-0.1, 0.1):.6f}",
            f"{119.4 + chance.uniform(-0.1, 0.1):.6f}",
        )
        made = await front_door.store(tx, shop.id, latitude=Decimal(lat), longitude=Decimal(lon))
        points[made.id] = metres((lat, lon), ("32.2", "119.4"))
    found = await around(tx, limit=300)
    inside = {key for key, far in points.items() if far <= 5_000}
    assert len(inside) > 20
    assert {each.store.id for each in found} == inside
    assert [each.distance_m for each in found] == sorted(each.distance_m for each in found)
    assert all(abs(each.distance_m - points[each.store.id]) <= 1 for each in found)


async def test_pages_around_a_point_neither_lose_nor_repeat(tx):
    """Stores at one spot have one distance: the id decides, and every page goes on from there."""
    shop = await make.merchant(tx)
    mine = {(await front_door.store(tx, shop.id)).id for _ in range(7)}
    seen, after = [], None
    while page := await around(tx, lat="32.21", lon="119.43", after=after, limit=2):
        seen += [each.store.id for each in page]
        after = (page[-1].distance_m, page[-1].store.id)
    assert len(seen) == 7
    assert set(seen) == mine


@pytest.mark.parametrize(("lat", "lon"), [("90", "0"), ("-90", "180"), ("0", "-180")])
async def test_the_ends_of_the_earth_are_places_too(tx, lat, lon):
    """At the poles and the date line the question is answered, not an error."""
    shop = await make.merchant(tx)
    made = await front_door.store(tx, shop.id, latitude=Decimal(lat), longitude=Decimal(lon))
    found = await around(tx, lat=lat, lon=lon)
    assert [(each.store.id, each.distance_m) for each in found] == [(made.id, 0)]


async def test_the_table_itself_refuses_a_place_off_the_earth(tx):
    """The bounds stand in the database as well."""
    shop = await make.merchant(tx)
    for wrong in ({"latitude": Decimal("90.000001")}, {"longitude": Decimal("-180.000001")}):
        with pytest.raises(Exception, match="store_on_earth"):
            async with savepoint(tx):
                await front_door.store(tx, shop.id, **wrong)
