"""Wakes the live streams of one process: one look for all of them, and no connection held.

While anybody listens, the process asks PostgreSQL once a second what is new for all who do, in
two statements; a wake-up through Redis makes it look at once. Without Redis a stream is a second
late, and nothing else. Each process has a hub of its own: they need not know of each other.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import psycopg
import psycopg_pool
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.cache import WAKES, Cache
from app.database import Database
from app.ledger import news
from app.notices import inbox
from app.phone.errors import TooManyStreams

log = structlog.get_logger()

LOOK_EVERY_MS = 1_000
LOOK_APART_MS = 100
"""However many wake-ups come, between two looks lies as much."""
REDIS_RESTS_S = 2
REDIS_LISTENS_S = 30
_AWAY = (psycopg.Error, psycopg_pool.PoolTimeout, OSError)
Mark = tuple[int, int]
"""How many entries an account has, and its newest message's transaction."""


class Seat:
    """One stream's place at the hub: it is told that there may be news, never what."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self.news = asyncio.Event()
        self.ended = False

    async def wait(self, *, timeout_s: int) -> bool:
        """Wait for news, but not longer; whether there may be some. What was told is forgotten."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), timeout_s)
        told = self.news.is_set()
        self.news.clear()
        return told


class Hub:
    """Everybody who listens in this process.

    Args:
        database: where the news are.
        cache: whose store carries wake-ups, if there is one.
        per_citizen: how many streams one citizen may have here.
        streams: how many streams there may be here at all.

    """

    def __init__(self, database: Database, cache: Cache, *, per_citizen: int, streams: int) -> None:
        self._database = database
        self._cache = cache
        self._per_citizen = per_citizen
        self._streams = streams
        self._seats: defaultdict[int, set[Seat]] = defaultdict(set)
        self._marks: dict[int, Mark] = {}
        self._poked = asyncio.Event()
        self._at_work: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def listening(self) -> int:
        """How many streams there are."""
        return sum(map(len, self._seats.values()))

    def sit(self, account_id: int) -> Seat:
        """Take a seat; `leave` it in any case.

        Raises:
            TooManyStreams: the citizen has as many as are allowed, or the process has.

        """
        mine = len(self._seats.get(account_id, ()))
        full = mine >= self._per_citizen or self.listening >= self._streams
        # On one connection for everybody, the look of one stream would be inside another's.
        if full or self._closed or not self._database.parallel:
            raise TooManyStreams(
                "Too many live streams are open; close another, or ask for changes now and then.",
                "实时连接过多,请关闭其他连接,或改为定时查询变更。",
                streams=mine,
            )
        seat = Seat(account_id)
        self._seats[account_id].add(seat)
        if not self._at_work:
            self._at_work = [
                asyncio.ensure_future(self._look_on()),
                asyncio.ensure_future(self._listen()),
            ]
        return seat

    def leave(self, seat: Seat) -> None:
        """Give a seat back; when the last one is empty, nobody looks any more."""
        others = self._seats[seat.account_id]
        others.discard(seat)
        if not others:
            del self._seats[seat.account_id]
            self._marks.pop(seat.account_id, None)
        if not self._seats:
            for task in self._at_work:
                task.cancel()
            self._at_work = []

    def close(self) -> None:
        """Let everybody go: the process is about to end."""
        self._closed = True
        for seat in [each for seats in self._seats.values() for each in seats]:
            seat.ended = True
            seat.news.set()

    async def _look_on(self) -> None:
        """Look once a second, or when poked, for as long as there are streams."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), LOOK_EVERY_MS / 1000)
            self._poked.clear()
            started_s = time.monotonic()
            try:
                await self._look(list(self._seats))
            except _AWAY as error:
                log.warning("streams_lost_database", kind=type(error).__name__)
            taken_s = time.monotonic() - started_s
            # A look that takes long is followed by as long a rest.
            await asyncio.sleep(max(LOOK_APART_MS / 1000, taken_s))

    async def _look(self, accounts: Sequence[int]) -> None:
        async with self._database.reading() as tx:
            entries = await news.marks(tx, account_ids=accounts)
            messages = await inbox.marks(tx, account_ids=accounts)
        for account_id in accounts:
            mark = entries.get(account_id, 0), messages.get(account_id, 0)
            if self._marks.get(account_id) != mark and account_id in self._seats:
                self._marks[account_id] = mark
                for seat in self._seats[account_id]:
                    seat.news.set()

    async def _listen(self) -> None:
        """Be poked through Redis; while it is away, the second hand does alone."""
        store = self._cache.store
        while store is not None:
            try:
                await self._hear(store)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("streams_lost_store", kind=type(error).__name__)
            await asyncio.sleep(REDIS_RESTS_S)

    async def _hear(self, store: Redis) -> None:
        async with store.pubsub() as channel:
            await channel.subscribe(WAKES)
            while True:
                heard = await channel.get_message(
                    ignore_subscribe_messages=True, timeout=REDIS_LISTENS_S
                )
                if heard is not None:
                    self._poked.set()
