"""The feed: one list of everything that happened to a citizen."""

from datetime import datetime, timedelta

from app.ids import new_id
from app.ledger.donate import Donation, donate
from app.rewards import redeem
from tests import city, make
from tests.city import MORNING, NOON
from tests.ledger.test_donate import pool


async def redeemed(tx, keys, account_id, offer_id):
    """A coupon, always at the same moment."""
    await redeem.redeem(
        tx,
        account_id=account_id,
        offer_id=offer_id,
        coupon_key=keys.coupon,
        now=NOON + timedelta(minutes=1),
    )


async def lived(tx, keys, coupons=1):
    """Anna rode twice, took a coupon, has a ride that waits for a person; what she is called."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.send(
        tx,
        city.ride("ride-1"),
        city.metro("metro-1", start=MORNING + timedelta(hours=1)),
        city.ride("ride-2", start=MORNING + timedelta(hours=3), minutes=2, distance_km="4"),
    )
    offer = await make.offer(tx, points=20)
    await make.points(tx, anna.account_id, 5)
    for _ in range(coupons):
        await redeemed(tx, keys, anna.account_id, offer.id)
    return anna


async def pages(client, headers, limit):
    """The whole feed, page by page."""
    found, cursor = [], None
    while True:
        asked = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = await client.get("/v1/me/feed", params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


def moment(item):
    """When it happened."""
    return datetime.fromisoformat(item["at"])


async def test_everything_is_in_one_list_newest_first(client, tx, keys):
    """Acts by when they happened, the held one with its day, the coupon with its price."""
    anna = await lived(tx, keys)
    headers = make.citizen_headers(keys, anna.account_id)

    found = await pages(client, headers, 20)

    assert [each["kind"] for each in found] == ["redemption", "held", "act", "act"]
    coupon, held, metro, ride = found
    assert (coupon["points"], coupon["state"], coupon["title"]) == (-20, "held", "One coffee")
    assert (held["state"], held["expected_on"], held["points"]) == (
        "under_review",
        "2026-03-06",
        None,
    )
    assert (metro["scenario"], metro["grams_g"], metro["points"]) == ("transit_rail", 579, 57)
    assert (ride["title"], ride["subtitle"]) == ("Bicycle ride", "180 g CO2e avoided")
    explained = await client.get(ride["explanation_url"], headers=headers)
    assert explained.json()["grams"] == ride["grams_g"]


async def test_pages_put_together_are_the_feed(client, tx, keys):
    """However it is cut, nothing is skipped or shown twice, not even what shares a moment."""
    anna = await lived(tx, keys, coupons=2)
    trees = await pool(tx)
    for n in range(3):
        given = Donation(anna.account_id, 1 + n, trees, new_id())
        await donate(tx, donations=[given], now=NOON + timedelta(minutes=2 * n))
    headers = make.citizen_headers(keys, anna.account_id)

    whole = await pages(client, headers, 100)

    assert [each["kind"] for each in whole].count("adjustment") == 3
    assert len({each["at"] for each in whole if each["kind"] == "redemption"}) == 1
    assert len({each["id"] for each in whole}) == 8
    assert whole == sorted(whole, key=moment, reverse=True)
    for limit in (1, 2, 3):
        assert await pages(client, headers, limit) == whole


async def test_the_feed_speaks_chinese_by_default(client, tx, keys):
    """Titles and sentences follow Accept-Language."""
    anna = await lived(tx, keys)
    headers = make.citizen_headers(keys, anna.account_id, language="zh-CN")

    found = await pages(client, headers, 20)

    assert found[0]["title"] == "一杯咖啡"
    assert found[1]["subtitle"] == "等待人工复核,预计 2026-03-06 前完成"


async def test_nobody_sees_anothers_feed(client, tx, keys):
    """A stranger's feed is empty, and a foreign cursor is refused."""
    await lived(tx, keys)
    stranger = make.citizen_headers(keys, make.account())

    assert await pages(client, stranger, 20) == []
    bad = await client.get("/v1/me/feed", params={"cursor": "WzFd"}, headers=stranger)
    assert (bad.status_code, bad.json()["code"]) == (400, "bad-cursor")
