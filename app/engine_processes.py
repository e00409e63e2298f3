"""Child processes of the keeper: starting, waiting, stopping, and clearing away strays.

A child runs under the engine user, and on Linux the kernel stops it when the keeper dies;
elsewhere the next start finds it by its pid file. Standard library only.
Never: knows what a server is for; that is `app.engines`.
"""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.engine_places import EngineError, EngineUser

POLL_MS = 10
LOG_TAIL_LINES = 12
STOP_LIMIT_S = 60
PR_SET_PDEATHSIG = 1
LINUX = sys.platform == "linux"


class Server:
    """One child process: its log, its user, and whether it lives.

    Args:
        log: file that takes the server's output.
        user: account to run under, None for our own.
    """

    def __init__(self, log: Path, user: EngineUser | None) -> None:
        self.log = log
        self.user = user
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the server, 0 before its first start."""
        return 0 if self.process is None else self.process.pid

    def exited(self) -> bool:
        """Whether the server is gone; a zombie is reaped here and counts as gone."""
        return self.process is None or self.process.poll() is not None

    def log_tail(self) -> str:
        """The last lines the server wrote, for error messages."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])

    def launch(
        self,
        argv: Sequence[str | Path],
        cwd: Path,
        given: bytes,
        parting: signal.Signals,
        output: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a child that gets the signal `parting` when we die.

        Args:
            argv: program and arguments.
            cwd: its working folder.
            given: its standard input, at most 4096 bytes: it is written before anybody reads.
            parting: the signal for the day the keeper is killed.
            output: `subprocess.PIPE` to read what it says; by default that goes to the log.
        """
        user, parent = self.user, os.getpid()
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as stdin, self.log.open("ab") as log:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(given)
            return subprocess.Popen(
                [os.fspath(word) for word in argv],
                cwd=cwd,
                stdin=stdin,
                stdout=log if output is None else output,
                stderr=subprocess.STDOUT,
                env=environment(),
                user=None if user is None else user.uid,
                group=None if user is None else user.gid,
                extra_groups=None if user is None else [],
                umask=0o077,
                # Safe here: the keeper has one thread.
                preexec_fn=lambda: _die_with(parent, parting),  # noqa: PLW1509
            )

    def wait_ready(
        self, ready: Callable[[], bool], limit_s: int, abandoned: Callable[[], bool]
    ) -> bool:
        """Poll until the server answers; False when it exited, time is up or nobody waits."""
        deadline_ns = time.monotonic_ns() + limit_s * 10**9
        while time.monotonic_ns() < deadline_ns and not self.exited() and not abandoned():
            if ready():
                return True
            time.sleep(POLL_MS / 1000)
        return False

    def terminate(self, steps: Sequence[tuple[signal.Signals, int]]) -> None:
        """Send each signal in turn until the server is gone; a step is (signal, seconds)."""
        for number, wait_s in steps:
            if self.process is None or self.exited():
                return
            self.process.send_signal(number)
            try:
                self.process.wait(wait_s)
            except subprocess.TimeoutExpired:
                continue  # The next signal is a stronger one.


def _die_with(parent: int, parting: signal.Signals) -> None:
    """In the child, after it changed user (which would undo this): tie it to our life."""
    if not LINUX:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, int(parting), 0, 0, 0)
    if os.getppid() != parent:  # The keeper died before the call.
        os._exit(1)


_LIBC = ctypes.CDLL(None)  # Loaded here: the child of a fork should load nothing.


def environment() -> dict[str, str]:
    """What a child sees of ours: PGPORT or PGDATA of the caller must not reach a server."""
    kept = ("PATH", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def read_inside(path: Path) -> str:
    """Text of a file in a folder of the engine user, "" if none; follows no symbolic link."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), errors="replace") as file:
            return file.read(65_536)
    except FileNotFoundError:
        return ""


def clear_strays(folder: Path, name: str, pid_file: Path) -> None:
    """Stop servers that outlived an earlier keeper.

    Args:
        folder: working folder of the server.
        name: name of its program.
        pid_file: where the server writes its process id, on the first line.
    """
    recorded = _recorded_pid(pid_file)
    if recorded and _works_in(recorded, folder, name):
        _stop_stray([recorded], signal.SIGINT, STOP_LIMIT_S)
    # What is left lost its postmaster or does not listen; it must not write any more.
    for number in (signal.SIGQUIT, signal.SIGKILL):
        strays = [pid for pid in _candidates(recorded) if _works_in(pid, folder, name)]
        _stop_stray(strays, number, 5)


def clear_postmaster_pid(data: Path) -> None:
    """Keep a stale `postmaster.pid` from locking PostgreSQL out.

    The recorded process id may belong to a stranger by now, or to a zombie nobody reaps.
    The file stays, because the server reads from it whether shared memory is still in use,
    but with our process id: a server does not count its own parent as a rival. An empty or
    broken file says nothing and goes.
    """
    path = data / "postmaster.pid"
    text = read_inside(path)
    if not path.exists():
        return
    if not _recorded_pid(path) or text.count("\n") < 6:
        path.unlink()
        return
    _, rest = text.split("\n", 1)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "w") as file:
        file.write(f"{os.getpid()}\n{rest}")


def _recorded_pid(pid_file: Path) -> int:
    first = read_inside(pid_file).split("\n", 1)[0].strip()
    return int(first) if first.isascii() and first.isdigit() else 0


def _candidates(recorded: int) -> list[int]:
    if LINUX:
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [recorded] if recorded else []


def _works_in(pid: int, folder: Path, name: str) -> bool:
    """Whether a process is alive, is that program and works in that folder.

    On Linux a zombie has no working folder any more, so it is not taken for alive.
    """
    if not LINUX:
        command = ["ps", "-o", "stat=,command=", "-p", str(pid)]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        return name in answer.stdout and not answer.stdout.startswith("Z")
    process = Path("/proc") / str(pid)
    try:
        if (process / "comm").read_text().strip() != name:
            return False
        return (process / "cwd").stat()[1:3] == folder.stat()[1:3]
    except OSError:
        return False  # It ended meanwhile, or belongs to somebody else: not ours.


def _stop_stray(pids: Sequence[int], number: signal.Signals, limit_s: int) -> None:
    deadline_ns = time.monotonic_ns() + limit_s * 10**9
    alive = [pid for pid in pids if _signal(pid, number)]
    while alive and time.monotonic_ns() < deadline_ns:
        time.sleep(POLL_MS / 1000)
        alive = [pid for pid in alive if _signal(pid, 0) and not _is_zombie(pid)]


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _is_zombie(pid: int) -> bool:
    """Whether a process has ended and merely waits for a parent that never reaps it."""
    try:
        stat = (Path("/proc") / str(pid) / "stat").read_text()
    except FileNotFoundError:
        return LINUX
    return stat.rsplit(")", 1)[1].split()[0] == "Z"


def free_port(preferred: int, taken: int = 0) -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, the preferred one if possible.

    Others are chosen below the range the kernel gives to outgoing connections, so a client
    that reconnects while a server restarts cannot occupy the server's port.

    Args:
        preferred: port of the last start, 0 for none.
        taken: a port not to choose.

    Raises:
        EngineError: 200 ports were tried and none is free.
    """
    low, count = 15_000, 17_000
    for port in [preferred, *(low + secrets.randbelow(count) for _ in range(200))]:
        if port in {0, taken}:
            continue
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen()
            except OSError:
                continue
            return port
    raise EngineError("No TCP port of 127.0.0.1 is free; close some programs and start again.")
