"""The two engines: how PostgreSQL and Valkey are made, configured and asked if they are ready.

Both listen on 127.0.0.1 only and want a password. PostgreSQL is durable; Valkey keeps
nothing on disk, for all it holds can be rebuilt. Standard library only.
Never: decides whether an engine should run; that is `app.keeper`.
"""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from app.engine_places import EngineError, EngineUser, sync_folder
from app.engine_processes import (
    LOG_TAIL_LINES,
    Server,
    clear_postmaster_pid,
    clear_strays,
    environment,
    read_inside,
)
from app.engine_roles import Passwords, role_statements

PROGRAM_LIMIT_S = 180

Words = Sequence[str | Path]

# Chosen for a laptop with two cores whose data must survive a power cut.
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "260",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
    # Statements and row values can hold personal data, so neither goes to the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}

_LIMIT_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def sized_settings(folder: Path) -> dict[str, str]:
    """What depends on the machine: an eighth of its memory, a tenth of its free disk, in bounds.

    The longer between checkpoints, the fewer whole pages go to the log.
    """
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    limit = _LIMIT_OF_CONTAINER.read_text().strip() if _LIMIT_OF_CONTAINER.exists() else ""
    if limit.isdecimal():
        memory_mb = min(memory_mb, int(limit) >> 20)
    free_gb = shutil.disk_usage(folder).free >> 30
    return {
        "shared_buffers": f"{min(max(memory_mb // 8, 128), 4_096)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 512)}MB",
        "max_wal_size": f"{min(max(free_gb // 10, 1), 8)}GB",
    }


