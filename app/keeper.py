"""The keeper: a small process that owns the embedded engines of one home folder.

It runs as long as somebody holds a lease (a shared lock on `leases`), restarts an engine
that dies, and stops both when the last lease is gone. Being the keeper is holding `keeper.lock`,
which the starting process hands over; the kernel releases either lock however its holder
ends. Standard library only, so that it starts fast.
Never: runs twice for one home, or talks to the network.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from app.engine_places import (
    EngineError,
    choose_by_home_id,
    engine_folder,
    engine_user,
    sync_folder,
)
from app.engine_processes import Server, free_port
from app.engine_programs import Programs, usable_programs
from app.engine_roles import Passwords, new_passwords
from app.engines import PostgresServer, ValkeyServer

LEASES = "leases"
LOCK = "keeper.lock"
STATE = "state.json"
IDENTITY = "identity.json"
LOG = "keeper.log"
POSTGRES_LOG, VALKEY_LOG = "postgres.log", "valkey.log"
LOGS = (LOG, POSTGRES_LOG, VALKEY_LOG)
FILES = (LEASES, LOCK, STATE, IDENTITY, *LOGS, *(f"{name}.1" for name in LOGS))

KNOWN = "cluster_knows_passwords"

POLL_MS = 100
START_LIMIT_S = 600  # Recovery after a crash reads up to 4 GB of log.
START_ATTEMPTS = 3
LONGEST_PAUSE_MS = 5_000
LOG_LIMIT_BYTES = 8_000_000
LOG_CHECK_MS = 30_000


class Keeper:
    """Owns the engines of one home folder until nobody needs them.

    Args:
        home: state folder, absolute.
        programs: binaries as installed.
        bundled: whether PostgreSQL comes from our wheel.
        user_name: account for the engines when we are root.
        grace_ms: how long the engines outlive the last lease, in milliseconds.
    """

    def __init__(
        self, home: Path, programs: Programs, *, bundled: bool, user_name: str, grace_ms: int
    ) -> None:
        self.home = home
        self.grace_ms = grace_ms
        self.stopping = False
        self._leases = os.open(home / LEASES, os.O_RDWR | os.O_CREAT, 0o600)
        user = engine_user(user_name)
        self._identity = read_json(home / IDENTITY)
        if not self._identity:
            self._identity = {"by_home_id": choose_by_home_id(home, user)}
        passwords = asdict(new_passwords())
        if not passwords.keys() <= self._identity.keys():  # a new home, or one of an older version
            self._identity = passwords | self._identity
            self._identity.pop(KNOWN, None)
            self._save_identity()
        self.folder = engine_folder(home, str(self._identity["by_home_id"]), user)
        programs = usable_programs(programs, user, bundled=bundled)
        self.passwords = Passwords(**{name: str(self._identity[name]) for name in passwords})
        logs = home / POSTGRES_LOG, home / VALKEY_LOG
        self.postgres = PostgresServer(self.folder, programs.postgres_bin, logs[0], user)
        self.valkey = ValkeyServer(self.folder, programs.valkey_server, logs[1], user)

    def start(self) -> None:
        """Start both engines on free ports and publish where they are.

        Raises:
            EngineError: one does not come up; the message ends with the tail of its log.
        """
        self.postgres.prepare(self.passwords, passwords_are_new=KNOWN not in self._identity)
        if KNOWN not in self._identity:
            self._identity[KNOWN] = 1
            self._save_identity()
        for _ in range(START_ATTEMPTS):
            # Another program may take a port between our look and the server's bind.
            self._choose_ports()
            if self._start_valkey() and self._start_postgres():
                self._publish()
                return
            if self.stopping:
                raise EngineError("The keeper was told to stop before the engines were ready.")
            if not (self.valkey.exited() or self.postgres.exited()):
                break  # Alive but not ready in all that time: another start changes nothing.
        failed = self.valkey if self.valkey.exited() else self.postgres
        raise EngineError(
            f"{'Valkey' if failed is self.valkey else 'PostgreSQL'} did not start. The end of its "
            f"log, {failed.log}:\n{failed.log_tail()}\nFix that, or point PUHUI_DATABASE__URL and "
            "PUHUI_REDIS__URL at servers of your own."
        )

    def watch(self) -> None:
        """Return when the last lease has been gone for the grace, or on a signal to stop."""
        needed_at_ms = now_ms()
        logs_at_ms = needed_at_ms
        while not self.stopping:
            if not self._try_last_lease():
                needed_at_ms = now_ms()
            elif now_ms() - needed_at_ms >= self.grace_ms:
                return  # And keep the lock: who comes now waits until we are gone.
            else:
                fcntl.flock(self._leases, fcntl.LOCK_UN)
            self._revive()
            if now_ms() - logs_at_ms >= LOG_CHECK_MS:
                logs_at_ms = now_ms()
                self.bound_logs()
            time.sleep(POLL_MS / 1000)

    def stop(self) -> None:
        """Withdraw the published state, then stop both engines."""
        (self.home / STATE).unlink(missing_ok=True)
        self.valkey.stop()
        self.postgres.stop()

    def bound_logs(self) -> None:
        """Keep one older part of each log; servers append, so ours can be cut in place."""
        for log in (self.home / name for name in LOGS):
            if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)

    def _try_last_lease(self) -> bool:
        """Whether nobody holds a lease; if so, nobody can take one until we let go."""
        try:
            fcntl.flock(self._leases, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _revive(self) -> None:
        """Start an engine that died again, on its port, trying less and less often."""
        pause_ms = POLL_MS
        while not self.stopping and (self.postgres.exited() or self.valkey.exited()):
            failed: Server = self.postgres if self.postgres.exited() else self.valkey
            say(f"{failed.log.stem} ended unexpectedly; starting it again")
            (self.home / STATE).unlink(missing_ok=True)  # Who comes now waits until it is back.
            if self._start_postgres() if failed is self.postgres else self._start_valkey():
                self._publish()
                continue
            if self._try_last_lease():
                fcntl.flock(self._leases, fcntl.LOCK_UN)
                return
            time.sleep(pause_ms / 1000)
            pause_ms = min(2 * pause_ms, LONGEST_PAUSE_MS)

    def _start_postgres(self) -> bool:
        if not self.postgres.exited():
            return True
        port = int(self._identity["postgres_port"])
        return self.postgres.start(port, START_LIMIT_S, lambda: self.stopping)

    def _start_valkey(self) -> bool:
        if not self.valkey.exited():
            return True
        port = int(self._identity["valkey_port"])
        return self.valkey.start(port, self.passwords.valkey, START_LIMIT_S, lambda: self.stopping)

    def _choose_ports(self) -> None:
        """Keep the ports of the last start when they are free, and of a server that runs."""
        before = dict(self._identity)
        taken = 0
        for name, server in (("postgres_port", self.postgres), ("valkey_port", self.valkey)):
            if server.exited():
                self._identity[name] = free_port(int(self._identity.get(name, 0)), taken)
            taken = int(self._identity[name])
        if self._identity != before:
            self._save_identity()

    def _save_identity(self) -> None:
        write_json(self.home / IDENTITY, self._identity)

    def _publish(self) -> None:
        facts: dict[str, str | int] = {
            "keeper_pid": os.getpid(),
            "postgres_pid": self.postgres.pid,
            "valkey_pid": self.valkey.pid,
            "postgres_version": self.postgres.version,
            "engine_folder": os.fspath(self.folder),
        }
        write_json(self.home / STATE, self._identity | facts)


def read_json(path: Path) -> dict[str, str | int]:
    """The object in a file of ours; empty when there is no such file."""
    try:
        found: dict[str, str | int] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return found


def write_json(path: Path, content: dict[str, str | int]) -> None:
    """Replace a file at once and durably; only its owner may read it."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(unfinished, flags, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def now_ms() -> int:
    """A clock that never jumps, in milliseconds."""
    return time.monotonic_ns() // 10**6


