"""Lines: a shuffled start, then first come first served; granted exactly, let go completely."""

import asyncio
import contextlib
from collections import Counter
from datetime import timedelta

import pytest

from app.database import savepoint
from app.ledger import balances
from app.ledger.errors import InsufficientPoints
from app.rewards import claims, queue, queue_step, queue_tend
from app.rewards.offers_errors import (
    OfferNeedsTicket,
    OfferTakesNoTicket,
    TicketClosed,
    TicketExists,
)
from app.rewards.queue_tables import TicketState
from app.rewards.tables import Mode
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, claim, code, sound, till

SECOND = timedelta(seconds=1)
SHUFFLED = NOON + 30 * SECOND


async def line(tx, **terms):
    """An offer with a line that opens at noon and shuffles its first half minute."""
    usual = {"mode": Mode.queue, "shuffle_s": 30, "per_citizen": 1, "opens_at": NOON, "stock": 3}
    return await make.offer(tx, **usual | terms)


async def join(tx, account_id, offer, *, at=NOON):
    """A citizen takes a ticket."""
    return await queue.take_ticket(
        tx, account_id=account_id, offer_id=offer.id, coupon_key=KEY, now=at
    )


async def states(tx, people, offer):
    """What has become of each one's ticket."""
    return [
        (await queue.ticket(tx, account_id=each, offer_id=offer.id)).state.name for each in people
    ]


async def test_the_first_seconds_are_shuffled_then_it_is_first_come(tx):
    """Whoever came early is ordered by the seed, whoever came later stands behind them in order."""
    offer = await line(tx, stock=1)
    early = [await make.rich(tx) for _ in range(12)]
    late = [await make.rich(tx) for _ in range(3)]
    for nth, each in enumerate(early):
        await join(tx, each, offer, at=NOON + nth * SECOND)
    assert await queue_step.step(tx, offer_id=offer.id, limit=99, now=NOON + 29 * SECOND) == 0
    for nth, each in enumerate(late):
        await join(tx, each, offer, at=SHUFFLED + nth * SECOND)

    granted = await queue_step.step(tx, offer_id=offer.id, limit=99, now=SHUFFLED + 9 * SECOND)

    assert granted == 1
    tickets = [await queue.ticket(tx, account_id=each, offer_id=offer.id) for each in early + late]
    assert sorted(each.place for each in tickets[:12]) == list(range(1, 13))
    assert [each.place for each in tickets[:12]] != list(range(1, 13))
    assert [each.place for each in tickets[12:]] == [13, 14, 15]
    assert tickets[-1].ahead == 13
    assert next(each for each in tickets if each.place == 1).state is TicketState.granted
    await sound(tx)


async def test_one_ticket_each_whatever_became_of_it(tx):
    """Waiting, or left: a second one is refused for what it is, and nothing more is held."""
    anna = await make.rich(tx, 100)
    offer = await line(tx)
    await join(tx, anna, offer)
    for held, left in ((100, False), (0, True)):
        if left:
            await queue.leave(tx, account_id=anna, offer_id=offer.id, now=NOON)
        with pytest.raises(TicketExists):
            async with savepoint(tx):
                await join(tx, anna, offer)
        assert (await balances.balance(tx, account_id=anna)).held == held
    await sound(tx)


async def test_a_granted_ticket_is_a_redemption_that_a_till_takes(tx):
    """The coupon of a ticket is worked out from the same id."""
    anna = await make.rich(tx)
    offer = await line(tx)
    ticket_id = await join(tx, anna, offer)
    await queue_step.step(tx, offer_id=offer.id, limit=9, now=SHUFFLED)
    held = await claims.claim(tx, account_id=anna, redemption_id=ticket_id, now=SHUFFLED)
    assert held.state.name == "held"
    await till(tx, offer, code(anna, ticket_id), now=SHUFFLED)
    assert (await balances.balance(tx, account_id=anna)).consumed == 100
    await sound(tx)


async def test_the_rest_gets_its_points_back_when_the_line_closes(tx):
    """Three units, five people: two are let go, and nothing of theirs stays held."""
    people = [await make.rich(tx, 100) for _ in range(5)]
    offer = await line(tx, closes_at=NOON + 60 * SECOND)
    for each in people:
        await join(tx, each, offer)
    assert await queue_step.step(tx, offer_id=offer.id, limit=99, now=SHUFFLED) == 3
    closed = NOON + 60 * SECOND
    assert await queue_step.step(tx, offer_id=offer.id, limit=1, now=closed) == 1
    assert await queue_step.step(tx, offer_id=offer.id, limit=9, now=closed) == 1
    assert Counter(await states(tx, people, offer)) == {"granted": 3, "left": 2}
    held = [(await balances.balance(tx, account_id=each)).held for each in people]
    assert sorted(held) == [0, 0, 100, 100, 100]
    await sound(tx)