class PostgresServer(Server):
    """A PostgreSQL server with the roles and the database of Puhui.

    Args:
        folder: engine folder, owned by the engine user; the data lives in `postgres` in it.
        bin_folder: where `initdb` and `postgres` are.
        log: file that takes the server's output.
        user: account to run under, None for our own.

    Raises:
        EngineError: the program does not run on this machine.
    """

    def __init__(self, folder: Path, bin_folder: Path, log: Path, user: EngineUser | None) -> None:
        super().__init__(log, user)
        self.data = folder / "postgres"
        self.bin_folder = bin_folder
        self.version = _version(bin_folder / "postgres")
        self._major = self.version.split(".")[0]
        self._wal_compression = "off"

    def prepare(self, passwords: Passwords, *, passwords_are_new: bool) -> None:
        """Make the cluster if there is none; it appears under its name only when complete.

        Args:
            passwords: those of `postgres` and of the roles that log in.
            passwords_are_new: an existing cluster may not know them yet, and learns them.

        Raises:
            EngineError: initdb failed, or the data are of another major version.
        """
        if not self.data.exists():
            self._create(passwords)
        else:
            self._refuse_other_major()
            self._clear_way()
            if passwords_are_new:
                self._single_user(self.data, role_statements(passwords), [])
        probe: list[str | Path] = [
            self.bin_folder / "postgres",
            "-D",
            self.data,
            "-C",
            "wal_compression",
        ]
        # pglz costs four times as much as what it saves: a batch after a checkpoint changes some
        # thousand pages, each of which goes to the log whole.
        if self._run([*probe, "-c", "wal_compression=lz4"], b"").returncode == 0:
            self._wal_compression = "lz4"

    def start(self, port: int, limit_s: int, abandoned: Callable[[], bool]) -> bool:
        """Start the server and wait until it accepts connections; False when it did not."""
        self._clear_way()
        chosen = {"port": str(port), "wal_compression": self._wal_compression}
        chosen |= sized_settings(self.data)
        words = ["=".join(item) for item in (POSTGRES_SETTINGS | chosen).items()]
        options = [word for setting in words for word in ("-c", setting)]
        argv: Words = [self.bin_folder / "postgres", "-D", self.data, *options]
        # SIGINT is the fast shutdown: sessions end, the data are left clean.
        self.process = self.launch(argv, self.data, b"", signal.SIGINT)
        return self.wait_ready(self._accepts, limit_s, abandoned)

    def stop(self) -> None:
        """Fast shutdown, then immediate, then SIGKILL; acknowledged commits survive each."""
        self.terminate([(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)])

    def _accepts(self) -> bool:
        lines = read_inside(self.data / "postmaster.pid").splitlines()
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _clear_way(self) -> None:
        clear_strays(self.data, "postgres", self.data / "postmaster.pid")
        clear_postmaster_pid(self.data)

    def _refuse_other_major(self) -> None:
        theirs = read_inside(self.data / "PG_VERSION").strip()
        if theirs != self._major:
            raise EngineError(
                f"The data in {self.data} are of PostgreSQL {theirs}, but {self.bin_folder} is "
                f"PostgreSQL {self._major}. Set PG_BIN to the bin folder of version {theirs} (or "
                "unset it), or dump the data and use a new PUHUI_HOME."
            )

    def _create(self, passwords: Passwords) -> None:
        unfinished = self.data.with_name("postgres.unfinished")
        clear_strays(unfinished, "postgres", unfinished / "postmaster.pid")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        # The built-in provider maps letters of all scripts and sorts the same everywhere.
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        initdb: list[str | Path] = [self.bin_folder / "initdb", "-D", unfinished]
        made = self._run(
            [*initdb, "--username=postgres", "--encoding=UTF8", "--locale=C"]
            + (builtin if int(self._major) >= 17 else [])
            # With no way in but 127.0.0.1, initdb asks for no password; one is set below.
            + ["--auth-local=reject", "--auth-host=scram-sha-256"]
            + ["--data-checksums", "--no-sync", "--no-instructions"],
            b"",
        )
        self._refuse_failure(made, "initdb could not make a database cluster")
        statements = [
            *role_statements(passwords),
            "CREATE DATABASE puhui OWNER puhui_owner",
        ]
        self._single_user(unfinished, statements, ["-c", "fsync=off"])
        # One pass over the finished files is cheaper than syncing at every step before.
        self._refuse_failure(self._run([*initdb, "--sync-only"], b""), "initdb could not sync")
        unfinished.rename(self.data)
        sync_folder(self.data.parent)

    def _single_user(self, data: Path, statements: Sequence[str], options: Sequence[str]) -> None:
        """Run statements, one a line, without a server that anybody could connect to."""
        program = self.bin_folder / "postgres"
        argv: Words = [program, "--single", "-D", data, *options, "postgres"]
        done = self._run(argv, "\n".join([*statements, ""]).encode())
        if b"ERROR:" in done.stdout:
            done.returncode = 1
        self._refuse_failure(done, "PostgreSQL could not set up its roles and database")

    def _run(self, argv: Words, given: bytes) -> subprocess.CompletedProcess[bytes]:
        """Run a program of PostgreSQL to its end; what it said is in `stdout`."""
        cwd = self.data.parent
        process = self.launch(argv, cwd, given, signal.SIGKILL, output=subprocess.PIPE)
        try:
            said, _ = process.communicate(timeout=PROGRAM_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode, said)

    def _refuse_failure(self, done: subprocess.CompletedProcess[bytes], what: str) -> None:
        if done.returncode != 0:
            tail = "\n".join(done.stdout.decode(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            raise EngineError(f"{what} (in {self.data.parent}). Its last words were:\n{tail}")


class ValkeyServer(Server):
    """A Valkey server that keeps nothing on disk.

    Args:
        folder: engine folder, owned by the engine user.
        program: path of `valkey-server`.
        log: file that takes the server's output.
        user: account to run under, None for our own.
    """

    def __init__(self, folder: Path, program: Path, log: Path, user: EngineUser | None) -> None:
        super().__init__(log, user)
        self.folder = folder
        self.program = program

    def start(self, port: int, password: str, limit_s: int, abandoned: Callable[[], bool]) -> bool:
        """Start the server and wait for its PONG; False when it did not come."""
        pid_file = self.folder / "valkey.pid"
        clear_strays(self.folder, "valkey-server", pid_file)
        settings = [
            "bind 127.0.0.1",
            f"port {port}",
            "protected-mode yes",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            "maxmemory 128mb",
            # A full cache forgets what was used longest ago; it never refuses a write.
            "maxmemory-policy allkeys-lru",
            "pidfile valkey.pid",
            "loglevel warning",
            "",
        ]
        # The password comes on standard input: a command line is public.
        given = "\n".join(settings).encode()
        self.process = self.launch([self.program, "-"], self.folder, given, signal.SIGKILL)
        return self.wait_ready(lambda: _pong(port, password), limit_s, abandoned)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL."""
        self.terminate([(signal.SIGTERM, 5), (signal.SIGKILL, 5)])


def _version(program: Path) -> str:
    """Such as `18.6`; the program says it even to root."""
    answer = subprocess.run(
        [program, "--version"], check=False, capture_output=True, env=environment()
    )
    if answer.returncode != 0:
        raise EngineError(
            f"{program} does not run on this machine: {answer.stderr.decode().strip()}. Install "
            "PostgreSQL 15 to 18 and set PG_BIN to its bin folder, or set PUHUI_DATABASE__URL."
        )
    return answer.stdout.decode().split(")")[1].split()[0]


def _pong(port: int, password: str) -> bool:
    """Whether a Valkey that knows the password answers there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while b"PONG" not in answer and b"-" not in answer:
                received = connection.recv(256)
                if not received:
                    return False
                answer += received
    except OSError:
        return False  # Not listening yet.
    return b"PONG" in answer
