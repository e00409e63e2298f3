"""Live events over real servers: soon, in order, none lost and none twice, Redis or not."""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import pytest

from app.cache import Cache
from app.database import Database, database_for
from app.notices.enqueue import enqueue
from app.people.tokens import Audience, Tokens
from app.phone import routes_citizen_live
from app.phone.place import Place
from app.settings import DatabaseSettings
from tests import city, make
from tests.city import MORNING, NOON
from tests.phone.live import Listener, service, serving


async def founded(database: Database):
    """A city with Anna in it."""
    async with database.writing() as tx:
        await city.programme(tx)
        return await city.citizen(tx)


def ride(n: int):
    """The n-th ride of a long day."""
    return city.ride(f"ride-{n}", start=MORNING - timedelta(hours=n))


async def post(client, keys, *records):
    """A batch over HTTP."""
    bearer = city.bearer(Tokens(keys.token), Audience.provider, "bikes")
    answer = await client.post(
        "/v1/provider/batches", json={"records": list(records)}, headers=bearer
    )
    assert answer.status_code == 207, answer.text
    return answer.json()


@pytest.mark.parametrize("redis", [True, False])
async def test_a_ride_arrives_within_two_seconds(committing, cache, keys, redis):
    """A batch that another server takes is told at once, with and without Redis."""
    anna = await founded(committing)
    store = cache if redis else Cache(None)
    here, there = (service(committing, store, keys) for _ in range(2))
    async with serving(here) as client, serving(there) as other:
        headers = make.citizen_headers(keys, anna.account_id)
        listener = await Listener(client, headers).open()
        took_s = []
        for n in range(1, 6):
            started_s = time.monotonic()
            sent = await post(other, keys, ride(n))
            *_, act, points = await listener.until(2 * n)
            took_s.append(time.monotonic() - started_s)
            # One may be late where the machine stands still; then two in a row must not be.
            if max(took_s[-2:]) < 2:
                break
        assert max(took_s[-2:]) < 2
        await listener.close()

    assert (act["kind"], act["grams_g"], act["points"]) == ("act_credited", 180, 18)
    assert (act["unit"], points["unit"]) == ("points", "points")
    assert act["reduction_id"] == sent["outcomes"][0]["reduction_id"]
    assert (points["kind"], points["points"], points["balance"]) == ("points_arrived", 18, 18 * n)


async def test_resuming_loses_and_doubles_nothing(committing, cache, keys):
    """Cut after every event in turn, the pieces are the one stream, and the polls are it too."""
    anna = await founded(committing)
    headers = make.citizen_headers(keys, anna.account_id)
    async with serving(service(committing, cache, keys)) as client:
        start = (await client.get("/v1/me/changes", headers=headers)).json()["after"]
        whole = await Listener(client, headers).open()
        for n in range(3):
            async with committing.writing() as tx:
                await city.send(tx, ride(n))
                await enqueue(
                    tx, template="points_earned", facts_of={anna.account_id: {"points": n}},
                    now=NOON,
                )  # fmt: skip
        expected = list(await whole.until(9))
        await whole.close()
        assert len({each["id"] for each in expected}) == 9
        for cut in range(9):
            piece = Listener(client, headers)
            piece.last_id = expected[cut]["id"]
            if cut < 8:
                await piece.open()
                rest = await piece.until(8 - cut)
                await piece.close()
                assert [_told(each) for each in rest] == [
                    _told(each) for each in expected[cut + 1 :]
                ]
            polled = await client.get(
                "/v1/me/changes", params={"after": expected[cut]["id"]}, headers=headers
            )
            assert [_told(each) for each in polled.json()["items"]] == [
                _told(each) for each in expected[cut + 1 :]
            ]
        polled = await client.get("/v1/me/changes", params={"after": start}, headers=headers)
    assert sorted(map(_told, polled.json()["items"])) == sorted(map(_told, expected))
    assert polled.headers["retry-after"] == "5"


def _told(event):
    """What an event says, wherever it was read."""
    message = event["message"] and event["message"]["id"]
    return str((event["kind"], event["points"], event["balance"], message))


