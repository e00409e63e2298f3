"""Valkey may be emptied, or be gone: nothing changes but speed."""

import httpx
import pytest
from redis.asyncio import Redis

from app.cache import Cache, cache_for
from app.clock import current_time
from app.main import create_app
from app.people.tokens import Audience
from app.settings import RedisSettings, Settings
from tests import city, make
from tests.city import NOON, bearer, charge


async def story(client, app, database, between):
    """A charge buys a coffee; ``between`` happens after every step."""
    async with database.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx)
        offer = await make.offer(tx, points=100)
    as_anna = bearer(app.state.tokens, Audience.citizen, str(anna.id), anna.account_id)
    as_bikes = bearer(app.state.tokens, Audience.provider, "bikes")
    as_cafe = bearer(app.state.tokens, Audience.merchant, str(offer.merchant.id))
    wish = {"offer_id": str(offer.id)}
    key = as_anna | {"Idempotency-Key": "coffee-1"}
    answers = []

    async def step(method, path, headers, body=None):
        answer = await client.request(method, path, headers=headers, json=body)
        await between()
        answers.append(answer.status_code)
        return answer.json()

    batch = {"records": [charge()]}
    await step("POST", "/v1/provider/batches", as_bikes, batch)
    again = await step("POST", "/v1/provider/batches", as_bikes, batch)
    await step("GET", "/v1/offers", {})
    first = await step("POST", "/v1/me/redemptions", key, wish)
    twin = await step("POST", "/v1/me/redemptions", key, wish)
    scan = {"coupon": first["coupon"], "order_no": "1"}
    await step("POST", "/v1/merchant/coupons/redeem", as_cafe, scan)
    await step("POST", "/v1/merchant/coupons/redeem", as_cafe, scan)
    wallet = await step("GET", "/v1/me/wallet", as_anna)
    assert again["duplicate"] == 1
    assert first == twin
    return answers, (wallet["available"], wallet["held"], wallet["consumed"])


EXPECTED = ([207, 207, 200, 201, 201, 200, 200, 200], (68, 0, 100))


async def test_a_store_that_is_emptied_after_every_step(client, app, database, servers):
    """FLUSHALL between any two requests: the same answers, the same wallet."""
    store = Redis.from_url(servers.redis_url)

    async def flush():
        await store.flushall()

    assert await story(client, app, database, flush) == EXPECTED
    await store.aclose()


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
async def test_a_store_that_is_not_there(database, keys, url):
    """Without a store, or with one that refuses: the same answers, the same wallet."""
    cache = Cache(None) if url is None else cache_for(RedisSettings(), url)
    app = create_app(
        Settings(environment="test"), database=database, cache=cache, keys=keys, opens=False
    )
    app.dependency_overrides[current_time] = lambda: NOON

    async def nothing():
        """Let the next step follow."""

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert await story(client, app, database, nothing) == EXPECTED
    await cache.close()
