"""The service as an operator starts it: ``puhui serve --workers N``, and what it costs.

Processor time is read from the kernel. It says what a request costs also where other programs
take the machine's time, which a rate does not survive.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg

from loadtests.stage import UNLIMITED, Stage, until_it_answers

ROOT = Path(__file__).parents[1]
TICKS_A_S = os.sysconf("SC_CLK_TCK")
STOP_LIMIT_S = 60
LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Service:
    """A service that runs: its port, and its processes."""

    port: int
    parent: int

    @property
    def pids(self) -> list[int]:
        """The parent and its children."""
        listed = Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text()
        return [self.parent, *map(int, listed.split())]


@contextmanager
def service(place: Stage, *, workers: int) -> Iterator[Service]:
    """``puhui serve --workers N`` on the stage's engines, with limits that nobody meets."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    words = ["serve", "--no-worker", "--port", str(port), "--workers", str(workers)]
    with (place.home / "serve.log").open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *words],
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "PUHUI_HOME": str(place.home),
                "PUHUI_DATABASE__URL": place.pair.app_url,
                "PUHUI_REDIS__URL": place.pair.redis_url,
                "PUHUI_LIMITS__PROVIDER_BATCHES_PER_MINUTE": str(UNLIMITED),
                "PUHUI_LIMITS__CITIZEN_WRITES_PER_MINUTE": str(UNLIMITED),
                "PUHUI_LIMITS__MERCHANT_SCANS_PER_MINUTE": str(UNLIMITED),
            },
            stdout=log,
            stderr=log,
        )
        try:
            until_it_answers(port, "/livez", lambda: running.poll() is None, place.home)
            yield Service(port, running.pid)
        finally:
            running.terminate()
            running.wait(STOP_LIMIT_S)


def seconds_of(pids: Sequence[int]) -> dict[int, float]:
    """What each process has had of the processor; one that is gone is left out."""
    found = {}
    for pid in pids:
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[pid] = (int(told[11]) + int(told[12])) / TICKS_A_S
    return found


def backends(url: str) -> list[int]:
    """PostgreSQL's processes that serve connections to this database, our own left out.

    A vacuum that comes by while a round is measured is nobody's connection, and not counted.
    """
    with psycopg.connect(url) as connection:
        return [pid for (pid,) in connection.execute(_OTHERS).fetchall()]


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Processor seconds between two readings; whoever is new began at nothing."""
    return sum(value - before.get(pid, 0) for pid, value in after.items())


class Watch:
    """Adds up what PostgreSQL's backends spend while a block runs, those that end in it too."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self._before: dict[int, float] = {}
        self._seen: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._before = seconds_of(backends(self._url))
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        """Of the processor."""
        return spent(self._before, self._seen)

    def _look(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while True:
                last = self._over.wait(LOOK_EVERY_S)
                rows = connection.execute(_OTHERS).fetchall()
                self._seen |= seconds_of([pid for (pid,) in rows])
                if last:
                    return


_OTHERS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)
