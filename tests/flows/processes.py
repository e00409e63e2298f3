"""The service and its worker as processes of their own, to be killed."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

RUN = [sys.executable, "-c", "from app.cli import run; run()"]
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody uses, nor is given for a minute.

    A connection that was closed from the port's side lingers on it (TIME_WAIT): until it is
    forgotten the system gives the port to nobody who asks for any, neither as a listener's nor
    as a caller's; a server that asks for it by number, and allows reuse as ours do, gets it.
    """
    with socket.socket() as listener, socket.socket() as caller:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        caller.connect(listener.getsockname())
        listener.accept()[0].close()
        caller.recv(1)
        return int(listener.getsockname()[1])


def serving(home: Path, port: int, *words: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """``puhui serve`` in a process of its own."""
    return _started(home, [*RUN, "serve", "--port", str(port), *words], log, PUHUI_PORT=str(port))


def working(home: Path, log: Path) -> subprocess.Popen[bytes]:
    """``puhui worker`` in a process of its own."""
    return _started(home, [*RUN, "worker"], log)


def _started(home: Path, argv: list[str], log: Path | None, **more: str) -> subprocess.Popen[bytes]:
    generous = {
        "PUHUI_LIMITS__CITIZEN_WRITES_PER_MINUTE": "1000000",
        "PUHUI_LIMITS__MERCHANT_SCANS_PER_MINUTE": "1000000",
    }
    with Path(log or os.devnull).open("ab") as output:
        return subprocess.Popen(
            argv,
            env=os.environ | {"PUHUI_HOME": str(home)} | generous | more,
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )


async def ready(port: int) -> None:
    """Wait until the service answers that it is ready."""
    async with httpx.AsyncClient() as client:
        for _ in range(1_200):  # a busy machine needs half a minute
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    pytest.fail("the service did not become ready")
