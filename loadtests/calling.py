"""A client that costs little: raw HTTP/1.1 over kept connections, in a process of its own.

`closed` keeps every connection busy and tells how many answers a second came back. `open_loop`
sends at moments fixed beforehand, whatever the server does, and counts each answer's time from
the moment at which it should have been sent: waiting for a free connection is waiting too.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import uvloop

HOST = "127.0.0.1"
PATIENCE_S = 120


def request(method: str, path: str, *, token: str = "", body: bytes = b"", key: str = "") -> bytes:
    """One request, ready to be sent."""
    head = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept-Language: en"]
    if token:
        head.append(f"Authorization: Bearer {token}")
    if key:
        head.append(f"Idempotency-Key: {key}")
    if body or method != "GET":
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


class Connection(asyncio.Protocol):
    """One kept connection, on which one request at a time is under way."""

    def __init__(self, answered: Callable[["Connection", int, bytes], None]) -> None:
        self._answered = answered
        self._buffer = b""
        self._transport: Any = None
        self.tag: Any = None

    def connection_made(self, transport: Any) -> None:
        """Remember where to write."""
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        """Whatever was under way has no answer: status 0."""
        self._transport = None
        if self.tag is not None:
            self._answered(self, 0, b"")

    def send(self, data: bytes) -> None:
        """Send one request; a lost connection answers 0."""
        if self._transport is None:
            asyncio.get_running_loop().call_soon(self._answered, self, 0, b"")
            return
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Collect an answer: status, head and as many bytes as it says."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body, status = self._buffer[end + 4 :], int(self._buffer[9:12])
        self._buffer = b""
        self._answered(self, status, body)

    def close(self) -> None:
        """Hang up."""
        self.tag = None
        if self._transport is not None:
            self._transport.close()


@dataclass
class Answers:
    """What came back: how many a second, statuses, and bodies if they were asked for.

    ``client_s`` is the processor time of the client itself.
    """

    per_s: float
    statuses: Counter[int]
    bodies: list[bytes] = field(default_factory=list)
    client_s: float = 0


def closed(
    port: int, requests: Sequence[bytes], callers: int, *, seconds: float = 0, keep: bool = False
) -> Answers:
    """Send the requests as fast as they are answered, over ``callers`` connections.

    Args:
        port: of the server.
        requests: sent once each, or again and again while ``seconds`` last.
        callers: how many connections.
        seconds: 0 is each request once.
        keep: whether to keep the bodies.

    """

    async def run() -> Answers:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        statuses: Counter[int] = Counter()
        bodies: list[bytes] = []
        state = {"next": 0, "busy": 0}
        deadline = time.perf_counter() + seconds if seconds else None

        def answered(connection: Connection, status: int, body: bytes) -> None:
            statuses[status] += 1
            if keep:
                bodies.append(body)
            more(connection)

        def more(connection: Connection) -> None:
            at = state["next"]
            over = time.perf_counter() >= deadline if deadline else at >= len(requests)
            if over:
                connection.tag = None
                state["busy"] -= 1
                if state["busy"] == 0 and not done.done():
                    done.set_result(None)
                return
            state["next"] = at + 1
            connection.tag = at
            connection.send(requests[at % len(requests)])

        connections = [
            (await loop.create_connection(lambda: Connection(answered), HOST, port))[1]
            for _ in range(callers)
        ]
        state["busy"] = callers
        began, client_s = time.perf_counter(), time.process_time()
        for connection in connections:
            more(connection)
        async with asyncio.timeout(PATIENCE_S + seconds):
            await done
        per_s = sum(statuses.values()) / (time.perf_counter() - began)
        client_s = time.process_time() - client_s
        for connection in connections:
            connection.close()
        return Answers(per_s, statuses, bodies, client_s)

    return uvloop.run(run())


@dataclass
class Arrivals:
    """What an open loop saw: times by kind, statuses by kind, and how long the rest took."""

    seconds_of: Mapping[str, list[float]]
    statuses_of: Mapping[str, Counter[int]]
    drain_s: float
    per_s: float


def open_loop(port: int, planned: Sequence[tuple[float, str, bytes]], callers: int) -> Arrivals:
    """Send each request at its moment; ``planned`` is (seconds from now, kind, request)."""

    async def run() -> Arrivals:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        seconds_of: dict[str, list[float]] = {kind: [] for _, kind, _ in planned}
        statuses_of: dict[str, Counter[int]] = {kind: Counter() for kind in seconds_of}
        free: list[Connection] = []
        waiting: list[tuple[float, str, bytes]] = []
        left = len(planned)

        def answered(connection: Connection, status: int, _: bytes) -> None:
            nonlocal left
            due, kind = connection.tag
            connection.tag = None
            seconds_of[kind].append(time.perf_counter() - due)
            statuses_of[kind][status] += 1
            left -= 1
            free.append(connection)
            if left == 0 and not done.done():
                done.set_result(None)
            begin()

        def begin() -> None:
            while head["at"] < len(waiting) and free:
                due, kind, data = waiting[head["at"]]
                head["at"] += 1
                connection = free.pop()
                connection.tag = (due, kind)
                connection.send(data)

        head = {"at": 0}
        connections = [
            (await loop.create_connection(lambda: Connection(answered), HOST, port))[1]
            for _ in range(callers)
        ]
        free += connections
        origin = time.perf_counter() + 0.05
        for at, kind, data in planned:
            due = origin + at
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            waiting.append((due, kind, data))
            begin()
        last_sent = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            await done
        now = time.perf_counter()
        for connection in connections:
            connection.close()
        return Arrivals(seconds_of, statuses_of, now - last_sent, len(planned) / (now - origin))

    return uvloop.run(run())


class Caller:
    """The client's process."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def closed(self, port: int, requests: Iterable[bytes], callers: int, **how: Any) -> Answers:
        """`closed`, there."""
        return self._pool.submit(closed, port, list(requests), callers, **how).result()

    def open_loop(
        self, port: int, planned: Sequence[tuple[float, str, bytes]], callers: int
    ) -> Arrivals:
        """`open_loop`, there."""
        return self._pool.submit(open_loop, port, planned, callers).result()


@contextmanager
def caller() -> Any:
    """A process that calls while the block runs."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield Caller(pool)
