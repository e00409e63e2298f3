"""`puhui officer`, `puhui keys rotate-signing`: an officer comes and goes, and a key is turned."""

import psycopg
import pytest
import structlog
from typer.testing import CliRunner

from app.cli import cli
from app.enrolling import officer_cli
from tests.cli.commands import environment


@pytest.fixture
def run(tmp_path, fresh_urls, servers, monkeypatch):
    """A command in this process, on a database of its own."""
    for name, value in environment(tmp_path / "home", fresh_urls, servers).items():
        if name.startswith("PUHUI_"):
            monkeypatch.setenv(name, value)
    yield lambda cli, *words: CliRunner().invoke(cli, words)
    structlog.reset_defaults()  # a command logs to the screen it was given, which is gone


def test_an_officer_comes_and_goes_and_a_key_is_turned(run, fresh_urls):
    """The code is the last line on the screen, once; an unknown office and name are refused."""
    done = run(officer_cli, "add", "qian", "--office", "finance")
    assert done.exit_code == 0, done.output
    code = done.stdout.splitlines()[-1]
    assert code.startswith("enrol_")
    assert len(code) == 38
    assert run(officer_cli, "add", "sun", "--office", "king").exit_code == 2
    assert run(officer_cli, "shut-out", "qian").exit_code == 0
    assert run(officer_cli, "shut-out", "nobody").exit_code not in {0, 2}
    assert run(cli, "keys", "rotate-signing").exit_code == 0
    with psycopg.connect(fresh_urls.owner) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM enrolment WHERE used_at IS NOT NULL),"
            " (SELECT count(*) FROM signing_key)"
        ).fetchone()
    assert row == (1, 1)
