"""The operator's tool: refusals are sentences with an exit code, and no secret is printed."""

import socket

import pytest

from tests.cli.commands import environment, run, start
from tests.flows.processes import free_port

PRODUCTION = {
    "PUHUI_ENVIRONMENT": "production",
    "PUHUI_KEYS__TOKEN": "x",
    "PUHUI_KEYS__COUPON": "x",
    "PUHUI_KEYS__SUBJECT": "x",
    "PUHUI_KEYS__MASTER": "x",
}


@pytest.fixture
def env(tmp_path, fresh_urls, servers):
    """A process on a database of its own."""
    return environment(tmp_path / "home", fresh_urls, servers)


@pytest.mark.parametrize(
    "words",
    [
        ("token", "--as", "citizen:lin"),
        ("demo", "--once"),
        ("ingest", "a.csv", "--provider", "b", "--methodology", "bike_ride", "--shift-days", "1"),
    ],
)
def test_development_only_commands_are_refused_in_production(env, words):
    """No sign-in without a password, no made-up city and no moved times in production."""
    done = run(*words, env=env | PRODUCTION)
    assert done.returncode == 1
    assert "development only" in done.stderr
    assert done.stdout == ""


def test_a_database_that_is_away_is_told_in_a_sentence(env):
    """Exit code 3, no traceback, and at once."""
    done = run("verify", env=env | {"PUHUI_DATABASE__URL": "postgresql://x:hush@127.0.0.1:1/x"})
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr


def test_a_wrong_setting_is_told_by_name(env):
    """The variable to mend is named; its value is not repeated."""
    done = run("verify", env=env | {"PUHUI_PORT": "secret-port"})
    assert (done.returncode, "PUHUI_PORT" in done.stderr) == (2, True)
    assert "secret-port" not in done.stderr


def test_a_taken_port_is_told_with_a_way_out(env):
    """Before anything is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("serve", "--port", str(taken.getsockname()[1]), env=env)
    assert done.returncode == 1
    assert "PUHUI_PORT=" in done.stderr


def test_an_empty_database_is_told_to_be_set_up(env):
    """`verify` on a city nobody founded names the command that helps."""
    done = run("verify", env=env)
    assert done.returncode == 1
    assert "puhui demo" in done.stderr


def test_the_openapi_document_is_printed_alone(env):
    """Standard output is the document, so it can be redirected into the committed file."""
    done = run("openapi", env=env)
    assert done.returncode == 0
    assert done.stdout.startswith("{")


def test_serving_ends_cleanly_on_a_signal(env):
    """Ready, then asked to stop, then gone with exit code 0."""
    import signal
    import time
    import urllib.request

    port = free_port()
    process = start("serve", "--port", str(port), env=env)
    try:
        for _ in range(1_200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.05)
        else:
            raise AssertionError("never ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.communicate()
