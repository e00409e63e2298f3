"""Closes a day in processes of their own, one merchant a step, to be killed at any moment.

``python -m tests.settlement.closer URL`` reads everything that has to be imported once; from then
on each ``start`` forks a closer within milliseconds and says its process number, and each
``wait PID`` says how it ended.
"""

import asyncio
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from app.database import database_for
from app.settings import DatabaseSettings
from app.settlement import close_days
from tests.settlement.books import NIGHT

ROOT = Path(__file__).parents[2]
REST_S = 1 / 50


class Closers:
    """The process that forks closers, as a test speaks to it."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.settlement.closer", url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def _ask(self, words: str) -> int:
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(self) -> int:
        """Begin to close; the process's number."""
        return self._ask("start")

    def wait(self, pid: int) -> int:
        """How it ended: 0, or the signal below zero."""
        return self._ask(f"wait {pid}")

    def end(self) -> None:
        """No more closers."""
        self._process.stdin.close()
        self._process.wait(120)
        self._process.stdout.close()


def night() -> datetime:
    """`NIGHT`, after a rest at each step: who kills closers must see the day half closed."""
    time.sleep(REST_S)
    return NIGHT


async def close(url: str) -> None:
    """Close what is due at `NIGHT`."""
    database = database_for(DatabaseSettings(pool_size=1, read_pool_size=1), url)
    await database.open()
    await close_days.close_due(database, clock=night, limit=1)
    await database.close()


def serve(url: str) -> None:
    """Fork and wait, as the lines say."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while words := sys.stdin.readline().split():
        if words[0] == "start":
            pid = os.fork()
            if pid == 0:
                with Path(os.devnull).open("w") as nowhere:  # its log is nobody's answer
                    os.dup2(nowhere.fileno(), 1)
                asyncio.run(close(url))
                os._exit(0)
            told = pid
        else:
            _, status = os.waitpid(int(words[1]), 0)
            told = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
