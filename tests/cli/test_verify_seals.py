"""`puhui verify --seals`: proves, names what does not agree, and says so in the exit code."""

import asyncio
import json

import pytest

from app.database import database_for
from app.settings import DatabaseSettings
from tests.cli.commands import environment, run
from tests.ledger.histories import gain, owner, seal_all

ANNA = 1024 * 50 + 5


@pytest.fixture
def env(tmp_path, fresh_urls, servers):
    """A process on a database of its own, with two sealed entries."""

    async def book():
        database = database_for(DatabaseSettings(), fresh_urls.app)
        await database.open()
        for account_id in (ANNA, ANNA + 1024):
            async with database.writing() as tx:
                await gain(tx, account_id, 30)
            await seal_all(database)
        await database.close()

    asyncio.run(book())
    return environment(tmp_path / "home", fresh_urls, servers)


def test_a_sound_book_and_a_changed_one(env, fresh_urls):
    """Exit code 0 with counts and a rate; exit code 1 with the bucket, the seal and what is wrong."""
    sound = run("verify", "--seals", env=env)
    assert (sound.returncode, "2 entries, 2 seals, 2 rounds" in sound.stdout) == (0, True)
    assert "entries/s" in sound.stdout

    with owner(fresh_urls) as superuser:
        superuser.execute("UPDATE entry SET amount = 31 WHERE account_id = %s", (ANNA + 1024,))
    harmed = run("verify", "--seals", "--since", "2026-03-01", env=env)
    assert harmed.returncode == 1
    assert "entries were changed or exchanged" in harmed.stdout
    assert "1 breaches" in harmed.stdout


def test_a_head_that_was_kept_elsewhere_is_asked_for(env, fresh_urls, tmp_path):
    """Exit code 1 when a round that the worker's log names is gone, or another one."""
    kept = tmp_path / "worker.log"
    with owner(fresh_urls) as superuser:
        chains = superuser.execute("SELECT nth, chain FROM seal_round ORDER BY nth").fetchall()
    lines = [json.dumps({"round": nth, "chain": chain.hex()}) for nth, chain in chains]
    kept.write_text("\n".join(lines))
    sound = run("verify", "--seals", "--kept", str(kept), env=env)
    kept.write_text(lines[0] + "\n" + json.dumps({"round": 3, "chain": "ab"}))
    undone = run("verify", "--seals", "--kept", str(kept), env=env)
    assert (sound.returncode, undone.returncode) == (0, 1)
    assert "not in the book any more" in undone.stdout


def test_options_of_seals_need_seals(env, tmp_path):
    """A wrong combination is a wrong command, and so is a file that proves nothing."""
    nothing = tmp_path / "nothing"
    nothing.write_text("no head")
    for words in (["--since", "2026-03-01"], ["--kept", nothing], ["--seals", "--kept", nothing]):
        assert run("verify", *map(str, words), env=env).returncode == 2
