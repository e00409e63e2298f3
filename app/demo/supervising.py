"""Several processes behind one port: whoever dies is replaced, and nobody is left behind.

Each place takes connections from a socket of its own, among which the kernel spreads them: from
one socket, whoever wakes first takes all, and a provider's few connections end in one process.
The sockets live here: what is not accepted yet waits there while a process is replaced. The
background work is one more process. This one only watches.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from app.demo import children
from app.demo.servers import Found

log = structlog.get_logger()

MODULE = "app.demo.serving_process"
BACKLOG = 2_048
REST_S_MAX = 16
"""A process that keeps dying is left alone for a second, then two, at most so long."""
STEADY_S = 30
"""Whoever lived so long died of something new."""
DRAIN_S = 30
"""How long a process may finish what is under way after SIGTERM."""


def supervise(
    found: Found, *, listening: socket.socket, processes: int, background: bool = True
) -> None:
    """Keep the processes running until SIGTERM or Ctrl-C, then let them finish.

    Args:
        found: the servers, and our state folder.
        listening: a bound socket.
        processes: how many serve.
        background: whether one more does the background work.

    """
    with _numbers(found.home) as folder:
        order = {
            "home": str(found.home),
            "database_url": found.database_url,
            "redis_url": found.redis_url,
            "worker_url": None,
        }
        orders = [order] * processes
        if background:
            orders.append(order | {"worker_url": found.worker_url})
        asyncio.run(_Family(listening, folder).keep(orders))


def _door(taken: socket.socket) -> socket.socket:
    """A socket that listens on a port that is ours; the kernel spreads callers over all of them.

    The port was taken before it is shared, so somebody else's attempt to take it was, and is, told.
    """
    if sys.platform != "linux":  # others do not spread: one queue for everybody
        door = taken.dup()
    else:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door = socket.socket(taken.family)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as `serving.socket_on` says
        door.bind(taken.getsockname())
    door.listen(BACKLOG)
    return door


class _Family:
    """The processes, from the first start to the last end."""

    def __init__(self, taken: socket.socket, folder: Path) -> None:
        self._taken = taken
        self._doors: dict[int, socket.socket] = {}
        self._folder = folder
        self._stopping = asyncio.Event()

    async def keep(self, orders: list[dict[str, Any]]) -> None:
        """Start them, replace the dead, and end with the last of them."""
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self._stopping.set()
            for each in (self._taken, *self._doors.values()):
                each.close()  # who comes now is told so, and does not wait for nobody

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        loop.set_default_executor(ThreadPoolExecutor(len(orders)))  # each is waited for in a thread
        async with asyncio.TaskGroup() as group:
            for place, each in enumerate(orders):
                group.create_task(self._one(each, place))

    async def _one(self, order: dict[str, Any], place: int) -> None:
        """One place in the family; a new process each time the last one has died."""
        more = {"PROMETHEUS_MULTIPROC_DIR": str(self._folder), "PUHUI_PLACE": str(place)}
        rest_s = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            handles = [] if order["worker_url"] else [self._handle(place)]
            asked = order | {"listening": handles[0] if handles else None}
            child = children.start(MODULE, asked, handles=handles, more=more)
            await self._until_it_ends(child)
            if self._stopping.is_set():
                return
            log.warning("process_died", pid=child.pid, code=child.returncode)
            if rest_s and (door := self._doors.pop(place, None)):
                door.close()  # nobody waits behind it while it rests: the others take them
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), rest_s)
            # The first replacement comes at once; who keeps dying at the start is left alone.
            steady = time.monotonic() - began > STEADY_S
            rest_s = 0 if steady else min(max(1, 2 * rest_s), REST_S_MAX)

    def _handle(self, place: int) -> int:
        """The handle of a place's door; a process that is replaced at once leaves its open."""
        if place not in self._doors:
            self._doors[place] = _door(self._taken)
        return self._doors[place].fileno()

    async def _until_it_ends(self, child: "subprocess.Popen[bytes]") -> None:
        ended = asyncio.ensure_future(asyncio.to_thread(child.wait))
        asked = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not ended.done():
            child.terminate()
            _, late = await asyncio.wait({ended}, timeout=DRAIN_S)
            if late:
                log.warning("process_killed", pid=child.pid)
                child.kill()
                await ended
        if child.stdin is not None:
            child.stdin.close()


@contextmanager
def _numbers(home: Path) -> Iterator[Path]:
    """A folder in which the processes count together; a replacement counts on."""
    for left in home.glob("numbers-*"):
        try:
            os.kill(int(left.name.split("-")[1]), 0)
        except ProcessLookupError:  # it was killed, and could not tidy up
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:  # somebody else's, and alive
            continue
    folder = Path(tempfile.mkdtemp(prefix=f"numbers-{os.getpid()}-", dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
