"""kill -9 of anything, then start again: nothing acknowledged is lost, nobody is locked out."""

import os
import signal
import subprocess
import threading

import psycopg
import pytest
import redis

from app import keeper
from app.embedded import engines, status
from tests.embedded.holders import eventually, gone


class Writer(threading.Thread):
    """Commits one row after another until the server is gone; remembers the last receipt."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.acknowledged = 0

    def run(self) -> None:
        """Insert 1, 2, 3, ... each in a transaction of its own."""
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS receipts (id int PRIMARY KEY)")
                connection.execute("TRUNCATE receipts")
                while True:
                    connection.execute("INSERT INTO receipts VALUES (%s)", [self.acknowledged + 1])
                    self.acknowledged += 1
        except psycopg.OperationalError:
            return


def rows(url: str) -> int:
    """How many receipts there are; -1 while the server does not answer."""
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT count(*) FROM receipts").fetchone()[0]
    except psycopg.OperationalError:
        return -1


def write_until(url: str, count: int) -> Writer:
    writer = Writer(url)
    writer.start()
    assert eventually(lambda: writer.acknowledged >= count)
    return writer


def test_killed_postgres_comes_back_on_its_port_with_every_commit(home):
    """While a lease is held the keeper restarts PostgreSQL, and every receipt is honoured."""
    with engines(home, grace_s=0) as pair:
        for _ in range(3):
            writer = write_until(pair.owner_url, 50)
            os.kill(status(home).postgres_pid, signal.SIGKILL)
            writer.join()
            assert eventually(lambda: rows(pair.owner_url) >= 0)
            assert rows(pair.owner_url) >= writer.acknowledged


def test_who_comes_after_a_crash_waits_for_the_recovery(home, hold):
    """A second process is never given a server that has just died."""
    hold(home).found()
    for _ in range(5):
        killed = status(home).postgres_pid
        os.kill(killed, signal.SIGKILL)
        assert gone([killed])
        with engines(home) as pair, psycopg.connect(pair.owner_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_killed_valkey_comes_back_on_its_port(home):
    """While a lease is held the keeper restarts Valkey."""
    with engines(home, grace_s=0) as pair:
        client = redis.Redis.from_url(pair.redis_url, retry=None)

        def answers() -> bool:
            try:
                return client.ping()
            except redis.ConnectionError:
                return False

        before = status(home).valkey_pid
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda: status(home).valkey_pid != before)
        assert eventually(answers)


def test_killed_keeper_leaves_no_orphan_and_no_lock(home, hold):
    """Both servers end with their keeper; the next start finds every commit, on the same ports."""
    found = hold(home).found()
    writer = write_until(found["owner_url"], 50)
    os.kill(found["pids"][0], signal.SIGKILL)
    writer.join()
    with engines(home, grace_s=0) as pair:
        assert pair.owner_url == found["owner_url"]
        assert rows(pair.owner_url) >= writer.acknowledged
    assert gone(found["pids"])


def test_everything_killed_at_once(home, hold):
    """As in a power cut of the software kind: all processes die, no commit does."""
    holder = hold(home)
    found = holder.found()
    writer = write_until(found["owner_url"], 50)
    for pid in [*found["pids"], holder.process.pid]:
        os.kill(pid, signal.SIGKILL)
    writer.join()
    with engines(home, grace_s=0) as pair:
        assert rows(pair.owner_url) >= writer.acknowledged


def test_killed_during_the_first_start(fresh_home, hold):
    """A cluster half made is made anew: it has its name only when it is complete."""
    unfinished = fresh_home / "engines" / "postgres.unfinished"
    for step in ("", "base", "global/pg_control"):
        holder = hold(fresh_home)
        assert eventually((unfinished / step).exists)
        os.kill(int((fresh_home / keeper.LOCK).read_text()), signal.SIGKILL)
        holder.end(signal.SIGKILL)
    with engines(fresh_home, grace_s=0) as pair, psycopg.connect(pair.owner_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("content", ["stranger", "dead", "", "rubbish\n"])
def test_stale_postmaster_pid_locks_nobody_out(home, hold, content):
    """Its process id may belong to a stranger by now, or to nobody, or be missing."""
    holder = hold(home)
    found = holder.found()
    pid_file = home / "engines" / "postgres" / "postmaster.pid"
    written = pid_file.read_text()
    holder.end()
    assert gone(found["pids"])
    owner = pid_file.parent.stat()
    stranger = subprocess.Popen(["sleep", "60"], user=owner.st_uid, group=owner.st_gid)
    try:
        pid = {"stranger": stranger.pid, "dead": found["pids"][1]}.get(content)
        text = content if pid is None else f"{pid}\n{written.split(chr(10), 1)[1]}"
        pid_file.write_text(text)
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with engines(home, grace_s=0) as pair, psycopg.connect(pair.owner_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_stale_state_is_not_believed(home, hold):
    """A state file left by a killed keeper leads nobody to servers that are gone."""
    holder = hold(home)
    found = holder.found()
    left = (home / keeper.STATE).read_text()
    holder.end()
    assert gone(found["pids"])
    (home / keeper.STATE).write_text(left.replace(str(found["ports"][0]), "1"))
    assert not status(home).running
    with engines(home, grace_s=0) as pair, psycopg.connect(pair.owner_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_lost_passwords_are_set_anew(home):
    """Without its identity file an existing cluster learns new passwords and keeps its rows."""
    with engines(home, grace_s=0) as pair:
        found = status(home)
        with psycopg.connect(pair.owner_url) as connection:
            connection.execute("DROP TABLE IF EXISTS kept")
            connection.execute("CREATE TABLE kept (id int)")
    assert gone([found.keeper_pid, found.postgres_pid, found.valkey_pid])
    (home / keeper.IDENTITY).unlink()
    with engines(home, grace_s=0) as pair, psycopg.connect(pair.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
