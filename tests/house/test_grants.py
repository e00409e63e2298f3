"""Who may do what in PostgreSQL: the serving role owns nothing and cannot rewrite history."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import scalar_row

from app.database import APP_ROLE

APPEND_ONLY = [
    "entry",
    "evidence",
    "natural_key",
    "reduction",
    "batch",
    "factor_set",
    "audit_record",
    "scan",
    "coupon_undo",
    "coupon_refund",
    "rotating_use",
    "offline_batch",
    "offline_item",
    "budget",
    "budget_draw",
    "exchange_rate",
    "reduction_correction",
    "methodology_transition",
    "dry_run_report",
    "shadow_result",
    "merchant_transition",
    "settlement_cut_off",
    "settlement",
    "settlement_line",
    "settlement_file",
]
PARTITIONED = ["entry", "evidence"]
CHANGES = {
    "update": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "alter": "ALTER TABLE {table} ADD COLUMN planted int",
    "disable trigger": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "replica": "SET session_replication_role = replica",
    "drop": "DROP TABLE {table} CASCADE",
    "own": "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "add trigger": "CREATE TRIGGER planted BEFORE INSERT ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "lock": "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    "detach": "ALTER TABLE {table} DETACH PARTITION entry_rest",
}
TABLES = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
   AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


@pytest.fixture
def owner(fresh_urls) -> Iterator[psycopg.Connection]:
    """The owner of the schema, in one transaction that is never committed."""
    with psycopg.connect(fresh_urls.owner, row_factory=scalar_row) as connection:
        yield connection
        connection.rollback()


def as_app(owner: psycopg.Connection) -> None:
    """Act as the serving role from here on; it cannot go back."""
    owner.execute(f"SET ROLE {APP_ROLE}")


def attempt(connection: psycopg.Connection, change: str, table: str) -> None:
    """Try one change inside a savepoint; raises what PostgreSQL raises."""
    column = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", (table,)
    ).fetchone()
    statement = sql.SQL(CHANGES[change]).format(
        table=sql.Identifier(table), column=sql.Identifier(str(column))
    )
    with connection.transaction():
        connection.execute(statement)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_serving_role_cannot_rewrite_history(owner, table):
    """Every way of changing an append-only table is refused to the role that serves."""
    as_app(owner)
    for change in CHANGES:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.WrongObjectType)):
            attempt(owner, change, table)


def test_the_serving_role_cannot_hand_its_rights_on(owner):
    """What it may do itself it may not allow to others: PostgreSQL warns and grants nothing."""
    as_app(owner)
    owner.execute(f"GRANT ALL ON {', '.join(APPEND_ONLY)} TO PUBLIC")
    assert (
        owner.execute("SELECT has_table_privilege('public', 'entry', 'SELECT')").fetchone() is False
    )


@pytest.mark.parametrize("table", PARTITIONED)
def test_the_serving_role_cannot_touch_a_partition(owner, table):
    """There is no way around the parent: a month's table grants nothing."""
    parts = owner.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (table,)
    ).fetchall()
    assert len(parts) >= 3
    as_app(owner)
    for part in parts:
        for change in ("update", "delete", "truncate", "alter", "disable trigger"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                attempt(owner, change, part)


def example(connection: psycopg.Connection, table: str) -> None:
    """Put one row into a table, whatever its columns are: history needs something to be kept."""
    columns = connection.execute(
        "SELECT attname || ' ' || format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    ).fetchall()
    samples = {
        "smallint": "1",
        "integer": "1",
        "bigint": "1",
        "uuid": "gen_random_uuid()",
        "jsonb": "'{}'",
        "boolean": "true",
        "timestamp with time zone": "now()",
        "date": "current_date",
        "bytea": "decode(repeat('ab', 32), 'hex')",
        "character varying": "'x'",
        "text": "'x'",
    }
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        names, values = zip(*(each.split(" ", 1) for each in columns), strict=True)
        for check in connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
            (table,),
        ).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    sql.Identifier(table), sql.Identifier(check)
                )
            )
        quoted = ", ".join(f'"{name}"' for name in names)
        made = ", ".join(samples[value] for value in values)
        connection.execute(f"INSERT INTO {table} ({quoted}) VALUES ({made})")


