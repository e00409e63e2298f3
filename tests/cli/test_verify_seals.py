"""`puhui verify --seals`: proves, names what does not agree, and says so in the exit code."""

import asyncio

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


def test_since_needs_seals(env):
    """A wrong combination is a wrong command."""
    assert run("verify", "--since", "2026-03-01", env=env).returncode == 2
