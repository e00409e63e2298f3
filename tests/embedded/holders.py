"""Processes that hold a lease until told otherwise, and ways to wait for what they cause."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.embedded import status

ROOT = Path(__file__).parents[2]
PATIENCE_S = 90

# Holds a lease and prints where the engines are; ends when its standard input does.
HOLD = """
import json, sys
from pathlib import Path
from app.embedded import engines, status
home = Path(sys.argv[1])
with engines(home, grace_s=int(sys.argv[2])) as pair:
    found = status(home)
    print(json.dumps({"owner_url": pair.owner_url, "redis_url": pair.redis_url,
        "pids": [found.keeper_pid, found.postgres_pid, found.valkey_pid],
        "ports": [found.postgres_port, found.valkey_port],
        "folder": str(pair.engine_folder)}), flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that holds a lease on the engines of a home."""

    def __init__(self, home: Path, environ: dict[str, str], grace_s: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home), str(grace_s)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])} | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def found(self) -> dict:
        """What the holder found; blocks until the engines are ready."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        pytest.fail("the holder ended before the engines were ready")

    def end(self, number: signal.Signals | None = None) -> None:
        """Let it leave its context, or send it a signal; returns when it is gone."""
        if number is None:
            self.process.stdin.close()
        else:
            self.process.send_signal(number)
        self.process.wait(PATIENCE_S)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true within the tests' patience."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(1 / 50)
    return True


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            return stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pids: list[int]) -> bool:
    """Whether all these processes end within the tests' patience."""
    return eventually(lambda: not any(alive(pid) for pid in pids))


def gone_with(home: Path) -> bool:
    """Tell the keeper of a home to stop; whether it and its servers end."""
    found = status(home)
    if not found.running:
        return True
    os.kill(found.keeper_pid, signal.SIGTERM)
    return gone([found.keeper_pid, found.postgres_pid, found.valkey_pid])