async def test_who_leaves_gets_everything_back_once(database):
    """Leaving twice answers the same; a granted ticket cannot be left."""
    async with database.writing() as tx:
        anna, boris = await make.rich(tx, 100), await make.rich(tx, 100)
        offer = await line(tx)
        for each in (anna, boris):
            await join(tx, each, offer)
        first = await queue.leave(tx, account_id=anna, offer_id=offer.id, now=NOON)
        again = await queue.leave(tx, account_id=anna, offer_id=offer.id, now=SHUFFLED)
        assert first == again
        assert (await balances.balance(tx, account_id=anna)).available == 100
        await queue_step.step(tx, offer_id=offer.id, limit=9, now=SHUFFLED)
        with pytest.raises(TicketClosed) as refusal:
            await queue.leave(tx, account_id=boris, offer_id=offer.id, now=SHUFFLED)
        assert refusal.value.facts == {"state": "granted"}
        await sound(tx)


async def test_a_line_and_a_counter_are_told_apart(database):
    """An offer with a line is not claimed, one without takes no ticket, a poor citizen neither."""
    async with database.writing() as tx:
        anna, poor = await make.rich(tx), make.account()
        offer, plain = await line(tx), await make.offer(tx)
    with pytest.raises(OfferNeedsTicket):
        async with database.writing() as tx:
            await claim(tx, anna, offer)
    with pytest.raises(OfferTakesNoTicket):
        async with database.writing() as tx:
            await join(tx, anna, plain)
    with pytest.raises(InsufficientPoints):
        async with database.writing() as tx:
            await join(tx, poor, offer)


async def test_grants_race_leavers_and_each_other(committing):
    """Workers step one line at once while people leave: units and tickets are counted exactly."""
    async with committing.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(40)]
        offer = await line(tx, stock=25)
        for each in people:
            await join(tx, each, offer)

    async def stepping():
        async with committing.writing() as tx:
            return await queue_step.step(tx, offer_id=offer.id, limit=4, now=SHUFFLED)

    async def leaving(account_id):
        with contextlib.suppress(TicketClosed):
            async with committing.writing() as tx:
                await queue.leave(tx, account_id=account_id, offer_id=offer.id, now=SHUFFLED)

    acts = [stepping() for _ in range(12)] + [leaving(each) for each in people[:10]]
    await asyncio.gather(*acts)
    await queue_tend.tend_once(committing, clock=lambda: SHUFFLED)

    async with committing.snapshot() as tx:
        found = Counter(await states(tx, people, offer))
        assert found["granted"] == 25
        assert found["granted"] + found["left"] + found["waiting"] == 40
        await sound(tx)


async def test_one_citizen_takes_one_ticket_of_twenty_requests(live_client, committing, keys):
    """The same intention twenty times, then another: one ticket, and a refusal."""
    async with committing.writing() as tx:
        anna = await make.rich(tx)
        offer = await line(tx)
    body = {"offer_id": str(offer.id)}
    headers = make.citizen_headers(keys, anna, key="the-same-wish")
    answers = await asyncio.gather(
        *(live_client.post("/v1/me/tickets", json=body, headers=headers) for _ in range(20))
    )
    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    other = await live_client.post(
        "/v1/me/tickets", json=body, headers=make.citizen_headers(keys, anna)
    )
    assert (other.status_code, other.json()["code"]) == (409, "ticket-exists")
    mine = f"/v1/me/tickets/{offer.id}"
    shown = await live_client.get(mine, headers=make.citizen_headers(keys, anna))
    assert (shown.json()["state"], shown.json()["points"]) == ("waiting", 100)
    left = await live_client.post(f"{mine}/leave", headers=make.citizen_headers(keys, anna))
    assert left.json()["state"] == "left"
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_a_phone_is_told_how_many_are_really_ahead(live_client, committing, keys):
    """Through the door that hides other people's tickets, each hears the distance to the head."""
    async with committing.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(5)]
        offer = await line(tx, stock=2, shuffle_s=0)
        for nth, each in enumerate(people):
            await join(tx, each, offer, at=NOON + nth * SECOND)
    async with committing.writing() as tx:
        assert await queue_step.step(tx, offer_id=offer.id, limit=99, now=SHUFFLED) == 2

    told = []
    for each in people:
        answer = await live_client.get(
            f"/v1/me/tickets/{offer.id}", headers=make.citizen_headers(keys, each)
        )
        told.append((answer.json()["place"], answer.json()["ahead"]))

    assert told == [(1, None), (2, None), (3, 0), (4, 1), (5, 2)]


async def test_the_head_of_a_line_is_a_number_and_no_ticket(committing):
    """A citizen learns the head's place, of a line that is not theirs too, and reads no row."""
    async with committing.writing() as tx:
        offer = await line(tx, shuffle_s=0, stock=1)
        for _ in range(3):
            await join(tx, await make.rich(tx, 100), offer)
    async with committing.writing() as tx:
        await queue_step.step(tx, offer_id=offer.id, limit=99, now=SHUFFLED)
    async with committing.reading_as(account_id=make.account()) as tx:
        row = await (await tx.execute("SELECT line_head(%s)", (offer.id,))).fetchone()
        assert row == (2,)
        assert await (await tx.execute("SELECT count(*) FROM ticket")).fetchone() == (0,)
