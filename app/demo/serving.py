"""Serve the API in this process, with the background work beside it, and end without orphans."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import documentation, main
from app.cache import Cache
from app.database import Database
from app.demo import children
from app.intake.files_table import FileProblem
from app.keys import Keys
from app.phone.hub import Hub
from app.settings import Settings
from app.worker import work

BACKLOG = 2_048


@contextmanager
def socket_on(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything else is done.

    Raises:
        FileProblem: somebody else has it.

    """
    listening = socket.socket(socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Whoever is accepted here inherits it. Without it an answer, which is written in two pieces,
    # waits 40 ms for the caller's acknowledgement of the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        try:
            listening.bind((host, port))
        except OSError as error:
            raise FileProblem(
                f"Port {port} on {host} cannot be taken ({error.strerror}); choose another one: "
                f"PUHUI_PORT={port + 1}, or --port {port + 1}.",
                f"{host} 的端口 {port} 不可用,请换一个:PUHUI_PORT={port + 1}。",
            ) from error
        yield listening
    finally:
        listening.close()


def serve(
    settings: Settings,
    *,
    listening: socket.socket,
    database_url: str,
    redis_url: str | None,
    worker_url: str | None,
    watched: bool = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is under way.

    Args:
        settings: the process's settings, with a state folder.
        listening: a bound socket.
        database_url: PostgreSQL, as the serving role.
        redis_url: Redis or Valkey, or None.
        worker_url: PostgreSQL for the background work; None: it is not done here.
        watched: whether this process is a child, which ends with its parent.

    """
    app = main.application(settings, database_url=database_url, redis_url=redis_url)
    # The server would believe any `X-Forwarded-For` from this machine; `app.edge` reads it.
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, backlog=BACKLOG, proxy_headers=False
    )
    server = _Server(config)
    server.hub = app.state.hub

    def alone() -> None:
        app.state.hub.close()
        server.should_exit = True

    async def both() -> None:
        stop = asyncio.Event()
        if watched:
            children.when_alone(alone)
        background = (
            [asyncio.create_task(work(settings, database_url=worker_url, stop=stop))]
            if worker_url is not None
            else []
        )
        try:
            await server.serve(sockets=[listening])
        finally:
            stop.set()
            await asyncio.gather(*background)

    # The server hands a signal back after its own farewell; by then there is nothing left to do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # Not `asyncio.run`: the server knows of a faster loop where there is one (uvloop).
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(both())


class _Server(uvicorn.Server):
    """Ends live streams when it is asked to stop: it would wait for them otherwise."""

    hub: Hub | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal, and let whoever listens go."""
        if self.hub is not None:
            self.hub.close()
        super().handle_exit(sig, frame)


def openapi_text() -> str:
    """The OpenAPI document; needs no server."""
    app = main.create_app(
        Settings(environment="test"),
        database=Database(None, None),
        cache=Cache(None),
        keys=Keys(Ed25519PrivateKey.generate(), bytes(32), bytes(32)),
    )
    return documentation.openapi_text(app)
