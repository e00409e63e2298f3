"""Draws: the seed is committed before and revealed after, and anybody can redraw them."""

import hashlib
from datetime import timedelta
from uuid import UUID

import pytest

from app.clock import current_time
from app.ledger import balances
from app.rewards import publish, queue, queue_step
from app.rewards.errors import OfferUnsound
from app.rewards.offers_errors import DrawOver
from app.rewards.queue_step import DRAW_GRACE
from app.rewards.tables import Mode
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, sound

DRAWS_AT = NOON + timedelta(minutes=5)
DRAWN = DRAWS_AT + DRAW_GRACE


def redraw(published: dict) -> list[str]:
    """Who wins, from nothing but what is public: a stranger's program."""
    seed = bytes.fromhex(published["seed"])
    assert hashlib.sha256(seed).hexdigest() == published["seed_hash"]
    ids = [each["ticket_id"] for each in published["entries"]]
    ranked = sorted(ids, key=lambda one: hashlib.sha256(seed + UUID(one).bytes).digest())
    return ranked[: published["winners"]]


async def draw(tx, *, people, stock, **terms):
    """An offer drawn in five minutes, and so many registered citizens."""
    offer = await make.offer(
        tx, mode=Mode.lottery, draws_at=DRAWS_AT, per_citizen=1, stock=stock, **terms
    )
    accounts = [await make.rich(tx, 100) for _ in range(people)]
    for each in accounts:
        await queue.take_ticket(tx, account_id=each, offer_id=offer.id, coupon_key=KEY, now=NOON)
    return offer, accounts


async def step(tx, offer, *, now=DRAWN, limit=99):
    """What the worker does."""
    return await queue_step.step(tx, offer_id=offer.id, limit=limit, now=now)


async def test_anybody_can_redraw_it(client, database):
    """Before the draw only the hash is public; afterwards a stranger finds the same winners."""
    async with database.writing() as tx:
        offer, accounts = await draw(tx, people=20, stock=7)
    path = f"/v1/offers/{offer.id}/draw"
    before = (await client.get(path)).json()
    assert (before["seed"], before["winners"], before["entries"]) == (None, None, [])

    async with database.writing() as tx:
        assert await step(tx, offer, now=DRAWN - timedelta(seconds=1)) == 0
        assert await step(tx, offer) == 7

    after = (await client.get(path)).json()
    assert after["seed_hash"] == before["seed_hash"]
    won = [each["ticket_id"] for each in after["entries"] if each["won"]]
    assert len(after["entries"]) == 20
    assert won == redraw(after)
    async with database.writing() as tx:
        tickets = [await queue.ticket(tx, account_id=each, offer_id=offer.id) for each in accounts]
        assert {str(each.id) for each in tickets if each.state.name == "granted"} == set(won)

    page = (await client.get(f"{path}?limit=15")).json()
    rest = (await client.get(f"{path}?limit=15&cursor={page['next_cursor']}")).json()
    assert page["entries"] + rest["entries"] == after["entries"]


async def test_losers_get_their_points_back_and_winners_do_not(tx):
    """Points are held from registration on, and the loser's return set-based."""
    offer, accounts = await draw(tx, people=9, stock=4)
    held = [(await balances.balance(tx, account_id=each)).held for each in accounts]
    assert held == [100] * 9
    assert await step(tx, offer) == 4
    assert await step(tx, offer, limit=3) == 3
    assert await step(tx, offer, limit=3) == 2
    assert await step(tx, offer) == 0
    held = [(await balances.balance(tx, account_id=each)).held for each in accounts]
    assert sorted(held) == [0] * 5 + [100] * 4
    await sound(tx)


async def test_more_units_than_people(tx):
    """Everybody wins, and units are left."""
    offer, _ = await draw(tx, people=3, stock=10)
    assert await step(tx, offer) == 3
    await sound(tx)


async def test_nobody_registers_after_the_end(database):
    """Registration ends when the draw says, whoever asks, and the refusal says so."""
    async with database.writing() as tx:
        offer, _ = await draw(tx, people=1, stock=1)
        late = await make.rich(tx)
    with pytest.raises(DrawOver) as refusal:
        async with database.writing() as tx:
            await queue.take_ticket(
                tx, account_id=late, offer_id=offer.id, coupon_key=KEY, now=DRAWS_AT
            )
    assert refusal.value.facts == {"draws_at": DRAWS_AT.isoformat(timespec="seconds")}


@pytest.mark.parametrize("held", [False, True])
async def test_a_draw_that_is_over_is_not_offered(app, client, database, keys, held):
    """It leaves the list at its hour, held or not; its own page stays, and its door says why."""
    async with database.writing() as tx:
        offer, _ = await draw(tx, people=2, stock=1)
        late = await make.rich(tx)
        if held:
            await step(tx, offer)
    one, many = f"/v1/offers/{offer.id}", "/v1/offers?limit=100&kind=product"

    async def listed(order):
        items = (await client.get(f"{many}&order={order}")).json()["items"]
        return str(offer.id) in {each["offer_id"] for each in items}

    assert [await listed(order) for order in ("newest", "cheapest")] == [True, True]
    app.dependency_overrides[current_time] = lambda: DRAWS_AT
    assert [await listed(order) for order in ("newest", "cheapest")] == [False, False]
    assert (await client.get(one)).status_code == 200
    for door in ("/v1/me/tickets", "/v1/me/redemptions"):
        refused = await client.post(
            door, json={"offer_id": str(offer.id)}, headers=make.citizen_headers(keys, late)
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "draw-over")


async def test_a_draw_whose_hour_has_passed_is_not_published(database):
    """Nobody could enter it: the draft stays one, and the refusal names the field."""
    async with database.writing() as tx:
        offer = await make.offer(
            tx, mode=Mode.lottery, draws_at=DRAWS_AT, per_citizen=1, published=False
        )
    said = {"offer_id": str(offer.id)}
    with pytest.raises(OfferUnsound) as refusal:
        async with database.writing() as tx:
            await publish.apply(tx, payload=said, now=DRAWS_AT)
    assert refusal.value.facts == {"field": "draws_at"}
    async with database.writing() as tx:
        await publish.apply(tx, payload=said, now=DRAWS_AT - timedelta(seconds=1))


async def test_a_forged_winner_is_found(tx):
    """A stranger's program notices a place that the seed did not give."""
    offer, _ = await draw(tx, people=6, stock=3)
    await step(tx, offer)
    row = await (
        await tx.execute("SELECT seed FROM offer_seed WHERE offer_id = %s", (offer.id,))
    ).fetchone()
    rows = await tx.execute("SELECT id FROM ticket WHERE offer_id = %s ORDER BY place", (offer.id,))
    ids = [str(each) async for (each,) in rows]
    seed = bytes(row[0])
    public = {"seed": seed.hex(), "seed_hash": hashlib.sha256(seed).hexdigest(), "winners": 3}
    assert redraw(public | {"entries": [{"ticket_id": one} for one in ids]}) == ids[:3]
    with pytest.raises(AssertionError):
        redraw(public | {"seed": bytes(32).hex(), "entries": []})
