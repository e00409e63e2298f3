"""Homes that clean up after themselves."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.embedded import discard, engines
from tests.embedded.holders import Holder, gone_with


@pytest.fixture(scope="session")
def warm_home() -> Iterator[Path]:
    """A home whose engines were started once, so that the next start is a quick one."""
    base = open_folder()
    with engines(base / "home", grace_s=0):
        pass
    yield base / "home"
    discard(base / "home")
    base.rmdir()


@pytest.fixture
def home(warm_home) -> Iterator[Path]:
    """A home with a cluster, of which nothing runs."""
    assert gone_with(warm_home)
    yield warm_home
    assert gone_with(warm_home)


@pytest.fixture
def base() -> Iterator[Path]:
    """A new folder every user can pass through (pytest's own is closed to the engines' user)."""
    folder = open_folder()
    yield folder
    shutil.rmtree(folder)


def open_folder() -> Path:
    """A temporary folder that is not closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="puhui-test-")).resolve()
    folder.chmod(0o711)
    return folder


@pytest.fixture
def fresh_home(base) -> Iterator[Path]:
    """A home that does not exist yet."""
    yield base / "home"
    gone_with(base / "home")
    discard(base / "home")


@pytest.fixture
def hold() -> Iterator[Callable[..., Holder]]:
    """Starts holders; none survives the test."""
    holders: list[Holder] = []

    def start(home: Path, grace_s: int = 0, **environ: str) -> Holder:
        holders.append(Holder(home, environ, grace_s))
        return holders[-1]

    yield start
    for holder in holders:
        holder.process.kill()
        holder.process.wait()
        holder.process.stdin.close()
        holder.process.stdout.close()
