"""Processes of our own that never outlive us, however we end.

A child is this program's code in a fresh interpreter. Its standard input is a pipe that only we
hold open: the first line is its order (settings do not stand on a command line, where everybody
reads them), and its end means that we are gone, which no `kill -9` can hide.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2]
ORPHANS_LIVE_S = 20
"""How long a child may finish what is under way after its parent has died."""


def start(
    module: str,
    order: Mapping[str, Any],
    *,
    handles: Sequence[int] = (),
    more: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Run a module, and hand it its order; it is out of reach of the terminal's Ctrl-C.

    Args:
        module: its full name.
        order: plain JSON.
        handles: open files and sockets that it inherits, under the same numbers.
        more: environment besides our own.

    """
    path = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, **(more or {})},
        pass_fds=handles,
        start_new_session=True,
    )
    assert child.stdin is not None, "it was asked for"
    try:
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.flush()
    except BrokenPipeError:  # it died at once; whoever waits for it will see
        pass
    return child


def order() -> dict[str, Any]:
    """In a child: what it is to do. Read byte by byte, so that nothing of the rest is lost."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in {b"", b"\n"}:
        line += byte
    if not line:
        raise SystemExit(0)  # the parent was gone before it said anything
    found: dict[str, Any] = json.loads(line)
    return found


def when_alone(then: Callable[[], None]) -> None:
    """In a child's event loop: call ``then`` when the parent is gone, and see to an end."""
    loop = asyncio.get_running_loop()

    def gone() -> None:
        if os.read(0, 1) == b"":
            loop.remove_reader(0)
            last = threading.Timer(ORPHANS_LIVE_S, os._exit, (1,))
            last.daemon = True
            last.start()
            then()

    loop.add_reader(0, gone)
