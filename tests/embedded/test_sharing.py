"""One pair of engines for all processes of a home, for exactly as long as one needs it."""

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest
import redis

from app.embedded import EngineError, engines, home_folder, status
from tests.embedded.holders import alive, gone


def test_first_start_gives_both_engines(fresh_home):
    """An empty machine answers SQL and PING, durably and on the loopback only."""
    with engines(fresh_home, grace_s=0) as pair:
        with psycopg.connect(pair.owner_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with psycopg.connect(pair.superuser_url) as connection:
            for setting, value in {
                "fsync": "on",
                "synchronous_commit": "on",
                "full_page_writes": "on",
                "data_checksums": "on",
                "listen_addresses": "127.0.0.1",
                "unix_socket_directories": "",
                "server_encoding": "UTF8",
                "TimeZone": "UTC",
            }.items():
                assert connection.execute(f"SHOW {setting}").fetchone() == (value,), setting
        assert redis.Redis.from_url(pair.redis_url).ping()


def test_roles_have_what_their_name_promises(home):
    """The owner makes tables, the service's role does not, only the superuser makes databases."""
    with engines(home, grace_s=0) as pair:
        with psycopg.connect(pair.owner_url) as owner:
            owner.execute("CREATE TABLE trips (id int)")
        with psycopg.connect(pair.app_url) as app:
            assert app.execute("SELECT current_user").fetchone() == ("puhui_app",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("CREATE TABLE more (id int)")
        with psycopg.connect(pair.superuser_url, autocommit=True) as superuser:
            superuser.execute("CREATE DATABASE another")
            superuser.execute("DROP DATABASE another")


def test_strangers_are_refused_and_secrets_stay_secret(home):
    """Without the password neither engine answers, and no password shows in a repr or a file."""
    with engines(home, grace_s=0) as pair:
        host = psycopg.conninfo.conninfo_to_dict(pair.superuser_url)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host="127.0.0.1", port=host["port"], user="postgres", password="guess")
        stranger = redis.Redis(port=status(home).valkey_port, password="guess", retry=None)
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        assert host["password"] not in repr(pair)
        for name in ("identity.json", "state.json", "keeper.log", "postgres.log"):
            assert (home / name).stat().st_mode & 0o077 == 0, name
        for pid in (status(home).postgres_pid, status(home).valkey_pid):
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists():
                secrets = [host["password"], pair.redis_url.split("@")[0].split(":")[-1]]
                assert not any(secret in command.read_text() for secret in secrets)


def test_second_process_shares_the_pair(home, hold):
    """Another process finds the same servers, and they stay when the first one leaves."""
    first = hold(home)
    with_first = first.found()
    second = hold(home)
    assert second.found() == with_first
    first.end()
    time.sleep(1 / 2)  # Several rounds of the keeper.
    assert all(alive(pid) for pid in with_first["pids"])
    with psycopg.connect(with_first["owner_url"]) as connection:
        connection.execute("SELECT 1")
    second.end()
    assert gone(with_first["pids"])


def test_starting_at_once_makes_one_pair(fresh_home, hold):
    """Five processes that start at the same moment end up with the same two servers."""
    holders = [hold(fresh_home) for _ in range(5)]
    found = [holder.found() for holder in holders]
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_last_holder(home, hold, number):
    """However the holder ends, its servers and their keeper end too, and the next start works."""
    holder = hold(home)
    found = holder.found()
    assert os.getsid(found["pids"][0]) != os.getsid(holder.process.pid), "Ctrl-C would hit it"
    holder.end(number)
    assert gone(found["pids"])
    assert not status(home).running
    with engines(home, grace_s=0) as pair:
        assert redis.Redis.from_url(pair.redis_url).ping()


def test_engines_outlive_the_last_holder_by_the_grace(home, hold):
    """Two commands in a row do not restart the servers; ports are kept even when they do."""
    # Longer than a busy machine needs to begin the second command.
    holder = hold(home, grace_s=10)
    found = holder.found()
    holder.end()
    again = hold(home, grace_s=0)
    assert again.found()["pids"] == found["pids"]
    again.end()
    assert gone(found["pids"])  # when the grace is over
    assert hold(home).found()["ports"] == found["ports"]


def test_a_forked_child_holds_no_lease(home):
    """A worker that outlives its parent does not keep the servers running."""
    with engines(home, grace_s=0):
        pids = [status(home).keeper_pid, status(home).postgres_pid, status(home).valkey_pid]
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    try:
        assert gone(pids)
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)


def test_nested_leases_of_one_process_count_separately(home):
    """Leaving an inner context leaves the engines to the outer one."""
    with engines(home, grace_s=0) as outer:
        with engines(home) as inner:
            assert inner == outer
        with psycopg.connect(outer.owner_url) as connection:
            connection.execute("SELECT 1")


def test_the_home_folder_follows_the_platform():
    """PUHUI_HOME wins; otherwise state lives where the platform keeps it."""
    assert str(home_folder({"PUHUI_HOME": "/srv/puhui"})) == "/srv/puhui"
    if os.geteuid() == 0:
        assert str(home_folder({})) == "/var/lib/puhui"


def test_a_wrong_pg_bin_is_named(home, monkeypatch):
    """The message names the missing program and the variable to correct."""
    monkeypatch.setenv("PG_BIN", "/nowhere/bin")
    missing = pytest.raises(EngineError, match=r"/nowhere/bin/initdb is missing.*PG_BIN")
    with missing, engines(home):
        pass
    monkeypatch.delenv("PG_BIN")
    with engines(home, grace_s=0) as pair:
        assert pair.postgres_version
