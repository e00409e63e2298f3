"""A rush in one process: hundreds of requests at once ask little of the store and the database."""

import asyncio
import time
from contextlib import asynccontextmanager
from uuid import uuid4

from app import cache
from app.cache import Cache
from app.rewards import gate, offers_known
from app.rewards.gate import Gate, Word
from app.rewards.offers_known import KnownOffers
from tests import make

PEOPLE = 300


class Store:
    """A store that answers "yes" after a few turns of the loop, and counts who asks at once."""

    def __init__(self, *, blocks_s=0.0):
        self.inside = self.most = 0
        self._blocks_s = blocks_s

    async def eval(self, *_: object) -> int:
        return await self._answer(1)

    async def get(self, key: str) -> bytes:
        return await self._answer(key.encode())

    async def _answer(self, word):
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0)
        self._hold_the_loop()
        for _ in range(4):  # read, parse, hand over
            await asyncio.sleep(0)
        self.inside -= 1
        return word

    def _hold_the_loop(self) -> None:
        time.sleep(self._blocks_s)  # the whole process is busy with something else


async def asks(way: Gate, offer_id, number: int) -> Word:
    return await way.ask(offer_id, account_id=number, request="r", per_citizen=1)


async def test_a_rush_takes_few_connections_to_the_gate():
    """Everybody is answered, and at most a lane's width asks at the same time."""
    store, offer_id = Store(), uuid4()
    way = Gate(store)
    words = await asyncio.gather(*(asks(way, offer_id, n) for n in range(PEOPLE)))
    assert set(words) == {Word.go}
    assert store.most == gate.LANE


async def test_a_busy_process_does_not_take_itself_for_a_slow_store():
    """An answer that lies unread because the loop was late is still an answer."""
    way = Gate(Store(blocks_s=4 * gate.WAIT.total_seconds()))
    assert await asks(way, uuid4(), 1) is Word.go
    assert not way.rests


async def test_a_rush_takes_few_connections_for_copies():
    """Everybody gets the copy that was asked for, a lane's width at the same time."""
    store = Store()
    copies = Cache(store)
    keys = [f"key-{n}" for n in range(PEOPLE)]
    found = await asyncio.gather(*(copies.text(key, life_s=5, make=None) for key in keys))
    assert found == keys
    assert store.most == cache.LANE


async def test_a_rush_takes_one_connection_to_count_requests():
    """The limits of all callers are counted one question after another."""

    class Counting(Store):
        async def eval(self, _: str, count: int, *__: object) -> list[int]:
            return await self._answer([1] * count)

    store = Counting()
    counting = Cache(store)
    await asyncio.gather(*(counting.allow(f"who-{n}", per_minute=9) for n in range(PEOPLE)))
    assert store.most == 1


async def test_a_rush_reads_an_offer_once(monkeypatch):
    """Whoever comes while the offer is being read waits for that reading."""
    known, reads = KnownOffers(), []

    class Places:
        @asynccontextmanager
        async def reading(self):
            yield None

    async def read(tx, *, offer_ids):
        reads.append(offer_ids)
        await asyncio.sleep(0)
        return {}

    monkeypatch.setattr(offers_known, "read", read)
    offer_id = uuid4()
    await asyncio.gather(*(known.get(Places(), offer_id=offer_id) for _ in range(PEOPLE)))
    assert reads == [[offer_id]]


async def test_what_is_asked_for_is_read_together(committing, monkeypatch):
    """Four offers that are asked for second after second cost one reading a second, not four."""
    async with committing.writing() as tx:
        offers = [(await make.offer(tx, stock=stock)).id for stock in (7, 20_000, 9, 9)]
    clock = [10**9]
    monkeypatch.setattr(offers_known.time, "monotonic_ns", lambda: clock[0])
    known, reads, really = KnownOffers(), [], offers_known.read

    async def read(tx, *, offer_ids):
        reads.append(set(offer_ids))
        return await really(tx, offer_ids=offer_ids)

    monkeypatch.setattr(offers_known, "read", read)
    strange = uuid4()
    for _ in range(3):
        clock[0] += offers_known.LIFE_NS
        found = [await known.get(committing, offer_id=each) for each in (*offers, strange)]
        assert [each and each.units for each in found] == [7, 20_000, 9, 9, None]
        assert [each and each.has_plenty for each in found] == [False, True, False, False, None]
    # One after the other at first; from then on together, and what does not exist by itself.
    assert reads[5:] == [set(offers), {strange}] * 2


async def test_an_offer_that_could_not_be_read_is_read_again(monkeypatch):
    """A failure is told to whoever waited, and is not remembered."""
    known, fails = KnownOffers(), [True]

    class Places:
        @asynccontextmanager
        async def reading(self):
            if fails:
                raise OSError("away")
            yield None

    async def read(tx, *, offer_ids):
        return {}

    monkeypatch.setattr(offers_known, "read", read)
    offer_id = uuid4()
    both = (known.get(Places(), offer_id=offer_id) for _ in range(2))
    told = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in told] == [OSError, OSError]
    fails.clear()
    assert await known.get(Places(), offer_id=offer_id) is None
