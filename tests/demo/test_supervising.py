"""`puhui serve --workers 2`: real processes behind one port, killed in every way."""

import os
import signal
import socket
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.cli.commands import environment, start
from tests.flows.processes import free_port

PATIENCE_S = 60


def children_of(pid):
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(what, *, because):
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(because)


def alive(pid):
    """Whether a process runs; a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ask(port, path="/livez"):
    """One request on a connection of its own; None when nobody answers."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S)
    except httpx.TransportError:
        return None


class Family:
    """The parent, its port, and its children."""

    def __init__(self, process, port):
        self.process = process
        self.port = port

    @property
    def pids(self):
        """The children at this moment."""
        return children_of(self.process.pid)

    def counted(self):
        """How often /livez was answered, as the page of numbers says."""
        answer = ask(self.port, "/metrics")
        assert answer.status_code == 200, answer.text
        lines = answer.text.splitlines()
        mine = [each for each in lines if 'route="/livez"' in each and "requests_total" in each]
        return sum(float(each.rsplit(" ", 1)[1]) for each in mine)


@contextmanager
def family(home, urls, servers, *more):
    """Two processes that serve, and one for the background work."""
    port = free_port()
    process = start(
        "serve",
        "--workers",
        "2",
        "--port",
        str(port),
        *more,
        # A request that is held here waits as long as the test, not as long as a citizen would.
        env=environment(
            home,
            urls,
            servers,
            PUHUI_DATABASE__LOCK_TIMEOUT_MS="300000",
            PUHUI_DATABASE__STATEMENT_TIMEOUT_MS="300000",
        ),
    )
    try:
        until(lambda: process.poll() is not None or ask(port), because="nobody answered")
        assert process.poll() is None, process.communicate()
        yield Family(process, port)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def held(fresh_urls):
    """A request that waits in the database until it is let go."""
    with psycopg.connect(fresh_urls.owner) as connection:
        connection.execute("LOCK TABLE offer")
        yield connection


def in_the_background(port):
    """Ask something slow; a thread, and where its answer will be."""
    answers = []
    asking = threading.Thread(target=lambda: answers.append(ask(port, "/v1/offers")))
    asking.start()
    return asking, answers


def waits(urls):
    """Whether somebody waits for the lock."""
    with psycopg.connect(urls.owner) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ).fetchone()
    return row[0] > 0


def test_a_killed_process_is_replaced_and_sigterm_drains(tmp_path, fresh_urls, servers, held):
    """Requests are answered meanwhile, numbers are summed, and what was begun is finished."""
    # Without the background work, whose statements would wait for the same lock.
    with family(tmp_path / "home", fresh_urls, servers, "--no-worker") as one:
        second = one.pids
        assert len(second) == 2
        stays = second[1]
        for may_be_shut in (False, True):  # who dies again soon is left alone, its door shut
            first = second
            (victim,) = set(first) - {stays}
            os.kill(victim, signal.SIGKILL)
            until(lambda: not alive(victim), because="it lives")  # noqa: B023
            answers = [ask(one.port) for _ in range(20)]
            assert {each.status_code for each in answers if each is not None} == {200}
            assert may_be_shut or None not in answers
            second = until(
                lambda: (now := one.pids) != first and len(now) == 2 and now,  # noqa: B023
                because="not replaced",
            )
            assert victim not in second
        (next((tmp_path / "home").glob("numbers-*")) / "counter_9.db").touch()  # one just starts
        before = one.counted()
        for _ in range(10):
            ask(one.port)
        assert one.counted() == before + 10, "whichever process is asked, it tells of all"
        asking, answers = in_the_background(one.port)
        until(lambda: waits(fresh_urls), because="the request did not begin")
        one.process.send_signal(signal.SIGTERM)
        until(lambda: ask(one.port) is None, because="it still takes new ones")
        held.rollback()
        asking.join()
        assert answers[0].status_code == 200, "begun before the signal, so it is answered"
        assert one.process.wait(PATIENCE_S) == 0
        assert [pid for pid in second if alive(pid)] == []
    assert list((tmp_path / "home").glob("numbers-*")) == []


def open_files(pid):
    """How many files and sockets a process has open."""
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


def test_kept_connections_are_spread_and_the_port_is_ours(tmp_path, fresh_urls, servers):
    """Of 24 callers that stay, each process gets some; nobody else can take the port meanwhile."""
    with family(tmp_path / "home", fresh_urls, servers, "--no-worker") as one, ExitStack() as stack:
        pids = one.pids
        before = [open_files(pid) for pid in pids]
        for _ in range(24):
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", one.port))))

        def taken():
            found = [open_files(pid) - then for pid, then in zip(pids, before, strict=True)]
            return sum(found) >= 20 and found  # a probe's own may have ended since

        assert min(until(taken, because="not all were accepted")) > 0  # else 1 in 8 million
        other = start(
            "serve", "--port", str(one.port), env=environment(tmp_path / "o", fresh_urls, servers)
        )
        assert "PUHUI_PORT" in "".join(other.communicate(timeout=PATIENCE_S))
        assert other.returncode != 0


def test_no_process_outlives_a_killed_parent(tmp_path, fresh_urls, servers):
    """`kill -9` of the parent ends its processes in good order, and frees the port."""
    with family(tmp_path / "home", fresh_urls, servers) as one:
        pids = one.pids
        assert len(pids) == 3
        one.process.kill()
        until(lambda: not [pid for pid in pids if alive(pid)], because="orphans")
        assert ask(one.port) is None
