"""PostgreSQL and Valkey of our own, for whoever has set no URL of real servers.

`engines` gives a running pair and holds a lease on it; processes with the same home folder
share one pair. The work is done by a separate process, `app.keeper`, which survives this
one just long enough to stop the engines properly.
Never: used when PUHUI_DATABASE__URL and PUHUI_REDIS__URL are set; never prints a password.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from app import keeper
from app.engine_places import EngineError, data_folders, home_folder, own_home
from app.engine_programs import bundled_postgres_bin, bundled_valkey_server

__all__ = ["EngineError", "EngineStatus", "Engines", "discard", "engines", "home_folder", "status"]

log = structlog.get_logger()

START_LIMIT_S = 660
DISCARD_LIMIT_S = 30
POLL_MS = 10
KEEPER_ATTEMPTS = 3

_open_leases: set[int] = set()


@dataclass(frozen=True)
class Engines:
    """Where a running pair is. The URLs hold passwords and are left out of `repr`.

    Attributes:
        owner_url: as `puhui_owner`, who owns the database `puhui`: migrations.
        app_url, worker_url, reader_url: as the service, its background work, and reports.
        superuser_url: as `postgres`, database `postgres`: tests and backups.
        redis_url: Valkey, database 0.
        home: our state folder.
        engine_folder: the engines' data; outside `home` if their user cannot reach it.
        postgres_version: such as `18.6`.
    """

    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)
    worker_url: str = field(repr=False)
    reader_url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    home: Path
    engine_folder: Path
    postgres_version: str

    @property
    def database_url(self) -> str:
        """The owner's URL, for programs that know only one."""
        return self.owner_url


@dataclass(frozen=True)
class EngineStatus:
    """What runs for a home folder; ports and process ids are 0 when nothing does."""

    home: Path
    running: bool
    keeper_pid: int = 0
    postgres_pid: int = 0
    postgres_port: int = 0
    postgres_version: str = ""
    valkey_pid: int = 0
    valkey_port: int = 0
    engine_folder: Path | None = None


@contextmanager
def engines(home: Path | None = None, *, grace_s: int = 2) -> Iterator[Engines]:
    """A running PostgreSQL and Valkey, for as long as the context is open.

    They are started if nobody has, shared if somebody has, and stopped when the last process
    with that home has left this context or has died, however it died.

    Args:
        home: state folder; by default `home_folder` of the environment.
        grace_s: how many seconds the engines outlive the last lease. It is the wish of the
            process that starts them that counts.

    Raises:
        EngineError: they cannot run here; the message says why and what to do.
    """
    folder = own_home(home or home_folder(os.environ))
    deadline_ns = time.monotonic_ns() + START_LIMIT_S * 10**9
    lease = _take_lease(folder, deadline_ns)
    try:
        yield _find_or_start(folder, grace_s, deadline_ns)
    finally:
        _release(lease)


def status(home: Path | None = None) -> EngineStatus:
    """What runs for a home folder at this moment; starts nothing and takes no lease."""
    folder = home or home_folder(os.environ)
    state = keeper.read_json(folder / keeper.STATE)
    if "keeper_pid" not in state or not _is_kept(folder):
        return EngineStatus(home=folder, running=False)
    return EngineStatus(
        home=folder,
        running=True,
        keeper_pid=int(state["keeper_pid"]),
        postgres_pid=int(state["postgres_pid"]),
        postgres_port=int(state["postgres_port"]),
        postgres_version=str(state["postgres_version"]),
        valkey_pid=int(state["valkey_pid"]),
        valkey_port=int(state["valkey_port"]),
        engine_folder=Path(str(state["engine_folder"])),
    )


def discard(home: Path) -> None:
    """Delete the engines of a home and all their data: for tests and finished demos.

    Files in `home` that are not ours stay. Nobody may start these engines meanwhile.

    Raises:
        EngineError: somebody still uses them after `DISCARD_LIMIT_S` seconds.
    """
    if not (home / keeper.LEASES).exists():
        return
    deadline_ns = time.monotonic_ns() + DISCARD_LIMIT_S * 10**9
    lease = _take_lease(home, deadline_ns, fcntl.LOCK_EX)
    try:
        by_home_id = str(keeper.read_json(home / keeper.IDENTITY).get("by_home_id", ""))
        for folder in data_folders(home, by_home_id):
            if folder.exists():
                shutil.rmtree(folder)
        for name in keeper.FILES:
            (home / name).unlink(missing_ok=True)
        if not any(home.iterdir()):
            home.rmdir()
    finally:
        _release(lease)


