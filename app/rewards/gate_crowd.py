"""A bounded crowd in front of the pool: so many may try for an offer at once, so many may wait.

In the process's memory, first come first served. It protects the database's connections from one
offer's rush; who is turned away has lost nothing and may ask again at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from app.rewards.offers_errors import OfferBusy

INSIDE = 16
WAITING = 400
WAIT_S = 6


class _Line:
    """Who is inside, and who waits, in order."""

    def __init__(self) -> None:
        self.inside = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Crowd:
    """One process's crowds, one for each offer that is asked for.

    Args:
        inside: how many may try at once.
        waiting: how many may wait for it.
        wait_s: how long they may.

    """

    def __init__(
        self, *, inside: int = INSIDE, waiting: int = WAITING, wait_s: int = WAIT_S
    ) -> None:
        self._inside = inside
        self._waiting = waiting
        self._wait_s = wait_s
        self._lines: dict[UUID, _Line] = {}

    @asynccontextmanager
    async def enter(self, offer_id: UUID, *, tight: bool) -> AsyncIterator[None]:
        """Wait for a turn and have it until the block ends.

        Args:
            offer_id: whose crowd.
            tight: half as many at once: there is no gate before us.

        Raises:
            OfferBusy: too many wait already, or the turn did not come in time.

        """
        line = self._lines.setdefault(offer_id, _Line())
        most = max(1, self._inside // 2) if tight else self._inside
        if line.inside < most and not line.waiting:
            line.inside += 1
        else:
            await self._wait(line)
        try:
            yield
        finally:
            self._leave(offer_id, line)

    async def _wait(self, line: _Line) -> None:
        if len(line.waiting) >= self._waiting:
            raise _busy()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        try:
            await asyncio.wait_for(asyncio.shield(turn), self._wait_s)
        except TimeoutError:
            if not turn.done():
                turn.cancel()
                line.waiting.remove(turn)
                raise _busy() from None
        except asyncio.CancelledError:
            if turn.done():
                self._pass_on(line)
            else:
                turn.cancel()
                line.waiting.remove(turn)
            raise

    def _leave(self, offer_id: UUID, line: _Line) -> None:
        self._pass_on(line)
        if line.inside == 0 and not line.waiting:
            self._lines.pop(offer_id, None)

    @staticmethod
    def _pass_on(line: _Line) -> None:
        """The turn goes to the next who waits; the number inside stays, or falls by one."""
        if line.waiting:
            line.waiting.popleft().set_result(None)
        else:
            line.inside -= 1


def _busy() -> OfferBusy:
    return OfferBusy(
        "Very many ask for this offer at once; send the same request again in a second.",
        "当前兑换人数较多,请一秒后重试同一请求。",
    )
