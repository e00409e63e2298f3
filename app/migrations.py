"""Bring a database's schema to this version of the code, and say whether it is there.

The migrations themselves are in ``alembic/versions``. They run as the owner of the schema;
the service runs as `app.database.APP_ROLE`, which owns nothing.
"""

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parents[1] / "alembic"


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["url"] = url
    return config


def migrate(url: str, *, to: str = "head") -> None:
    """Upgrade the schema; a second process waits, then finds nothing left to do.

    Args:
        url: the owner's address.
        to: a revision, ``head`` by default.

    """
    command.upgrade(_config(url), to)
    if to == "head":
        _keep_epoch(url)


def _keep_epoch(url: str) -> None:
    """A book that came from another cluster goes on with higher transaction numbers."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=sa.pool.NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql("SELECT public.keep_ledger_epoch()")


def undo(url: str, *, to: str) -> None:
    """Downgrade to a revision, or ``base``; what a migration added is lost."""
    command.downgrade(_config(url), to)


def check(url: str) -> None:
    """Raise unless the models and the migrated schema agree."""
    command.check(_config(url))


def newest() -> str:
    """The last revision this code knows; revisions are dates, so they compare as text."""
    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def steps() -> Iterator[str]:
    """Every revision this code knows, the newest first."""
    for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions():
        yield script.revision


def is_current(url: str) -> bool:
    """Whether the database stands at this code's last migration."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.pool.NullPool
    )
    with engine.connect() as connection:
        at = MigrationContext.configure(connection).get_current_heads()
    return set(at) == set(ScriptDirectory.from_config(_config(url)).get_heads())
