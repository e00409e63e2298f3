"""One ride, followed: linked, reported, explained, spent on a coffee, scanned at the till."""

from datetime import timedelta

from app.people.tokens import Audience
from tests import city, make
from tests.city import NOON, bearer, charge


async def test_a_charge_buys_a_coffee(client, app, database):
    """From a provider's record to a merchant's till, over HTTP, in one story."""
    async with database.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx)
        offer = await make.offer(tx, points=100, closes_at=NOON + timedelta(days=7))
    as_anna = bearer(app.state.tokens, Audience.citizen, str(anna.id), anna.account_id)
    as_bikes = bearer(app.state.tokens, Audience.provider, "bikes")
    as_cafe = bearer(app.state.tokens, Audience.merchant, str(offer.merchant.id))

    batch = await client.post(
        "/v1/provider/batches", json={"records": [charge()]}, headers=as_bikes
    )
    outcome = batch.json()["outcomes"][0]
    assert (outcome["grams"], outcome["points"]) == (8441, 168)

    told = await client.get(
        f"/v1/me/reductions/{outcome['reduction_id']}/explanation", headers=as_anna
    )
    assert told.json()["agrees"] is True

    bought = await client.post(
        "/v1/me/redemptions",
        json={"offer_id": str(offer.id)},
        headers=as_anna | {"Idempotency-Key": "coffee-1"},
    )
    assert bought.status_code == 201
    wallet = (await client.get("/v1/me/wallet", headers=as_anna)).json()
    assert (wallet["available"], wallet["held"]) == (68, 100)

    scan = {"coupon": bought.json()["coupon"], "order_no": "till-7-0001"}
    first = await client.post("/v1/merchant/coupons/redeem", json=scan, headers=as_cafe)
    again = await client.post("/v1/merchant/coupons/redeem", json=scan, headers=as_cafe)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()

    wallet = (await client.get("/v1/me/wallet", headers=as_anna)).json()
    assert (wallet["available"], wallet["held"], wallet["consumed"]) == (68, 0, 100)
    lines = (await client.get("/v1/me/statement", headers=as_anna)).json()["items"]
    assert [(line["kind"], line["points"]) for line in lines] == [("redeem", -100), ("earn", 168)]
