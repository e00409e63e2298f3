"""Redis or Valkey may vanish at any moment; limits and copies survive, points do not care."""

import asyncio
import secrets

import pytest
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import ResponseError

from app import cache as cache_module
from app.cache import WAKE_AFTER_MS, Cache, TooManyRequests, cache_for
from app.settings import RedisSettings


class Failing:
    """A store whose every answer is a failure; counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def __getattr__(self, _: str):
        async def fail(*_: object, **__: object):
            self.asked += 1
            raise self.error

        return fail


@pytest.fixture(autouse=True)
def same_minute(monkeypatch):
    """Limits are counted per minute: no test may straddle two of them."""
    monkeypatch.setattr(cache_module.time, "time", lambda: 1_800_000_030)


async def allowed(cache, who, times, *, per_minute):
    """How many of some requests pass."""
    answers = await asyncio.gather(
        *(cache.allow(who, per_minute=per_minute) for _ in range(times)), return_exceptions=True
    )
    assert all(each is None or isinstance(each, TooManyRequests) for each in answers)
    return answers.count(None)


async def test_a_limit_is_exact_across_processes(servers):
    """Two processes that share the store share the count."""
    who = secrets.token_hex(8)
    pair = [cache_for(RedisSettings(), servers.redis_url) for _ in range(2)]
    passed = [await allowed(each, who, 7, per_minute=10) for each in pair]
    for each in pair:
        await each.close()
    assert sum(passed) == 10


async def test_each_caller_has_a_limit_of_its_own(cache):
    """One caller's storm is not another caller's."""
    storm, calm = secrets.token_hex(8), secrets.token_hex(8)
    assert await allowed(cache, storm, 5, per_minute=2) == 2
    assert await allowed(cache, calm, 1, per_minute=2) == 1


@pytest.mark.parametrize("time", ["first", "second"])
async def test_a_test_counts_from_nought(cache, time):
    """What one test has counted is not left to the next: accounts have equal numbers in each."""
    assert await allowed(cache, "account 1", 3, per_minute=2) == 2


class Patient:
    """A store that answers when it is told to; it keeps what it was asked."""

    def __init__(self) -> None:
        self.asked, self.may_answer = [], asyncio.Event()

    async def eval(self, _: str, count: int, *keys_and_life: str) -> list[int]:
        """Every key is at 2."""
        self.asked.append(keys_and_life[:count])
        await self.may_answer.wait()
        return [2] * count


async def test_a_rush_is_counted_in_few_questions():
    """Whoever comes while the store is asked is counted with the next question, each by its own."""
    store = Patient()
    cache = Cache(store)
    first = asyncio.ensure_future(cache.allow("anna", per_minute=2))
    await asyncio.sleep(0)
    rest = [
        asyncio.ensure_future(cache.allow(who, per_minute=most))
        for who, most in (("boris", 1), ("clara", 2), ("boris", 3))
    ]
    await asyncio.sleep(0)
    rest[1].cancel()  # hung up
    store.may_answer.set()
    told = await asyncio.gather(first, *rest, return_exceptions=True)
    assert [len(each) for each in store.asked] == [1, 3]
    kinds = [type(each) for each in told]
    assert kinds == [type(None), TooManyRequests, asyncio.CancelledError, type(None)]
    await cache.allow("dora", per_minute=2)
    assert len(store.asked) == 3


async def test_a_fault_of_ours_is_not_a_failing_store():
    """What the store did not fail at is raised to everybody who was asked for."""
    cache = Cache(Failing(TypeError("ours")))
    told = await asyncio.gather(
        *(cache.allow(who, per_minute=9) for who in ("anna", "boris")), return_exceptions=True
    )
    assert [type(each) for each in told] == [TypeError, TypeError]


async def test_counts_do_not_stay_for_ever(cache):
    """A count has a life; an abandoned caller leaves nothing in the store."""
    who = secrets.token_hex(8)
    await cache.allow(who, per_minute=2)
    assert 0 < await cache._redis.ttl(f"limit:{who}:{1_800_000_030 // 60}") <= 90


async def test_without_a_store_this_process_counts():
    """A lost store never opens the door: the limit holds in this process."""
    assert await allowed(Cache(None), "anna", 5, per_minute=3) == 3


@pytest.mark.parametrize("error", [Lost("gone"), TimeoutError(), OSError(), ResponseError("OOM")])
async def test_a_failing_store_is_left_alone_for_a_while(error):
    """A dead store costs one time-out, not one per request; limits hold meanwhile."""
    store = Failing(error)
    assert await allowed(Cache(store), "anna", 1, per_minute=3) == 1
    cache = Cache(store)
    store.asked = 0
    for _ in range(3):
        await cache.allow("boris", per_minute=3)
    with pytest.raises(TooManyRequests):
        await cache.allow("boris", per_minute=3)
    assert store.asked == 1


async def test_a_copy_is_made_once(cache):
    """The second reader gets the copy; the maker is not asked again."""
    key, made = f"test:{secrets.token_hex(8)}", []

    async def make():
        made.append(1)
        return "小店"

    assert [await cache.text(key, life_s=5, make=make) for _ in range(2)] == ["小店", "小店"]
    assert len(made) == 1
    assert 0 < await cache._redis.ttl(key) <= 5


async def test_without_a_store_copies_are_made_each_time():
    """Readers never notice that the store is away."""

    async def make():
        return "fresh"

    for cache in (Cache(None), Cache(Failing(Lost("gone")))):
        assert await cache.text("key", life_s=5, make=make) == "fresh"


async def test_a_broken_maker_is_not_hidden(cache):
    """Only the store's failures are swallowed: PostgreSQL's are not."""

    async def make():
        raise TimeoutError("PostgreSQL")

    with pytest.raises(TimeoutError, match="PostgreSQL"):
        await cache.text(f"test:{secrets.token_hex(8)}", life_s=5, make=make)


async def test_health_is_asked_even_while_the_store_rests(cache):
    """A probe sees the store come back at once."""
    assert await cache.healthy()
    cache._rests_until_s = 10**12
    assert await cache.healthy()
    assert not await Cache(None).healthy()
    assert not await Cache(Failing(Lost("gone"))).healthy()


class Leaving:
    """A store whose answers take a while; it keeps the order of what happens."""

    def __init__(self) -> None:
        self.seen = []

    async def publish(self, *_: object) -> None:
        """Somebody is told, slowly."""
        await asyncio.sleep(0.02)
        self.seen.append("told")

    async def aclose(self) -> None:
        """The connections go."""
        self.seen.append("closed")


@pytest.mark.parametrize(
    ("wait_s", "seen"), [(0, ["closed"]), (WAKE_AFTER_MS / 1000 + 0.005, ["told", "closed"])]
)
async def test_connections_go_when_nobody_uses_one(wait_s, seen):
    """A wake-up that has begun is over before the store is closed; one that waits is dropped."""
    store = Leaving()
    cache = Cache(store)
    cache.wake()
    await asyncio.sleep(wait_s)
    await cache.close()
    await asyncio.sleep(0.06)
    assert store.seen == seen
