"""`puhui schema --citus`: every table has its place, and the script keeps Citus' rules."""

import psycopg
import pytest

from app.citus import How, declared, script, statements
from tests.cli.commands import environment, run
from tests.machinery.spreading import STAND_INS


@pytest.fixture
def owner(fresh_urls):
    """The owner's connection to a migrated database that believes it has Citus."""
    with psycopg.connect(fresh_urls.owner, autocommit=True) as connection:
        connection.execute(STAND_INS)
        yield connection


def tables_of(owner):
    rows = owner.execute("""
        SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND n.nspname IN ('public', 'queue')""")
    return {name for (name,) in rows}


def spread(owner, *, shards=32):
    with owner.transaction():
        for statement in statements(shards=shards, tables=tables_of(owner)):
            owner.execute(statement)


def test_every_table_has_exactly_one_place(owner):
    """A migration that adds a table is not complete before somebody has said where it lies."""
    assert set(declared()) == tables_of(owner)
    assert all(each.why for each in declared().values())


def test_the_script_spreads_the_migrated_schema(owner):
    """Executed from the first statement to the last, every rule of Citus is kept."""
    spread(owner, shards=8)

    rows = owner.execute(
        "SELECT name::text, place, colocation, shards FROM citus_stand_in.spread"
    ).fetchall()
    tables = tables_of(owner)
    by_bucket = {name for name, each in declared().items() if each.how is How.bucket}
    assert {row[0] for row in rows if row[1] == "bucket"} == by_bucket & tables
    assert {row[2:] for row in rows if row[1] == "bucket"} == {(1, 8)}
    assert {row[0] for row in rows if row[1] == ""} == {
        name for name, each in declared().items() if each.how is How.reference
    } & tables


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        ("CREATE UNIQUE INDEX lone ON lot (account_id)", "unique key lone of lot lacks"),
        ("ALTER TABLE claim ADD CONSTRAINT apart EXCLUDE USING gist (subject WITH =)", "apart of claim"),
        ("ALTER TABLE lot ADD CONSTRAINT f FOREIGN KEY (unit) REFERENCES unit", "foreign key f of lot"),
        ("ALTER TABLE debt DROP COLUMN bucket CASCADE", "debt has no column bucket"),
        ("ALTER TABLE claim ALTER bucket TYPE int", "distribution columns of claim and balance differ"),
    ],
)  # fmt: skip
def test_a_schema_that_breaks_a_rule_is_refused(owner, harm, complaint):
    """Whoever adds what Citus refuses hears of it here, not on the day of the move."""
    owner.execute(harm)
    with pytest.raises(psycopg.errors.RaiseException, match=complaint):
        spread(owner)


@pytest.mark.parametrize(
    ("left_out", "complaint"),
    [
        ("DROP TRIGGER", "triggers are not supported"),
        ("DROP POLICY", "ask for a setting"),
        ("create_distributed_table('balance'", "balance is not spread yet"),
    ],
)
def test_each_part_of_the_script_is_needed(owner, left_out, complaint):
    """Without any one of its parts the rest of the script is refused."""
    with pytest.raises(psycopg.errors.RaiseException, match=complaint), owner.transaction():
        for statement in statements(tables=tables_of(owner)):
            if left_out not in statement:
                owner.execute(statement)


def test_books_stay_append_only_by_rights_and_months_are_still_made(owner):
    """Without triggers the service still cannot change an entry, and next months get partitions."""
    spread(owner)

    assert owner.execute("SELECT ensure_partitions(6)").fetchone()[0] > 0
    assert owner.execute("""
        SELECT count(*) FROM pg_trigger g JOIN pg_inherits i ON i.inhrelid = g.tgrelid
         WHERE NOT g.tgisinternal""").fetchone() == (0,)
    owner.execute("SET ROLE puhui_app")
    for statement in ("UPDATE entry SET amount = 1", "DELETE FROM entry", "TRUNCATE entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(statement)


def test_the_command_prints_the_script(tmp_path):
    """Reasons as comments, statements in order; no database is asked for."""
    env = environment(tmp_path / "home")

    done = run("schema", "--citus", "--shards", "8", env=env)

    assert (done.returncode, done.stdout) == (0, script(shards=8))
    assert "--   entry: by the citizen's bucket" in done.stdout
    assert "create_distributed_table('balance', 'bucket', shard_count := 8);" in done.stdout
    assert run("schema", env=env).returncode == 2
