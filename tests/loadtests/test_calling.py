"""The client that loads: it sends what it should, when it should, and counts honestly."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from loadtests import calling

WAIT_S = 0.05


class Server(threading.Thread):
    """Answers one request at a time, each after a while; some with 409."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(daemon=True)
        self.wait_s, self.port, self.seen = wait_s, 0, 0
        self.seen_at: list[float] = []
        self.ready, self.over = threading.Event(), asyncio.Event()

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        one = asyncio.Lock()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    length = int(
                        head.lower().partition(b"content-length: ")[2].split(b"\r")[0] or 0
                    )
                    await reader.readexactly(length)
                    async with one:
                        self.seen += 1
                        self.seen_at.append(time.monotonic())
                        await asyncio.sleep(self.wait_s)
                        status = b"409 Conflict" if b"/no" in head else b"200 OK"
                    # In two pieces, as servers write, cut in the middle of the head.
                    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Le")
                    await writer.drain()
                    writer.write(b"ngth: 4\r\n\r\nbody")
            except asyncio.IncompleteReadError:
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.over.wait()
        server.close()


@contextmanager
def serving(wait_s: float = 0) -> Iterator[Server]:
    server = Server(wait_s)
    server.start()
    assert server.ready.wait(60)
    yield server
    server.loop.call_soon_threadsafe(server.over.set)
    server.join(60)


def test_a_closed_loop_sends_each_request_once():
    """Every request has its answer counted under its status, and bodies are kept on demand."""
    wanted = [calling.request("GET", "/yes")] * 5
    wanted += [calling.request("POST", "/no", body=b"{}", key="k", token="t")] * 3
    with serving() as server:
        answers = calling.closed(server.port, wanted, 4, keep=True)
    assert answers.statuses == {200: 5, 409: 3}
    assert answers.bodies == [b"body"] * 8
    assert server.seen == 8


def test_an_open_loop_charges_waiting_to_the_server():
    """Ten requests due at once on one slow server: the last one's time holds all the others'."""
    planned = [(0, "slow", calling.request("GET", "/yes"))] * 10
    with serving(WAIT_S) as server:
        seen = calling.open_loop(server.port, planned, 2)
    times = sorted(seen.seconds_of["slow"])
    assert times[-1] >= 10 * WAIT_S
    assert times[-1] - times[0] >= 5 * WAIT_S
    assert seen.statuses_of["slow"] == {200: 10}
    assert seen.drain_s >= 8 * WAIT_S


def test_an_open_loop_keeps_to_its_plan():
    """A request is not sent before its moment, however idle the server is."""
    planned = [(at / 10, "quick", calling.request("GET", "/yes")) for at in range(4)]
    slowest = []
    for _ in range(5):  # no run may send early; that no time counts twice shows an undisturbed one
        with serving() as server:
            began = time.monotonic()
            seen = calling.open_loop(server.port, planned, 2)
        assert all(at - began >= n / 10 for n, at in enumerate(server.seen_at))
        assert seen.per_s < 4 / 0.3 + 1
        slowest.append(max(seen.seconds_of["quick"]))
        if slowest[-1] < 0.25:
            break
    assert min(slowest) < 0.25
