"""The crowd: load processes in which citizens wait for the bell and do not give up.

A phone that hears nothing, or "busy", sends the same request with the same Idempotency-Key again
after a second, until it has an answer. Everything that was heard is kept, with the time at which
it was sent and the time at which the answer came.
"""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import uvloop

from app.keys import keys_for
from app.people.tokens import Audience, Tokens
from app.settings import Settings
from loadtests.calling import HOST, Connection, request
from loadtests.sale_people import Habit, account_of, device_of, habit_of, keys_of

EARLY = 10
"""How many of each process ask a moment before the bell."""
EARLY_MS, PAUSE_MS, CANCEL_MS = 300, 1_000, 100
TRIES_MAX = 200
PATIENCE_S = 1_800
NOT_YET = "offer-not-yet-open"
TOKENS: dict[int, str] = {}
"""This process's citizens' tokens; signed once."""


class Heard(NamedTuple):
    """One request and its answer; times in seconds since 1970, status 0 is a lost connection."""

    n: int
    key: str
    act: str
    sent_s: float
    heard_s: float
    status: int
    code: str
    id: str

    @property
    def unknown(self) -> bool:
        """Whether the phone cannot know what happened, and asks again."""
        return self.status == 0 or self.status >= 500


@dataclass(frozen=True)
class Orders:
    """What one process of the crowd does.

    Attributes:
        cancel_percent: how many of a hundred winners give their coupon back at once.
        encore: only these come, each once, with keys of their own.

    """

    port: int
    offer_id: UUID
    bell_s: float
    callers: int
    seed: int
    path: str = "/v1/me/redemptions"
    cancel_percent: int = 0
    encore: Sequence[int] = ()


@dataclass
class _Errand:
    n: int
    key: str
    act: str = "claim"
    target: str = ""
    tries: int = 0


def sign(home: str, numbers: Sequence[int]) -> int:
    """Sign the tokens of this process's citizens with the servers' key; how many it has."""
    tokens, now = Tokens(keys_for(Settings().keys, Path(home)).token), datetime.now(UTC)
    for n in numbers:
        TOKENS[n] = tokens.sign(
            Audience.citizen,
            subject=str(UUID(int=n)),
            account_id=account_of(n),
            now=now,
            life=timedelta(days=1),
        )
    return len(TOKENS)


def ask(orders: Orders) -> list[Heard]:
    """Ask for the offer at the bell, all of this process's citizens; what they heard."""
    return uvloop.run(_Crowd(orders).run())


