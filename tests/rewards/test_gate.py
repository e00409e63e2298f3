"""The gate may be lost, slow or lying: never a unit too many, never a false "sold out"."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreGone

from app.cache import Cache
from app.clock import current_time
from app.main import create_app
from app.rewards import gate as gate_module
from app.rewards.gate import Gate, Word
from app.rewards.gate_crowd import Crowd
from app.rewards.offers_errors import OfferBusy
from app.rewards.offers_known import PLENTY
from app.rewards.redeem_admission import Admission
from app.rewards.withdraw import withdraw
from app.settings import Settings
from tests import make
from tests.make import NOON, citizen_headers
from tests.rewards.counter import left, sound

UNITS = 5
PEOPLE = 24


class Store:
    """A store that answers what a test wants, or fails."""

    def __init__(self, say):
        self._say = say
        self.asked = 0

    async def eval(self, *_: object) -> int:
        self.asked += 1
        return await self._say()


async def always_yes():
    return 1


async def always_no():
    return 0


async def always_unbuilt():
    return -1


async def slow():
    await asyncio.sleep(1)
    return 0


async def dead():
    raise StoreGone("gone")


async def nonsense():
    return b"maybe"


@pytest.fixture
async def store(servers):
    """The real store."""
    client = Redis.from_url(servers.redis_url)
    await client.ping()  # the first call makes the connection, which may take its time
    yield client
    await client.aclose()


@asynccontextmanager
async def serving(committing, keys, store):
    """A live service whose gate is ``store``."""
    app = create_app(
        Settings(environment="test"), database=committing, cache=Cache(None), keys=keys, opens=False
    )
    app.dependency_overrides[current_time] = lambda: NOON
    app.state.admission = Admission(Gate(store), device_key=keys.subject)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
        yield client


async def rush(committing, keys, client, *, beside=None):
    """So many ask at once, each with a retry; what they were told in the end."""
    async with committing.writing() as tx:
        people = [await make.rich(tx) for _ in range(PEOPLE)]
        offer = await make.offer(tx, stock=UNITS, per_citizen=1)

    async def asking(account_id):
        headers = citizen_headers(keys, account_id, key=f"wish-{account_id}")
        body = {"offer_id": str(offer.id)}
        answers = [
            await client.post("/v1/me/redemptions", json=body, headers=headers) for _ in range(2)
        ]
        if answers[0].status_code == 201:
            assert answers[0].content == answers[1].content
        return answers[-1].json().get("code", "sold")

    acts = [asking(each) for each in people]
    *answers, _ = await asyncio.gather(*acts, beside() if beside else asyncio.sleep(0))
    assert Counter(answers) == {"sold": UNITS, "offer-sold-out": PEOPLE - UNITS}
    async with committing.snapshot() as tx:
        assert (await left(tx, offer.id, people[0])).units == 0
        await sound(tx)


@pytest.mark.parametrize(
    "say",
    [always_yes, always_no, always_unbuilt, slow, dead, nonsense],
    ids=lambda say: say.__name__,
)
async def test_whatever_the_store_says(committing, keys, say):
    """A liar in either direction, a slow and a dead store: exactly as many as there are."""
    told = Store(say)
    async with serving(committing, keys, told) as client:
        await rush(committing, keys, client)
    assert told.asked > 0


async def test_a_withdrawn_offer_is_not_called_sold_out(committing, keys):
    """A process that still remembers the offer, and a gate that says no: it has closed, says 404."""
    async with committing.writing() as tx:
        anna, boris = await make.rich(tx), await make.rich(tx)
        offer = await make.offer(tx)
    body = {"offer_id": str(offer.id)}
    async with serving(committing, keys, Store(always_no)) as client:
        admission = client._transport.app.state.admission
        first = await client.post(
            "/v1/me/redemptions", json=body, headers=citizen_headers(keys, anna)
        )
        async with committing.writing() as tx:
            await withdraw(
                tx,
                offer_id=offer.id,
                merchant_id=offer.merchant.id,
                actor="staff:x",
                reason_zh="停业",
                reason_en="Closed",
                now=NOON,
            )
        _, known = admission._known._kept[offer.id]
        admission._known._kept[offer.id] = (2**62, known)  # a memory that does not end meanwhile
        later = await client.post(
            "/v1/me/redemptions", json=body, headers=citizen_headers(keys, boris)
        )
    assert (first.status_code, later.json()["code"]) == (201, "offer-not-found")


async def test_the_real_store(committing, keys, store):
    """With a gate that works the result is the same."""
    async with serving(committing, keys, store) as client:
        await rush(committing, keys, client)


async def test_a_store_that_is_emptied_in_the_middle(committing, keys, store):
    """FLUSHALL again and again while people ask changes nothing."""

    async def emptying():
        for _ in range(20):
            await store.flushall()
            await asyncio.sleep(0.02)

    async with serving(committing, keys, store) as client:
        await rush(committing, keys, client, beside=emptying)


async def test_where_there_is_plenty_nobody_asks_the_gate(committing, keys):
    """A gate that says no, of an offer that cannot be gone in a second, is not even asked."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 1_000)
        few, many = await make.offer(tx, stock=PLENTY - 1), await make.offer(tx, stock=PLENTY)
    told = Store(always_no)
    async with serving(committing, keys, told) as client:
        for offer, asked in ((many, 0), (few, 1)):
            answer = await client.post(
                "/v1/me/redemptions",
                json={"offer_id": str(offer.id)},
                headers=citizen_headers(keys, anna, key=f"wish-{asked}-of-mine"),
            )
            assert (answer.status_code, told.asked) == (201, asked)


