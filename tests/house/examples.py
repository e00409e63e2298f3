"""A row for any table, whatever its columns are: history needs something to be kept."""

import psycopg
from psycopg import sql

_SAMPLES = {
    "smallint": "1",
    "integer": "1",
    "bigint": "1",
    "numeric": "1",
    "uuid": "gen_random_uuid()",
    "uuid[]": "'{}'",
    "jsonb": "'{}'",
    "boolean": "true",
    "bytea": "decode(repeat('ab', 32), 'hex')",
    "character varying": "'x'",
    "character varying[]": "'{}'",
    "text": "'x'",
}


def example(connection: psycopg.Connection, table: str, at: str = "now()", **given: str) -> None:
    """Put one row into a table, as a superuser whose rows come scalar.

    Args:
        connection: inside a transaction.
        table: which; its checks and exclusions are dropped.
        at: for columns of time.
        given: SQL of columns that matter.

    """
    samples = _SAMPLES | {"timestamp with time zone": at, "date": f"({at})::date"}
    columns = connection.execute(
        "SELECT attname || ' ' || format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    ).fetchall()
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for check in connection.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('c', 'x') AND conislocal",
            (table,),
        ).fetchall():
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    sql.Identifier(table), sql.Identifier(check)
                )
            )
        names, kinds = zip(*(each.split(" ", 1) for each in columns), strict=True)
        values = [given.get(name, samples[kind]) for name, kind in zip(names, kinds, strict=True)]
        quoted = ", ".join(f'"{name}"' for name in names)
        connection.execute(f"INSERT INTO {table} ({quoted}) VALUES ({', '.join(values)})")
