"""The schema can be built, compared with the models, taken down and built again."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import scalar_row

from app import migrations

ROOT = Path(__file__).parents[2]
THINGS = """
SELECT format('%s %s.%s', c.relkind, n.nspname, c.relname) FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
   AND c.relname !~ '^alembic_version'
UNION ALL
SELECT format('function %s', p.oid::regprocedure) FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND d.objid IS NULL
UNION ALL
SELECT format('type %s', t.oid::regtype) FROM pg_type t
  JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_depend d ON d.objid = t.oid AND d.deptype = 'e'
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND t.typtype = 'e' AND d.objid IS NULL
"""


@pytest.fixture
def empty_url(servers) -> Iterator[str]:
    """A database of its own, without a schema."""
    name = f"puhui_steps_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    base, _, _ = servers.admin_url.partition("?")
    yield f"{base.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def things(url: str) -> set[str]:
    """Everything of ours that stands in a database."""
    with psycopg.connect(url, row_factory=scalar_row) as connection:
        return set(connection.execute(THINGS).fetchall())


def test_up_down_and_up_again(empty_url):
    """A downgrade leaves nothing behind, and the second upgrade builds what the first did."""
    assert not migrations.is_current(empty_url)
    migrations.migrate(empty_url)
    assert migrations.is_current(empty_url)
    built = things(empty_url)
    migrations.undo(empty_url, to="base")
    assert things(empty_url) == set()
    assert not migrations.is_current(empty_url)
    migrations.migrate(empty_url)
    assert things(empty_url) == built


def test_each_step_can_be_undone_by_itself(empty_url):
    """Step by step: what a migration adds, its downgrade takes away."""
    heights = [things(empty_url)]
    steps = list(reversed(list(migrations.steps())))
    for step in steps:
        migrations.migrate(empty_url, to=step)
        heights.append(things(empty_url))
    for step, below in zip(reversed(["base", *steps[:-1]]), reversed(heights[:-1]), strict=True):
        migrations.undo(empty_url, to=step)
        assert things(empty_url) == below


def test_models_and_schema_agree(empty_url):
    """A column that only the models, or only the migrations, know is found here."""
    migrations.migrate(empty_url)
    migrations.check(empty_url)


def test_two_processes_migrate_at_once(empty_url):
    """The second waits for the first and finds nothing left to do."""
    program = "import sys; from app import migrations; migrations.migrate(sys.argv[1])"
    command = [sys.executable, "-c", program, empty_url]
    both = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [each.wait(timeout=600) for each in both] == [0, 0]
    assert migrations.is_current(empty_url)


def test_there_is_one_newest_revision():
    """Two branches that both add a migration are noticed before they are merged."""
    assert migrations.newest() == next(iter(migrations.steps()))