def say(message: str) -> None:
    """Write one line to the keeper's log."""
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {message}\n")
    sys.stderr.flush()


def run(keeper: Keeper) -> None:
    """Start, watch and stop the engines; a signal to stop is obeyed in each phase."""

    def obey(number: int, frame: FrameType | None) -> None:
        keeper.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, obey)
    keeper.bound_logs()
    try:
        keeper.start()
        say(f"engines are ready, data in {keeper.folder}")
        keeper.watch()
    finally:
        keeper.stop()
        say("engines are stopped")


def main() -> int:
    """Become the keeper of a home; exit code 1 with the reason in the state file."""
    parser = argparse.ArgumentParser(prog="app.keeper", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--lock-handle", type=int, required=True)
    parser.add_argument("--postgres-bin", type=Path, required=True)
    parser.add_argument("--valkey-server", type=Path, required=True)
    parser.add_argument("--bundled", action="store_true")
    parser.add_argument("--engine-user", default="nobody")
    parser.add_argument("--grace-ms", type=int, required=True)
    chosen = parser.parse_args()
    # The lock is ours for life; no engine may inherit it and outlive us with it.
    os.set_inheritable(chosen.lock_handle, False)
    if os.fork():
        return 0  # The starter waits for this one; the keeper belongs to nobody.
    os.umask(0o077)
    os.ftruncate(chosen.lock_handle, 0)
    os.write(chosen.lock_handle, f"{os.getpid()}\n".encode())  # For whoever looks.
    try:
        run(
            Keeper(
                chosen.home,
                Programs(chosen.postgres_bin, chosen.valkey_server),
                bundled=chosen.bundled,
                user_name=chosen.engine_user,
                grace_ms=chosen.grace_ms,
            )
        )
    except (EngineError, OSError) as failure:
        say(f"failed: {failure}")
        write_json(chosen.home / STATE, {"failure": str(failure)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
