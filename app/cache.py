"""Redis or Valkey: rate limits and short-lived copies. Never a fact.

It may be emptied, slow or gone at any moment: then limits are counted in this process and
copies are read from PostgreSQL again. Nothing here can make a point right or wrong.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.problems import DomainError
from app.settings import RedisSettings

log = structlog.get_logger()
_T = TypeVar("_T")

REST_S = 2
"""How long a store that failed is left alone before it is asked again."""

WAKES = "puhui:wakes"
"""The channel on which processes tell each other that something was booked."""
WAKE_AFTER_MS = 30
"""A wake-up waits so long: for its transaction to commit, and for others to join it."""

LANE = 32
"""How many questions of one process are under way at once; a rush waits for its turn."""

_COUNT = """
local counts = {}
for place, key in ipairs(KEYS) do
  counts[place] = redis.call('INCR', key)
  if counts[place] == 1 then redis.call('EXPIRE', key, ARGV[1]) end
end
return counts
"""


async def _count_all(keys: Sequence[str], redis: Redis) -> list[int]:
    counts: list[int] = await redis.eval(_COUNT, len(keys), *keys, "90")
    return counts


class TooManyRequests(DomainError):
    """The caller asked more often than its limit allows; wait a minute."""

    status = 429
    title = "Too many requests"
    title_zh = "请求过于频繁"


class Cache:
    """The process's way to Redis or Valkey; it degrades, and never raises for their sake.

    Args:
        redis: a client, or None where there is no store at all.

    """

    def __init__(self, redis: "Redis | None") -> None:
        self._redis = redis
        self._rests_until_s = 0
        self._waking: asyncio.Future[None] | None = None
        self._told: set[asyncio.Future[None]] = set()
        self._lane = asyncio.Semaphore(LANE)
        self._asked: asyncio.Future[list[int] | None] | None = None
        self._gathering: tuple[list[str], asyncio.Future[list[int] | None]] | None = None
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())

    @property
    def store(self) -> "Redis | None":
        """The client itself, for who keeps time-outs of its own; None without a store."""
        return self._redis

    async def healthy(self) -> bool:
        """Whether the store answers; a probe, so it is asked even while it rests."""
        if self._redis is None:
            return False
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def text(self, key: str, *, life_s: int, make: Callable[[], Awaitable[str]]) -> str:
        """The copy under ``key``, or what ``make`` reads from PostgreSQL, kept ``life_s``."""
        kept = await self._ask(lambda redis: redis.get(key))
        if kept is not None:
            return kept.decode() if isinstance(kept, bytes) else str(kept)
        fresh = await make()
        await self._ask(lambda redis: redis.set(key, fresh, ex=life_s))
        return fresh

    async def allow(self, who: str, *, per_minute: int) -> None:
        """Count one request of ``who`` in this minute.

        Raises:
            TooManyRequests: the limit for this minute is used up.

        """
        minute = int(time.time()) // 60
        key = f"limit:{who}:{minute}"
        count = await self._counted(key)
        if count is None:
            allowed = await self._local.hit(RateLimitItemPerMinute(per_minute), who)
        else:
            allowed = count <= per_minute
        if not allowed:
            raise TooManyRequests(
                f"At most {per_minute} requests a minute; try again in a minute.",
                f"每分钟最多 {per_minute} 次请求,请稍后再试。",
                per_minute=per_minute,
            )

    async def _counted(self, key: str) -> int | None:
        """One more under ``key``; None when the store has no answer.

        Whoever comes while a question is under way is asked for with the next one, so a rush
        costs the store, and us, a fraction of a question each.
        """
        if self._redis is None or self._rests():
            return None
        if self._gathering is None:
            keys: list[str] = []
            self._asked = asyncio.ensure_future(self._count(keys, self._asked))
            self._gathering = keys, self._asked
        keys, question = self._gathering
        place = len(keys)
        keys.append(key)
        counts = await asyncio.shield(question)  # who hangs up takes no answer from the others
        return None if counts is None else counts[place]

    async def _count(
        self, keys: list[str], before: "asyncio.Future[list[int] | None] | None"
    ) -> list[int] | None:
        """Ask for all that gather until the question before is answered."""
        if before is not None and not before.done():
            await asyncio.wait([before])
        self._gathering = None
        return await self._ask(partial(_count_all, keys))

    def wake(self) -> None:
        """Tell whoever waits for news to look now instead of soon; it is no harm if it is lost.

        At most one is under way, however many ask: it says nothing but that something happened.
        """
        if self._redis is None or self._rests() or self._waking is not None:
            return
        self._waking = asyncio.ensure_future(self._wake())
        self._told.add(self._waking)
        self._waking.add_done_callback(self._told.discard)

    async def _wake(self) -> None:
        await asyncio.sleep(WAKE_AFTER_MS / 1000)
        self._waking = None
        await self._ask(lambda redis: redis.publish(WAKES, b"1"))

    async def close(self) -> None:
        """Let the connections go, when nobody uses one: who was cut off would connect anew."""
        if self._waking is not None:
            self._waking.cancel()
        if self._told:
            await asyncio.wait(self._told)
        if self._asked is not None and not self._asked.done():
            await asyncio.wait([self._asked])
        if self._redis is not None:
            await self._redis.aclose()

    async def _ask(self, question: Callable[[Redis], Awaitable[_T]]) -> _T | None:
        """The store's answer, or None when it has none to give; a failure lets it rest."""
        if self._redis is None or self._rests():
            return None
        try:
            async with self._lane:
                return None if self._rests() else await question(self._redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._rests_until_s = int(time.monotonic()) + REST_S
            log.warning("cache_unavailable", kind=type(error).__name__)
            return None

    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until_s


def cache_for(settings: RedisSettings, url: str | None) -> Cache:
    """A cache on ``url``; no connection is made before it is asked something."""
    if url is None:
        return Cache(None)
    wait_s = settings.timeout_ms / 1000
    redis = Redis.from_url(url, socket_timeout=wait_s, socket_connect_timeout=wait_s)
    return Cache(redis)
