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

PEOPLE = 300


class Store:
    """A store that answers "yes" after a few turns of the loop, and counts who asks at once."""

    def __init__(self, *, blocks_s=0.0):
        self.inside = self.most = 0
        self._blocks_s = blocks_s

    async def eval(self, *_: object) -> int:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0)
        self._hold_the_loop()
        for _ in range(4):  # read, parse, hand over
            await asyncio.sleep(0)
        self.inside -= 1
        return 1

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


async def test_a_rush_takes_few_connections_to_count_requests():
    """The limit of each caller is counted, a lane's width at the same time."""
    store = Store()
    counting = Cache(store)
    await asyncio.gather(*(counting.allow(f"who-{n}", per_minute=9) for n in range(PEOPLE)))
    assert store.most == cache.LANE


async def test_a_rush_reads_an_offer_once(monkeypatch):
    """Whoever comes while the offer is being read waits for that reading."""
    known, reads = KnownOffers(), []

    class Places:
        @asynccontextmanager
        async def reading(self):
            yield None

    async def read(tx, *, offer_id):
        reads.append(offer_id)
        await asyncio.sleep(0)

    monkeypatch.setattr(offers_known, "read", read)
    offer_id = uuid4()
    await asyncio.gather(*(known.get(Places(), offer_id=offer_id) for _ in range(PEOPLE)))
    assert reads == [offer_id]


async def test_an_offer_that_could_not_be_read_is_read_again(monkeypatch):
    """A failure is told to whoever waited, and is not remembered."""
    known, fails = KnownOffers(), [True]

    class Places:
        @asynccontextmanager
        async def reading(self):
            if fails:
                raise OSError("away")
            yield None

    async def read(tx, *, offer_id):
        return None

    monkeypatch.setattr(offers_known, "read", read)
    offer_id = uuid4()
    both = (known.get(Places(), offer_id=offer_id) for _ in range(2))
    told = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in told] == [OSError, OSError]
    fails.clear()
    assert await known.get(Places(), offer_id=offer_id) is None