@pytest.mark.parametrize("change", ["update", "delete", "truncate"])
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_even_the_owner_is_refused(owner, table, change):
    """A mistake of an administrator meets a trigger, also when triggers are set to replica."""
    example(owner, table)
    for role in ("origin", "replica"):
        owner.execute(f"SET LOCAL session_replication_role = {role}")
        with pytest.raises(psycopg.errors.RestrictViolation):
            attempt(owner, change, table)


@pytest.mark.parametrize("table", PARTITIONED)
def test_a_month_cannot_be_emptied_behind_the_parents_back(owner, table):
    """TRUNCATE of one partition is refused as that of the whole table is, also of a later month."""
    owner.execute("SELECT ensure_partitions(7)")
    parts = owner.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (table,)
    ).fetchall()
    assert len(parts) >= 8
    for part in parts:
        with pytest.raises(psycopg.errors.RestrictViolation):
            attempt(owner, "truncate", part)


def test_the_serving_role_owns_nothing(owner):
    """No table, function, schema, type or sequence: what it does not own it cannot alter."""
    owned = owner.execute(
        "SELECT classid::regclass || ' ' || objid FROM pg_shdepend WHERE deptype = 'o'"
        " AND refobjid = %s::regrole AND dbid = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())",
        (APP_ROLE,),
    ).fetchall()
    assert owned == []


def test_the_serving_role_has_no_powers(owner):
    """It cannot log in by itself, make roles or databases, nor pass by row security."""
    row = owner.execute(
        "SELECT ROW(rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls)::text"
        " FROM pg_roles WHERE rolname = %s",
        (APP_ROLE,),
    ).fetchone()
    assert row == "(f,f,f,f,f)"


def test_no_table_is_forgotten(owner):
    """Each table says what the serving role may do with it; at least to read."""
    tables = owner.execute(TABLES).fetchall()
    assert set(APPEND_ONLY) <= set(tables)
    unreadable = [
        table
        for table in tables
        if not owner.execute(
            "SELECT has_table_privilege(%s, %s, 'SELECT')", (APP_ROLE, f"public.{table}")
        ).fetchone()
    ]
    assert unreadable == []


def test_nothing_is_granted_to_everybody(owner):
    """A new login of the server sees no table and runs no function of ours."""
    granted = owner.execute(
        "SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a"
        " WHERE c.relnamespace = 'public'::regnamespace AND a.grantee = 0"
    ).fetchall()
    assert granted == []
    assert not owner.execute(
        "SELECT has_function_privilege('public', 'ensure_partitions(int)', 'EXECUTE')"
    ).fetchone()


def test_this_and_the_next_months_have_their_partitions(owner):
    """A row of today never falls into the rest; two months ahead are ready after migrating."""
    for table in PARTITIONED:
        for ahead in range(3):
            name = owner.execute(
                "SELECT to_char(now() AT TIME ZONE 'UTC' + make_interval(months => %s),"
                " '_YYYY_MM')",
                (ahead,),
            ).fetchone()
            assert owner.execute("SELECT to_regclass(%s)", (f"{table}{name}",)).fetchone()


def test_the_worker_can_make_later_months(owner):
    """The serving role makes partitions through the function, again and again, and owns none."""
    as_app(owner)
    made = owner.execute("SELECT ensure_partitions(5)").fetchone()
    assert made == 3 * len(PARTITIONED)
    assert owner.execute("SELECT ensure_partitions(5)").fetchone() == 0
    assert owner.execute("SELECT ensure_partitions(10000)").fetchone() <= 24 * len(PARTITIONED)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
        owner.execute("CREATE TABLE planted ()")
