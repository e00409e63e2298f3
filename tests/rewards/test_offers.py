"""Offers, as anybody sees them: in their language, in pages, and fresh."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

from app.cache import cache_for
from app.settings import RedisSettings
from tests import make
from tests.make import NOON


async def test_the_list_of_offers(client, database):
    """Only published and open ones, in the reader's language, with an ETag."""
    async with database.writing() as tx:
        await make.offer(tx, published=False)
        later = await make.offer(tx, opens_at=NOON + timedelta(hours=1))
        made = [await make.offer(tx) for _ in range(3)]

    zh = await client.get("/v1/offers?limit=2")
    items = zh.json()["items"]
    assert [each["offer_id"] for each in items] == [str(each.id) for each in made[:0:-1]]
    assert (items[0]["title"], items[0]["merchant"]) == ("一杯咖啡", "街角咖啡")
    assert (items[0]["remaining"], items[0]["title_en"]) == (10, "One coffee")
    rest = await client.get(f"/v1/offers?limit=2&cursor={zh.json()['next_cursor']}")
    assert str(made[0].id) == rest.json()["items"][0]["offer_id"]

    etag = zh.headers["etag"]
    unchanged = await client.get("/v1/offers?limit=2", headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    other_language = {"If-None-Match": etag, "Accept-Language": "en"}
    assert (await client.get("/v1/offers?limit=2", headers=other_language)).status_code == 200

    upcoming = await client.get(f"/v1/offers/{later.id}")
    assert upcoming.json()["opens_at"] == "2026-03-01T05:00:00Z"
    assert (await client.get(f"/v1/offers/{uuid4()}")).status_code == 404


async def test_an_offer_says_how_long_its_coupon_lives(client, database, keys):
    """Before anything is claimed, a phone knows until when the coupon will be good."""
    async with database.writing() as tx:
        made = await make.offer(tx)
        anna = await make.rich(tx)
    offer = (await client.get(f"/v1/offers/{made.id}")).json()
    life = timedelta(seconds=offer["coupon_life_s"])
    assert NOON + life < datetime.fromisoformat(offer["usable_until"])

    headers = make.citizen_headers(keys, anna)
    body = {"offer_id": str(made.id)}
    claimed = (await client.post("/v1/me/redemptions", json=body, headers=headers)).json()

    assert datetime.fromisoformat(claimed["held_until"]) - NOON == life


async def test_flushing_the_store_changes_nothing_but_speed(app, client, database, servers):
    """The copy of the list lives a second; without it the list is read again."""
    async with database.writing() as tx:
        offer = await make.offer(tx)
    store = cache_for(RedisSettings(), servers.redis_url)
    app.state.cache = store
    listed = []
    for _ in range(3):
        listed.append((await client.get("/v1/offers?limit=97")).json()["items"][0]["offer_id"])
        await asyncio.sleep(1.1)  # the store's clock cannot be told to wait
    await store.close()
    assert listed[1:] == [str(offer.id)] * 2
