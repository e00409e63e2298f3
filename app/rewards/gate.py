"""The gate in front of a rush: Redis or Valkey says who may try. It never says who has won.

One call a claim: has this request been let in before, has this citizen, are there tokens? Tokens
are a fifth more than there are units and are cut anew from PostgreSQL every two seconds, so a lost
one blocks nobody. A "no" is only a reason to look: `redeem_admission` asks PostgreSQL, cheaply,
before anybody is sent away. The store may be emptied, slow, gone or lying.

Source: the script is one atomic call and carries the request's id, so that a client library that
sends it twice takes one token.
"""

import asyncio
import time
from collections.abc import Awaitable
from datetime import timedelta
from enum import Enum
from typing import cast
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

WAIT = timedelta(milliseconds=5)
"""How long the gate may think; after that it is left out."""
TURNS = 8
"""Turns of the event loop that an answer has after that to be read."""
LANE = 16
"""How many calls of one process are under way at once."""
REST_S = 2
"""How long a gate that failed is left alone."""
LIFE_S = 2
"""How long tokens live before they are cut anew."""
_NONE = -2


class Word(Enum):
    """What the gate says."""

    go = "go"
    no = "no"
    unbuilt = "unbuilt"
    silent = "silent"


class Gate:
    """One process's way to the gate.

    Args:
        store: a client, or None where there is no store: then the gate is always silent.

    """

    def __init__(self, store: "Redis | None") -> None:
        self._store = store
        self._rests_until_s = 0
        self._late: set[asyncio.Future[int]] = set()
        self._lane = asyncio.Semaphore(LANE)

    @property
    def rests(self) -> bool:
        """Whether there is no gate at this moment, so that the crowd is held tighter."""
        return self._store is None or time.monotonic() < self._rests_until_s

    async def ask(self, offer_id: UUID, *, account_id: int, request: str, per_citizen: int) -> Word:
        """May this request try? Silent when the store does not answer in time."""
        found = await self._call(
            _ENTER, offer_id, f"{account_id}:{request}", str(account_id), str(per_citizen)
        )
        return {1: Word.go, 0: Word.no, -1: Word.unbuilt}.get(found, Word.silent)

    async def build(self, offer_id: UUID, *, units: int) -> None:
        """Cut tokens for the units that PostgreSQL has: a fifth more, and one."""
        await self._call(_BUILD, offer_id, str(units + units // 5 + 1), str(LIFE_S))

    async def _call(self, script: str, offer_id: UUID, *arguments: str) -> int:
        """The script's answer; `_NONE` when there is none in time.

        Few ask at once: a thousand connections to the store would all be late. Whoever waits for
        a place while the gate fails goes on without it.
        """
        if self.rests:
            return _NONE
        async with self._lane:
            return _NONE if self.rests else await self._in_time(script, offer_id, arguments)

    async def _in_time(self, script: str, offer_id: UUID, arguments: tuple[str, ...]) -> int:
        # One hash tag: all keys of an offer lie in one shard of a cluster.
        keys = [f"gate:{{{offer_id}}}:{name}" for name in ("tokens", "people", "requests")]
        calling = asyncio.ensure_future(self._asked(script, keys, arguments))
        # Not cancelled when it is late: cut off in the middle, its connection would be lost, and
        # the next call would have to make one in the same five milliseconds. The client's own
        # time-outs end it.
        self._late.add(calling)
        calling.add_done_callback(self._late.discard)
        await asyncio.wait({calling}, timeout=WAIT / timedelta(seconds=1))
        # In a rush it may be this process that is late, not the store: an answer that lies here
        # unread is read, which takes a few turns of the loop and no time of a store that is slow.
        for _ in range(TURNS):
            if calling.done():
                break
            await asyncio.sleep(0)
        answer = calling.result() if calling.done() else _NONE
        if answer == _NONE:
            self._rests_until_s = int(time.monotonic()) + REST_S
            log.warning("gate_silent", late=not calling.done())
        return answer

    async def _asked(self, script: str, keys: list[str], arguments: tuple[str, ...]) -> int:
        """What the store says; `_NONE` when it fails."""
        assert self._store is not None, "the caller has looked"
        try:
            asking = self._store.eval(script, len(keys), *keys, *arguments)
            return int(cast("int", await cast("Awaitable[object]", asking)))
        except (RedisError, OSError, TimeoutError, ValueError, TypeError):
            return _NONE


_ENTER = """
if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return 1 end
local tokens = redis.call('GET', KEYS[1])
if not tokens then return -1 end
if tonumber(tokens) <= 0 then return 0 end
if redis.call('HINCRBY', KEYS[2], ARGV[2], 1) > tonumber(ARGV[3]) then return 0 end
redis.call('DECR', KEYS[1])
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('EXPIRE', KEYS[2], 60)
redis.call('EXPIRE', KEYS[3], 60)
return 1
"""
_BUILD = """
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX')
return 1
"""
