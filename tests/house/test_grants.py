"""Who may do what in PostgreSQL: the serving role owns nothing and cannot rewrite history."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import scalar_row

from app.database import APP_ROLE, CALLER_ROLE, READER_ROLE
from tests.house.examples import example
from tests.house.rights import BOOKS, HIDDEN, OWN, RIGHTS, ROLES

PARTITIONED = ["entry", "evidence"]
CHANGES = {
    "select": "SELECT * FROM {table} LIMIT 1",
    "insert": "INSERT INTO {table} DEFAULT VALUES",
    "copy": "COPY {table} FROM STDIN",
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
def owner(urls) -> Iterator[psycopg.Connection]:
    """The owner of the schema, in one transaction that is never committed."""
    with psycopg.connect(urls.owner, row_factory=scalar_row) as connection:
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
        if change == "copy":
            with connection.cursor().copy(statement):
                pass
        else:
            connection.execute(statement)


def may(connection: psycopg.Connection, change: str, table: str) -> bool:
    """Whether PostgreSQL lets the current role do this, as far as rights go; nothing stays."""
    try:
        with connection.transaction(force_rollback=True):
            attempt(connection, change, table)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.WrongObjectType):
        return False
    except psycopg.errors.FeatureNotSupported as refusal:  # COPY FROM where rows are hidden
        return "row-level security" not in str(refusal)
    except (psycopg.errors.NotNullViolation, psycopg.errors.RestrictViolation):
        return True  # the right is there; what was written is not a row
    return True


def promised(table: str, role: str) -> dict[str, bool]:
    """What the list says of each statement."""
    rights = RIGHTS[table]
    letters = rights.of[role]
    return dict.fromkeys(CHANGES, False) | {
        "select": "S" in letters,
        "insert": "I" in letters,
        "copy": "I" in letters and not rights.hidden,
        "update": "U" in letters,
        "delete": "D" in letters,
        "lock": bool({"U", "D"} & set(letters)),  # PostgreSQL ties the one to the other
    }


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_the_list_says(owner, role):
    """Every statement on every table is tried as every role: what is not promised is refused."""
    owner.execute(f"SET ROLE {role}")
    for table in RIGHTS:
        expected = promised(table, role)
        wrong = {each: not ok for each, ok in expected.items() if may(owner, each, table) != ok}
        assert (table, wrong) == (table, {})
        columns = owner.execute(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')",
            (table, role),
        ).fetchone()
        assert bool(columns) == bool({"U", "u"} & set(RIGHTS[table].of[role])), table


def test_the_serving_role_cannot_hand_its_rights_on(owner):
    """What it may do itself it may not allow to others: PostgreSQL warns and grants nothing."""
    as_app(owner)
    owner.execute(f"GRANT ALL ON {', '.join(BOOKS)} TO PUBLIC")
    assert (
        owner.execute("SELECT has_table_privilege('public', 'entry', 'SELECT')").fetchone() is False
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", PARTITIONED)
def test_there_is_no_way_around_the_parent(owner, table, role):
    """A month's own table grants nothing to anybody, nor does one that is made later."""
    owner.execute("SELECT ensure_partitions(7)")
    parts = owner.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", (table,)
    ).fetchall()
    assert len(parts) >= 8
    owner.execute(f"SET ROLE {role}")
    for part in parts:
        for change in ("select", "insert", "copy", "update", "delete", "truncate", "alter"):
            assert not may(owner, change, part)
        assert not may(owner, "disable trigger", part)


@pytest.mark.parametrize("change", ["update", "delete", "truncate"])
@pytest.mark.parametrize("table", BOOKS)
def test_even_the_owner_is_refused(owner, table, change):
    """A mistake of an administrator meets a trigger, also when triggers are set to replica."""
    example(owner, table)
    for role in ("origin", "replica"):
        owner.execute(f"SET LOCAL session_replication_role = {role}")
        with pytest.raises(psycopg.errors.RestrictViolation):
            attempt(owner, change, table)


