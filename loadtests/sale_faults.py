"""What goes wrong in the middle of a sale. Each fault is done to real processes."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess

import psycopg
from redis import Redis

from app.embedded import status
from loadtests.sale_city import City

WATCHER = "sale-watcher"
"""The name of our own connections, which no fault cuts."""
OUTAGE_S = 3

Fault = Callable[[City, Sequence[BaseProcess]], str]


def flush_valkey(town: City, _: Sequence[BaseProcess]) -> str:
    """The gate forgets its tokens, and whom it let in."""
    with Redis.from_url(town.place.pair.redis_url) as store:
        forgotten = store.dbsize()
        store.flushall()
    return f"FLUSHALL: {forgotten} keys forgotten"


def kill_valkey(town: City, _: Sequence[BaseProcess]) -> str:
    """Killed as often as its keeper starts it again, for some seconds; then it may live."""
    until, killed = time.monotonic() + OUTAGE_S, set()
    while time.monotonic() < until:
        pid = status(town.place.home).valkey_pid
        if pid and pid not in killed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        time.sleep(0.01)
    return f"Valkey killed {len(killed)} time(s) in {OUTAGE_S} s"


def stall_valkey(town: City, _: Sequence[BaseProcess]) -> str:
    """Connections stay open and nothing is answered."""
    pid = status(town.place.home).valkey_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(OUTAGE_S)
    finally:
        os.kill(pid, signal.SIGCONT)
    return f"Valkey answered nothing for {OUTAGE_S} s"


def kill_server(town: City, servers: Sequence[BaseProcess]) -> str:
    """One process of the service dies at once; then everybody's connections to PostgreSQL."""
    victim = next(each for each in servers if each.is_alive())
    victim.kill()
    time.sleep(0.3)
    with psycopg.connect(town.place.url, autocommit=True, application_name=WATCHER) as connection:
        row = connection.execute(_CUT, (WATCHER,)).fetchone()
    return f"one server process killed; {row[0] if row else 0} database connections cut"


_CUT = """
SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = 'puhui' AND backend_type = 'client backend' AND application_name <> %s
"""

FAULTS: Mapping[str, Fault] = {
    "flushed": flush_valkey,
    "stalled": stall_valkey,
    "killed": kill_valkey,
    "crashed": kill_server,
}
