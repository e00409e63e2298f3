"""Which user runs the embedded engines, and where our state and their data live.

PostgreSQL refuses to run as root, so a process started as root hands its engines to an
unprivileged user. That user must reach the data; where it cannot, they get a place of their
own under `SHARED_FOLDER`. Standard library only: the keeper imports it.
Never: changes the mode or the owner of anything that was not created here.
"""

import os
import pwd
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SHARED_FOLDER = Path("/var/lib/puhui")


class EngineError(Exception):
    """An engine cannot run; the message names the cause and what to do about it."""


@dataclass(frozen=True)
class EngineUser:
    """The unprivileged account the engines run under when we are root."""

    name: str
    uid: int
    gid: int


def home_folder(environ: Mapping[str, str]) -> Path:
    """The folder for our state: PUHUI_HOME, or the usual place of the platform.

    Args:
        environ: environment variables, as in `os.environ`.
    """
    if chosen := environ.get("PUHUI_HOME"):
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return SHARED_FOLDER
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "puhui"
    state = environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "puhui"


def own_home(home: Path) -> Path:
    """The home folder, made if it is missing, without symbolic links.

    Raises:
        EngineError: it cannot be made, or others could tamper with what is in it.
    """
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        # As root, the engines' user passes through to its own folder but can list nothing.
        make_folder(home, 0o711 if os.geteuid() == 0 else 0o700)
        found = home.stat()
    except OSError as error:
        raise EngineError(f"{home} cannot be made ({error}); set PUHUI_HOME elsewhere.") from error
    if found.st_uid != os.geteuid() or found.st_mode & 0o002:
        raise EngineError(
            f"{home} belongs to another user or everybody may write in it; the passwords of the "
            "engines would not be safe there. Set PUHUI_HOME to a folder of your own."
        )
    return home.resolve()


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
    rename_or_yield(unfinished, path)


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
    if by_home_id:
        make_shared_folder("by-home")
    folder = data_folders(home, by_home_id)[-1]
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


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def rename_or_yield(unfinished: Path, target: Path) -> None:
    """Give a folder its name; when another process was first, keep that one."""
    try:
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished)
        if not target.is_dir():
            raise


def make_shared_folder(name: str) -> Path:
    """A folder under `SHARED_FOLDER` that the engine user can pass through but not list."""
    make_folder(SHARED_FOLDER, 0o711)
    make_folder(SHARED_FOLDER / name, 0o711)
    return SHARED_FOLDER / name


def data_folders(home: Path, by_home_id: str) -> list[Path]:
    """Where engine data of a home can be: in it, and under the shared folder."""
    inside = home / "engines"
    return [inside, SHARED_FOLDER / "by-home" / by_home_id] if by_home_id else [inside]