@pytest.mark.parametrize("table", PARTITIONED)
def test_a_month_cannot_be_emptied_behind_the_parents_back(owner, table):
    """UPDATE, DELETE and TRUNCATE of one month are refused to the owner, also of a later month."""
    owner.execute("SELECT ensure_partitions(7)")
    parts = owner.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
        "   AND pg_get_expr((SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid)"
        "       <> 'DEFAULT'",
        (table,),
    ).fetchall()
    assert len(parts) >= 8
    for part in parts:
        year, month = part.rsplit("_", 2)[1:]
        example(owner, part, at=f"'{year}-{month}-15'")
        for change in ("update", "delete", "truncate"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                attempt(owner, change, part)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_owns_anything(owner, role):
    """No table, function, schema, type or sequence: what one does not own one cannot alter."""
    owned = owner.execute(
        "SELECT classid::regclass || ' ' || objid FROM pg_shdepend WHERE deptype = 'o'"
        " AND refobjid = %s::regrole AND dbid = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())",
        (role,),
    ).fetchall()
    assert owned == []


@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_powers(owner, role):
    """None can make roles or databases, replicate, or pass by row-level security."""
    row = owner.execute(
        "SELECT ROW(rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls)::text"
        " FROM pg_roles WHERE rolname = %s",
        (role,),
    ).fetchone()
    assert row == "(f,f,f,f,f)"


def test_no_table_is_forgotten(owner):
    """A new table needs its line in tests/house/rights.py, and a table that went loses its own."""
    assert owner.execute(TABLES).fetchall() == sorted(RIGHTS)


def test_whoever_calls_sees_no_other_account(owner):
    """Each table with an account's rows hides them from the caller by row, or altogether."""
    rows = owner.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        "   AND NOT c.relispartition AND a.attname = 'account_id'"
    ).fetchall()
    open_to_all = [each for each in rows if RIGHTS[each].of[CALLER_ROLE] and each not in OWN]
    assert open_to_all == []
    hidden = owner.execute(
        "SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY relname"
    ).fetchall()
    assert hidden == sorted(HIDDEN)
    assert set(OWN) <= set(rows)


def test_reports_are_read_only_by_default(owner):
    """A login as the reader starts in transactions that refuse to write."""
    settings = owner.execute(
        "SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = %s", (READER_ROLE,)
    ).fetchall()
    assert "default_transaction_read_only=on" in settings


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


def months_since_migrating(owner: psycopg.Connection) -> int:
    """0, or 1 where the tests run over the end of a month."""
    first = owner.execute(
        "SELECT min(to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')) FROM pg_inherits"
        " WHERE inhparent = 'entry'::regclass AND inhrelid::regclass::text ~ '_\\d{4}_\\d{2}$'"
    ).fetchone()
    now = owner.execute("SELECT (now() AT TIME ZONE 'UTC')::date").fetchone()
    since = (now.year - first.year) * 12 + now.month - first.month
    assert since in {0, 1}
    return int(since)


def test_this_and_the_next_months_have_their_partitions(owner):
    """A row of today never falls into the rest; two months ahead are ready after migrating."""
    for table in PARTITIONED:
        for ahead in range(3):
            name = owner.execute(
                "SELECT to_char(now() AT TIME ZONE 'UTC' + make_interval(months => %s),"
                " '_YYYY_MM')",
                (ahead - months_since_migrating(owner),),
            ).fetchone()
            assert owner.execute("SELECT to_regclass(%s)", (f"{table}{name}",)).fetchone()


def test_the_worker_can_make_later_months(owner):
    """The serving role makes partitions through the function, again and again, and owns none."""
    as_app(owner)
    made = owner.execute("SELECT ensure_partitions(5)").fetchone()
    assert made == (3 + months_since_migrating(owner)) * len(PARTITIONED)
    assert owner.execute("SELECT ensure_partitions(5)").fetchone() == 0
    assert owner.execute("SELECT ensure_partitions(10000)").fetchone() <= 24 * len(PARTITIONED)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
        owner.execute("CREATE TABLE planted ()")