async def test_a_slow_store_is_left_alone_for_a_while(monkeypatch):
    """After one call that took too long nobody waits for it again."""
    monkeypatch.setattr(gate_module, "REST_S", 600)  # longer than the five calls may take
    told = Store(slow)
    gate = Gate(told)
    words = [await gate.ask(uuid4(), account_id=1, request="r", per_citizen=1) for _ in range(5)]
    assert words == [Word.silent] * 5
    assert told.asked == 1
    assert gate.rests


async def test_tokens_are_a_fifth_more_and_a_retry_takes_none(store, monkeypatch):
    """Ten units make thirteen tokens; the same request asked again is let in without one."""
    # The store's time is not in question here: it may think, and tokens live as long as the test.
    monkeypatch.setattr(gate_module, "WAIT", timedelta(seconds=60))
    monkeypatch.setattr(gate_module, "LIFE_S", 600)
    gate, offer_id = Gate(store), uuid4()

    async def ask(account_id, request="r", per_citizen=1):
        return await gate.ask(
            offer_id, account_id=account_id, request=request, per_citizen=per_citizen
        )

    assert await ask(0) is Word.unbuilt
    await gate.build(offer_id, units=10)
    words = [await ask(number) for number in range(1, 15)]
    assert words == [Word.go] * 13 + [Word.no]
    assert await ask(1) is Word.go
    assert await ask(1, "another wish") is Word.no


async def test_a_crowd_is_bounded_and_in_order():
    """So many are inside, so many wait, the rest is told to come back; nobody overtakes."""
    crowd, offer_id, inside, order = Crowd(inside=2, waiting=3, wait_s=60), uuid4(), [], []
    most = 0

    async def visit(number):
        nonlocal most
        async with crowd.enter(offer_id, tight=False):
            order.append(number)
            inside.append(number)
            most = max(most, len(inside))
            await asyncio.sleep(0.01)
            inside.remove(number)

    answers = await asyncio.gather(*(visit(n) for n in range(7)), return_exceptions=True)
    assert [type(each) for each in answers[5:]] == [OfferBusy] * 2
    assert answers[:5] == [None] * 5
    assert (most, order) == (2, [0, 1, 2, 3, 4])
    assert await asyncio.wait_for(visit(9), 30) is None


async def test_who_gives_up_waiting_leaves_no_hole():
    """A turn that nobody takes any more goes to the next, and a wait has an end."""
    crowd, offer_id = Crowd(inside=1, waiting=9, wait_s=3), UUID(int=1)

    async def visit(until=None):
        async with crowd.enter(offer_id, tight=True):
            if until is not None:
                await until.wait()

    leaves = asyncio.Event()
    first = asyncio.create_task(visit(leaves))
    await asyncio.sleep(0)
    gone, second = asyncio.create_task(visit()), asyncio.create_task(visit())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    leaves.set()
    await asyncio.gather(first, second)
    await asyncio.wait_for(visit(), 30)
    ends = asyncio.Event()
    long = asyncio.create_task(visit(ends))
    await asyncio.sleep(0)
    with pytest.raises(OfferBusy):
        await visit()  # as nobody leaves, its wait is what ends
    ends.set()
    await long


async def test_a_full_crowd_is_a_503_that_may_be_repeated(committing, keys):
    """Whoever is turned away learns when to come back; nothing was decided."""
    async with committing.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx)
    async with serving(committing, keys, None) as client:
        crowd = Crowd(inside=1, waiting=0)
        admission = Admission(Gate(None), device_key=keys.subject, crowd=crowd)
        client._transport.app.state.admission = admission
        body, headers = {"offer_id": str(offer.id)}, citizen_headers(keys, anna)
        async with crowd.enter(offer.id, tight=True):
            busy = await client.post("/v1/me/redemptions", json=body, headers=headers)
        assert (busy.status_code, busy.json()["code"]) == (503, "offer-busy")
        assert busy.headers["retry-after"] == "1"
        again = await client.post("/v1/me/redemptions", json=body, headers=headers)
        assert again.status_code == 201