def _take_lease(home: Path, deadline_ns: int, kind: int = fcntl.LOCK_SH) -> int:
    """Lock `leases`, for sharing or alone; waits while a keeper is stopping the engines."""
    lease = os.open(home / keeper.LEASES, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _open_leases.add(lease)
    try:
        while not _lock(lease, kind):
            if time.monotonic_ns() > deadline_ns:
                raise EngineError(f"The engines in {home} are in use; see {home / keeper.LOG}.")
            time.sleep(POLL_MS / 1000)
    except BaseException:
        _release(lease)
        raise
    return lease


def _release(lease: int) -> None:
    """Let go of a lease; in a forked child, which never had it, do nothing."""
    if lease in _open_leases:
        _open_leases.remove(lease)
        os.close(lease)


def _forget_leases_in_child() -> None:
    """A forked child must not hold its parent's lease, or it would outlive the parent."""
    for lease in tuple(_open_leases):
        _release(lease)


os.register_at_fork(after_in_child=_forget_leases_in_child)


def _find_or_start(home: Path, grace_s: int, deadline_ns: int) -> Engines:
    """Wait for the published state; start a keeper whenever there is none."""
    attempts = 0
    while time.monotonic_ns() < deadline_ns:
        if _become_starter(home, grace_s, may_start=attempts < KEEPER_ATTEMPTS):
            attempts += 1
        state = keeper.read_json(home / keeper.STATE)
        # A failure we did not cause may be about to end; then we try ourselves.
        if "failure" in state and attempts:
            raise EngineError(str(state["failure"]))
        if "keeper_pid" in state and _listening(state):
            found = _engines(home, state)
            if attempts:
                _tell(found)
            return found
        time.sleep(POLL_MS / 1000)
    raise EngineError(
        f"The engines were not ready after {START_LIMIT_S} s (PostgreSQL may still be recovering); "
        f"see {home / 'postgres.log'}."
    )


def _listening(state: Mapping[str, str | int]) -> bool:
    """Whether both engines take connections: one may have died since this was published."""
    for name in ("postgres_port", "valkey_port"):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(state[name]))) != 0:
                return False
    return True


def _tell(found: Engines) -> None:
    """One line on a start, louder when the data had to live outside our home."""
    names = {"home": os.fspath(found.home), "engine_folder": os.fspath(found.engine_folder)}
    if found.home in found.engine_folder.parents:
        log.info("engines_started", **names)
    else:
        reason = "the user the engines run as cannot enter home"
        log.warning("engines_started_with_data_outside_home", reason=reason, **names)


def _become_starter(home: Path, grace_s: int, *, may_start: bool) -> bool:
    """If nobody keeps this home, start a keeper and hand it the lock; whether we did."""
    handle = os.open(home / keeper.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(handle, fcntl.LOCK_EX):
            return False
        if not may_start:
            tail = (home / keeper.LOG).read_text(errors="replace").splitlines()[-12:]
            raise EngineError("The keeper of the engines keeps dying:\n" + "\n".join(tail))
        # What an earlier keeper published is void now that its lock is ours.
        (home / keeper.STATE).unlink(missing_ok=True)
        _spawn_keeper(home, handle, grace_s)
    finally:
        os.close(handle)
    return True


def _spawn_keeper(home: Path, handle: int, grace_s: int) -> None:
    """Run `app.keeper` in a session of its own, out of reach of the terminal's Ctrl-C."""
    chosen = os.environ.get("PG_BIN")
    source = Path(__file__).resolve().parents[1]
    argv = [sys.executable, "-S", "-P", "-m", "app.keeper", os.fspath(home)]
    argv += ["--lock-handle", str(handle), "--grace-ms", str(grace_s * 1000)]
    argv += ["--postgres-bin", chosen or os.fspath(bundled_postgres_bin())]
    argv += [] if chosen else ["--bundled"]
    argv += ["--valkey-server", os.fspath(bundled_valkey_server())]
    argv += ["--engine-user", os.environ.get("PUHUI_ENGINE_USER", "nobody")]
    with open(home / keeper.LOG, "ab", opener=_private) as output:
        started = subprocess.run(
            argv,
            check=False,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONPATH": os.fspath(source)},
            pass_fds=[handle],
            start_new_session=True,
        )
    if started.returncode != 0:
        raise EngineError(f"The keeper of the engines could not start; see {home / keeper.LOG}.")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _engines(home: Path, state: Mapping[str, str | int]) -> Engines:
    def login(role: str, database: str = "puhui") -> str:
        secret = state["superuser" if role == "postgres" else role.removeprefix("puhui_")]
        return f"postgresql://{role}:{secret}@127.0.0.1:{state['postgres_port']}/{database}"

    ours = {f"{who}_url": login(f"puhui_{who}") for who in ("owner", "app", "worker", "reader")}
    return Engines(
        **ours,
        superuser_url=login("postgres", "postgres"),
        redis_url=f"redis://:{state['valkey']}@127.0.0.1:{state['valkey_port']}/0",
        home=home,
        engine_folder=Path(str(state["engine_folder"])),
        postgres_version=str(state["postgres_version"]),
    )


def _is_kept(home: Path) -> bool:
    handle = os.open(home / keeper.LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        return not _lock(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