class _Crowd:
    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._body = json.dumps({"offer_id": str(orders.offer_id)}).encode()
        self._dice = random.Random(orders.seed)
        self._queue: deque[_Errand] = deque()
        self._free: list[Connection] = []
        self._heard: list[Heard] = []
        self._open = 0
        self._repairs: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()

    async def run(self) -> list[Heard]:
        """Open the connections, wait for the bell, and go on until everybody has an answer."""
        errands = self._errands()
        self._open = len(errands)
        if not errands:
            return []
        for _ in range(self._orders.callers):
            self._free.append(await self._connect())
        early = [] if self._orders.encore else errands[:EARLY]
        await self._until(self._orders.bell_s - EARLY_MS / 1_000)
        self._queue.extend(early)
        self._begin()
        await self._until(self._orders.bell_s)
        self._queue.extend(errands[len(early) :])
        self._begin()
        async with asyncio.timeout(PATIENCE_S):
            await self._over.wait()
        for connection in self._free:
            connection.close()
        return self._heard

    def _errands(self) -> list[_Errand]:
        """Everybody's, in a random order in which those with odd habits come early."""
        if self._orders.encore:
            return [_Errand(n, f"encore-{n}") for n in self._orders.encore if n in TOKENS]
        prefix = str(self._orders.offer_id)[-12:]
        order = {
            n: self._dice.random() * (1 if habit_of(n) is Habit.plain else 0.25) for n in TOKENS
        }
        return [
            _Errand(n, key)
            for n in sorted(TOKENS, key=order.__getitem__)
            for key in keys_of(n, prefix)
        ]

    @staticmethod
    async def _until(moment_s: float) -> None:
        if (ahead := moment_s - time.time()) > 0:
            await asyncio.sleep(ahead)

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        made = await loop.create_connection(
            lambda: Connection(self._answered), HOST, self._orders.port
        )
        return made[1]

    async def _replace(self) -> None:
        """Another connection instead of a lost one; the server may be gone for a while."""
        while True:
            try:
                self._free.append(await self._connect())
                break
            except OSError:
                await asyncio.sleep(PAUSE_MS / 1_000)
        self._begin()

    def _begin(self) -> None:
        """Send as long as there is something to send, and a connection to send it on."""
        while self._queue and self._free:
            errand, connection = self._queue.popleft(), self._free.pop()
            errand.tries += 1
            connection.tag = (errand, time.time())
            connection.send(self._wire(errand))

    def _wire(self, errand: _Errand) -> bytes:
        if errand.act == "cancel":
            path = f"/v1/me/redemptions/{errand.target}/cancel"
            return request("POST", path, token=TOKENS[errand.n])
        plain = request(
            "POST", self._orders.path, token=TOKENS[errand.n], body=self._body, key=errand.key
        )
        device = f"\r\nDevice-Id: {device_of(errand.n)}\r\n\r\n".encode()
        return plain.replace(b"\r\n\r\n", device, 1)

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        heard_s = time.time()
        errand, sent_s = connection.tag
        connection.tag = None
        told: dict[str, Any] = json.loads(body) if body[:1] == b"{" else {}
        found = str(told.get("redemption_id") or told.get("ticket_id") or "")
        heard = Heard(
            errand.n,
            errand.key,
            errand.act,
            sent_s,
            heard_s,
            status,
            str(told.get("code", "")),
            found,
        )
        self._heard.append(heard)
        if status == 0:
            task = asyncio.ensure_future(self._replace())
            self._repairs.add(task)
            task.add_done_callback(self._repairs.discard)
        else:
            self._free.append(connection)
        self._follow(errand, heard)
        self._begin()

    def _follow(self, errand: _Errand, heard: Heard) -> None:
        """What the citizen does next: try again, again the same, give it back, or nothing."""
        if heard.code == NOT_YET and errand.tries < TRIES_MAX:
            self._later(errand, max(self._orders.bell_s - time.time(), 0))
            return
        if heard.unknown and errand.tries < TRIES_MAX:
            self._later(errand, PAUSE_MS / 1_000 * (0.5 + self._dice.random()))
            return
        if errand.act == "claim" and heard.status == 201:
            if self._dice.randrange(100) < self._orders.cancel_percent:
                self._more(_Errand(errand.n, errand.key, "cancel", heard.id), CANCEL_MS / 1_000)
            elif habit_of(errand.n) is Habit.again:
                self._more(_Errand(errand.n, errand.key, "repeat"), PAUSE_MS / 1_000)
        self._open -= 1
        if self._open == 0:
            self._over.set()

    def _more(self, errand: _Errand, in_s: float) -> None:
        self._open += 1
        self._later(errand, in_s)

    def _later(self, errand: _Errand, in_s: float) -> None:
        asyncio.get_running_loop().call_later(in_s, self._now, errand)

    def _now(self, errand: _Errand) -> None:
        self._queue.append(errand)
        self._begin()


class Crowd:
    """The load processes; each has its own citizens."""

    def __init__(self, pools: Sequence[ProcessPoolExecutor]) -> None:
        self._pools = pools

    def sign(self, home: Path, numbers: Sequence[int]) -> None:
        """Hand out the citizens, and sign their tokens."""
        parts = len(self._pools)
        jobs = [
            pool.submit(sign, str(home), numbers[at::parts]) for at, pool in enumerate(self._pools)
        ]
        for job in jobs:
            job.result()

    def begin(self, *, callers: int, seed: int, **orders: Any) -> list[Future[list[Heard]]]:
        """Send everybody to the door; returns at once."""
        share = max(1, callers // len(self._pools))
        return [
            pool.submit(ask, Orders(callers=share, seed=seed * 100 + at, **orders))
            for at, pool in enumerate(self._pools)
        ]


@contextmanager
def crowd(processes: int) -> Iterator[Crowd]:
    """Processes that call while the block runs."""
    with ExitStack() as stack:
        context = get_context("spawn")
        yield Crowd(
            [
                stack.enter_context(ProcessPoolExecutor(1, mp_context=context))
                for _ in range(processes)
            ]
        )