async def test_a_message_that_is_committed_late_is_not_lost(committing, cache, keys):
    """One that began first and ends last comes after the others, and comes."""
    anna = make.account()
    headers = make.citizen_headers(keys, anna)

    async def tell(tx, n):
        await enqueue(tx, template="points_earned", facts_of={anna: {"points": n}}, now=NOON)

    async with serving(service(committing, cache, keys)) as client:
        listener = await Listener(client, headers).open()
        async with committing.writing() as slow:
            await tell(slow, 1)
            async with committing.writing() as quick:
                await tell(quick, 2)
            await asyncio.sleep(1.2)  # longer than the hub waits between two looks
        found = await listener.until(2)
        await listener.close()
    assert {each["message"]["text"] for each in found} == {
        "You earned 1 points.",
        "You earned 2 points.",
    }


async def test_a_coupon_that_is_used_is_told(committing, cache, keys):
    """The till takes it, the phone hears of that very redemption; an undone sale is told too."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        offer = await make.offer(tx, points=40)
    headers = make.citizen_headers(keys, anna)
    till = make.merchant_headers(keys, offer.merchant.id)
    async with serving(service(committing, cache, keys)) as client:
        made = await client.post(
            "/v1/me/redemptions", json={"offer_id": str(offer.id)}, headers=headers
        )
        listener = await Listener(client, headers).open()
        sale = {"coupon": made.json()["coupon"], "order_no": "order-1"}
        taken = await client.post("/v1/merchant/coupons/redeem", json=sale, headers=till)
        assert taken.status_code == 200, taken.text
        (used,) = await listener.until(1)
        await listener.close()
    assert (used["kind"], used["state"], used["points"], used["balance"]) == (
        "coupon_changed",
        "spent",
        -40,
        60,
    )
    assert used["redemption_id"] == made.json()["redemption_id"]


async def emptied(app, seats):
    """Wait until no more seats are taken."""
    async with asyncio.timeout(60):
        while app.state.hub.listening > seats:  # noqa: ASYNC110 -- the hub tells nobody
            await asyncio.sleep(0.01)


async def test_listeners_hold_no_connection(fresh_urls, cache, keys):
    """Forty listen through two connections, each hears its own, and the seats are bounded."""
    database = database_for(DatabaseSettings(pool_size=2, read_pool_size=2), fresh_urls.app)
    await database.open()
    async with database.writing() as tx:
        people = [await make.rich(tx, 1) for _ in range(40)]
    app = service(database, cache, keys)
    async with serving(app) as client:
        heads = [make.citizen_headers(keys, each) for each in people]
        listeners = await asyncio.gather(*(Listener(client, each).open() for each in heads))
        for points, account_id in enumerate(people, start=1):
            async with database.writing() as tx:
                await make.points(tx, account_id, points)
        for points, listener in enumerate(listeners, start=1):
            (told,) = await listener.until(1)
            assert (told["kind"], told["points"]) == ("points_arrived", points)

        second, third = [await Listener(client, heads[0]).open() for _ in range(2)]
        refused = await client.get("/v1/me/events", headers=heads[0])
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
        await second.close()
        await emptied(app, 41)
        fourth = await Listener(client, heads[0]).open()
        await asyncio.gather(*(each.close() for each in [*listeners, third, fourth]))
        await emptied(app, 0)
    await database.close()


async def test_a_quiet_stream_beats_and_ends(committing, cache, keys, monkeypatch):
    """A comment shows that it lives; after its life it ends, and its last id goes on."""
    monkeypatch.setattr(routes_citizen_live, "HEARTBEAT_S", 1)
    monkeypatch.setattr(routes_citizen_live, "LIFE_S", 4)
    headers = make.citizen_headers(keys, make.account())
    async with serving(service(committing, cache, keys)) as client:
        listener = await Listener(client, headers).open()
        await asyncio.wait_for(listener._task, 60)
        assert listener.comments >= 1
        assert listener.last_id


async def test_the_id_of_another_database_starts_anew(client, tx, keys):
    """A place that lies in the future is of a database that was restored: the client is told."""
    headers = make.citizen_headers(keys, make.account())
    foreign = Place({1: 84}, 2**60, UUID(int=1)).text
    answer = await client.get("/v1/me/changes", params={"after": foreign}, headers=headers)
    assert (answer.json()["resync"], answer.json()["items"]) == (True, [])
    for nonsense in ("x", "WzFd", "WyI5OToxIiwgMSwgIngiXQ"):
        bad = await client.get("/v1/me/changes", params={"after": nonsense}, headers=headers)
        assert bad.json()["code"] == "bad-cursor", bad.text
