"""Offers are found by category, district, price and distance, page by page."""

from decimal import Decimal

import pytest

from app.merchants import keep_store, standing
from app.merchants.errors import MerchantSuspended
from app.merchants.keep_store import Place
from app.rewards import offers, queue, queue_step, withdraw_run
from app.rewards.cancel import cancel
from app.rewards.offers_near import Point
from app.rewards.tables import Mode, OfferKind
from tests import make
from tests.make import NOON, citizen_headers, merchant_headers
from tests.rewards.counter import KEY, claim

HERE = "32.2044,119.4551"


async def store(tx, merchant, *, north, code="S1"):
    """A store so many thousandths of a degree (111 m each) north of here."""
    place = Place(
        code=code,
        name_zh="门店",
        name_en="Store",
        address="中山东路 1 号",
        district_code="321102",
        latitude=Decimal("32.2044") + Decimal(north) / 1000,
        longitude=Decimal("119.4551"),
        opening_hours="Mo-Su 08:00-20:00",
        state="open",
    )
    return await keep_store.add(tx, merchant_id=merchant.id, place=place, actor="x:1", now=NOON)


async def pages(client, query, *, limit=2):
    """Every page of a list, one after another."""
    found, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        answer = await client.get(f"/v1/offers?limit={limit}&{query}{more}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
    return found


async def test_filters_and_prices(client, database):
    """Each filter leaves what it says; the cheapest come first, and no page repeats or forgets."""
    async with database.writing() as tx:
        for points in (70, 50, 60, 50, 90):
            await make.offer(tx, points=points, category="tea", kind=OfferKind.discount)
        await make.offer(tx, points=10, category="book", district_code="321111")
    tea = await pages(client, "category=tea&order=cheapest")
    assert [each["points"] for each in tea] == [50, 50, 60, 70, 90]
    assert len({each["offer_id"] for each in tea}) == 5
    few = await pages(client, "category=tea&order=cheapest&points_max=60&kind=discount")
    assert [each["points"] for each in few] == [50, 50, 60]
    there = await pages(client, "district=321111&points_max=69&order=cheapest", limit=50)
    assert [each["points"] for each in there][:1] == [10]
    elsewhere = await pages(client, "district=321112&category=book")
    assert elsewhere == []
    assert len(await pages(client, "category=tea")) == 5


async def test_the_nearest_store_decides(client, database):
    """An offer is as far as the nearest store that takes it; a store it excludes does not count."""
    async with database.writing() as tx:
        near, far = await make.merchant(tx), await make.merchant(tx)
        await store(tx, near, north=1)
        await store(tx, near, north=20, code="S2")
        await store(tx, far, north=5)
        far_only = await store(tx, far, north=9, code="S2")
        first = await make.offer(tx, by=near, category="near")
        second = await make.offer(tx, by=far, category="near")
        third = await make.offer(tx, by=far, category="near", store_ids=[far_only.id])
        await make.offer(tx, category="near")  # its merchant has no store
    found = await pages(client, f"category=near&order=nearest&near={HERE}")
    assert [each["offer_id"] for each in found] == [str(one.id) for one in (first, second, third)]
    assert [round(each["distance_m"], -1) for each in found] == [110, 560, 1000]
    close = await pages(client, f"category=near&order=nearest&near={HERE}&radius_m=600")
    assert len(close) == 2


@pytest.mark.parametrize("order", ["newest", "cheapest"])
async def test_distances_are_told_in_every_order(client, database, order):
    """Who says where they are is told how far each offer is; a radius leaves out what is beyond it."""
    async with database.writing() as tx:
        near, far = await make.merchant(tx), await make.merchant(tx)
        await store(tx, near, north=1)
        second = await store(tx, near, north=9, code="S2")
        await store(tx, far, north=900)
        close = await make.offer(tx, by=near, category="way", points=30)
        bound = await make.offer(tx, by=near, category="way", points=20, store_ids=[second.id])
        distant = await make.offer(tx, by=far, category="way", points=10)
        homeless = await make.offer(tx, category="way", points=5)
    there = [each.id for each in (homeless, distant, bound, close)]
    metres = dict(zip(there, (None, 100_080, 1_000, 110), strict=True))
    for query, ids in (
        (f"near={HERE}", there),
        (f"near={HERE}&radius_m=50000", there[2:]),
        (f"near={HERE}&radius_m=500", there[3:]),
    ):
        found = await pages(client, f"category=way&order={order}&{query}", limit=1)
        assert [each["offer_id"] for each in found] == [str(each) for each in ids]
        for each, offer_id in zip(found, ids, strict=True):
            told = each["distance_m"]
            assert (told if told is None else round(told, -1)) == metres[offer_id]
    assert {each["distance_m"] for each in await pages(client, "category=way")} == {None}


@pytest.mark.parametrize(
    "query",
    [
        "order=nearest",
        "order=nearest&near=91,10",
        "near=91,0",
        "near=0,181",
        "radius_m=500",
        "order=cheapest&radius_m=500",
    ],
)
async def test_distance_needs_a_place(client, query):
    """Distances without a point on earth are refused with a sentence, in every order."""
    answer = await client.get(f"/v1/offers?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "place-needed")


@pytest.mark.parametrize("cursor", ["WzFd", "W10", "WyJhIiwiYiJd"])
async def test_a_cursor_of_another_order_is_refused(client, cursor):
    """Prices and ids do not mix."""
    answer = await client.get(f"/v1/offers?order=cheapest&cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


async def test_a_suspended_merchants_offers(client, keys, database):
    """Nothing more is claimed of it, its holders may cancel, and it is not found nearby."""
    async with database.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx)
        await store(tx, offer.merchant, north=1)
        made = await claim(tx, anna, offer)
        officer = make.new_id()
        await standing.suspend(
            tx, merchant_id=offer.merchant.id, reason="audit", officer_id=officer, now=NOON
        )
    wish = await client.post(
        "/v1/me/redemptions",
        json={"offer_id": str(offer.id)},
        headers=citizen_headers(keys, anna),
    )
    assert (wish.status_code, wish.json()["code"]) == (409, "merchant-suspended")
    async with database.writing() as tx:
        point = Point(Decimal("32.2044"), Decimal("119.4551"), 500)
        assert await offers.nearest(tx, point=point, after=None, limit=9, now=NOON) == []
        given = await cancel(tx, account_id=anna, redemption_id=made.redemption_id, now=NOON)
        assert given.state.name == "cancelled"


async def test_a_suspended_merchant_is_left_out_by_the_database_itself(client, database):
    """No list shows it, a claim behind the HTTP door is refused, and its line grants nothing."""
    async with database.writing() as tx:
        anna, boris = await make.rich(tx), await make.rich(tx)
        seller = await make.merchant(tx)
        offer = await make.offer(tx, by=seller, category="gone")
        line = await make.offer(
            tx, by=seller, category="gone", mode=Mode.queue, per_citizen=1, opens_at=NOON
        )
        await queue.take_ticket(tx, account_id=boris, offer_id=line.id, coupon_key=KEY, now=NOON)
    assert len(await pages(client, "category=gone")) == 2
    async with database.writing() as tx:
        await standing.suspend(
            tx, merchant_id=seller.id, reason="audit", officer_id=make.new_id(), now=NOON
        )
    for order in ("newest", "cheapest"):
        assert await pages(client, f"category=gone&order={order}") == []
    with pytest.raises(MerchantSuspended):
        async with database.writing() as tx:
            await claim(tx, anna, offer)
    async with database.writing() as tx:
        assert await queue_step.step(tx, offer_id=line.id, limit=9, now=NOON) == 0
        assert (await queue.ticket(tx, account_id=boris, offer_id=line.id)).state.name == "waiting"


async def test_a_merchant_takes_its_own_offer_back(live_client, committing, keys):
    """Its manager may; of another's it learns nothing."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        offer, other = await make.offer(tx), await make.offer(tx)
        await claim(tx, anna, offer)
    path = f"/v1/merchant/offers/{offer.id}/withdraw"
    why = {"reason_zh": "停业", "reason_en": "Closed"}
    theirs = merchant_headers(keys, other.merchant.id)
    mine = merchant_headers(keys, offer.merchant.id)
    assert (await live_client.post(path, json=why, headers=theirs)).status_code == 404
    assert (await live_client.post(path, json=why, headers=mine)).status_code == 202
    again = await live_client.post(path, json=why, headers=mine)
    assert (again.status_code, again.json()["code"]) == (409, "offer-withdrawn")
    assert await withdraw_run.make_whole(committing, offer_id=offer.id, clock=lambda: NOON) == 1
