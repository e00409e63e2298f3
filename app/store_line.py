"""One connection to Redis or Valkey for short questions: sent at once, answered in their order.

The client library takes a connection out of its pool for each question, looks after it and gives
it back, which costs a process three times the question. It remains the way for everything else,
and for servers that are reached by more than a host, a port, a password and a number.

Source: the Redis serialization protocol, "Pipelining" and "Connection handshake".
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import hiredis
from redis.asyncio.connection import parse_url
from redis.exceptions import ResponseError

_Command = tuple[str | bytes | int, ...]
_GRACE_MS = 5
"""A process that was busy reads what lies there before it says that an answer is late."""
_PLAIN = frozenset({"host", "port", "db", "username", "password"})


@dataclass(slots=True, eq=False)
class _Asked:
    """A question under way: how many answers are still to come, the last of which is told."""

    answered: asyncio.Future[Any]
    left: int
    until_s: float


class _Connection(asyncio.Protocol):
    """The connection, while it lives; what goes wrong ends it, and every question on it."""

    def __init__(self, wait_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._wait_s = wait_s
        self._reader = hiredis.Reader()
        self._asked: deque[_Asked] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._is_late = False
        self._transport: Any = None

    @property
    def is_open(self) -> bool:
        """Whether a question may be sent."""
        return self._transport is not None

    def ask(self, packed: bytes, answers: int) -> asyncio.Future[Any]:
        """Send packed commands; the future is the last one's answer."""
        until_s = self._loop.time() + self._wait_s
        asked = _Asked(self._loop.create_future(), answers, until_s)
        self._asked.append(asked)
        self._transport.write(packed)
        if self._watch is None:
            self._watch = self._loop.call_at(until_s, self._look)
        return asked.answered

    def connection_made(self, transport: Any) -> None:
        """Remember where to write."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Give each answer to whoever has waited longest."""
        self._is_late = False
        self._reader.feed(data)
        try:
            while self._asked and (answer := self._reader.gets()) is not False:
                self._answer(self._asked[0], answer)
        except hiredis.ProtocolError as error:
            self.end(error)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody is answered any more."""
        self.end(error or ConnectionError("the store hung up"))

    def end(self, error: Exception) -> None:
        """Hang up, and tell everybody who waits."""
        if self._watch is not None:
            self._watch.cancel()
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        while self._asked:
            answered = self._asked.popleft().answered
            if not answered.done():
                lost = ConnectionError("the store gave no answer")
                lost.__cause__ = error
                answered.set_exception(lost)

    def _answer(self, asked: _Asked, answer: Any) -> None:
        asked.left -= 1
        if asked.left == 0:
            self._asked.popleft()
        if asked.answered.done():  # it was cancelled, or an answer before this one was a failure
            return
        if isinstance(answer, hiredis.ReplyError):
            asked.answered.set_exception(ResponseError(str(answer)))
        elif asked.left == 0:
            asked.answered.set_result(answer)

    def _look(self) -> None:
        """Hang up if the oldest question is too old: what comes after it is as late."""
        self._watch = None
        if not self._asked:
            return
        if self._loop.time() < self._asked[0].until_s:
            self._watch = self._loop.call_at(self._asked[0].until_s, self._look)
        elif not self._is_late:
            self._is_late = True
            self._watch = self._loop.call_later(_GRACE_MS / 1000, self._look)
        else:
            self.end(TimeoutError("too late"))


class StoreLine:
    """One process's line to the store; it is connected when it is first asked, and again.

    Args:
        url: of the server; `line_to` says whether a line is possible.
        wait_s: how long a connection, and an answer, may take.

    """

    def __init__(self, url: str, *, wait_s: float) -> None:
        self._to = parse_url(url)
        self._wait_s = wait_s
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, *commands: _Command) -> Any:
        """Send commands together; the answer to the last one.

        Raises:
            RedisError: one of them was refused.
            OSError: there is no connection, or no answer in time.

        """
        connection = self._connection
        if connection is None or not connection.is_open:
            connection = await self._connected()
        return await connection.ask(_packed(commands), len(commands))

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.end(ConnectionError("closed here"))
            await asyncio.sleep(0)  # the loop lets go of what was ended in its next turn

    async def _connected(self) -> _Connection:
        async with self._connecting:
            if self._connection is not None and self._connection.is_open:
                return self._connection
            loop, to = asyncio.get_running_loop(), self._to
            async with asyncio.timeout(self._wait_s):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._wait_s),
                    to.get("host") or "localhost",
                    to.get("port") or 6379,
                )
                try:
                    await self._introduce(connection)
                except BaseException as error:
                    connection.end(ConnectionError(str(error)))
                    raise
            self._connection = connection
            return connection

    async def _introduce(self, connection: _Connection) -> None:
        """Say who we are, and which of the server's databases is meant."""
        words: list[_Command] = []
        if password := self._to.get("password"):
            name = self._to.get("username")
            words.append(("AUTH", name, password) if name else ("AUTH", password))
        if number := self._to.get("db"):
            words.append(("SELECT", number))
        if words:
            await connection.ask(_packed(words), len(words))


def _packed(commands: Sequence[_Command]) -> bytes:
    # The library's own stub knows commands of one word only.
    return b"".join([hiredis.pack_command(each) for each in commands])  # type: ignore[arg-type]


def line_to(url: str, *, wait_s: float) -> StoreLine | None:
    """A line to the server, or None where more than a plain connection is asked for."""
    return StoreLine(url, wait_s=wait_s) if parse_url(url).keys() <= _PLAIN else None
