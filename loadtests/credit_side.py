"""The other side of `credit`: the rows that batches came to, written by one statement each.

It is handed every row, packed as binary arrays beforehand. Columns are read from PostgreSQL's
catalogue, so a column that is added is written too, or the program says that it cannot.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg

from app import columns
from loadtests.running import seconds_of, spent
from loadtests.stage import Stage

TABLES = ("evidence", "batch", "reduction", "claim", "entry", "balance")
ONCE = {"input_shape"}
"""Tables that a whole city writes a few rows of, once."""
MAKERS = {
    "int2": columns.int2s,
    "int4": columns.int4s,
    "int8": columns.int8s,
    "uuid": columns.uuids,
    "text": columns.texts,
    "date": columns.dates,
    "timestamptz": columns.moments,
    "bytea": list,
}
Packed = dict[str, Any]


@dataclass(frozen=True)
class Inserted:
    """How long it took, and the processor time of PostgreSQL's backends and of the client."""

    taken_s: float
    postgres_s: float
    client_s: float


def written(url: str, after: int) -> list[Packed]:
    """The rows that batches came to, block by block, as arguments of `statement`."""
    with psycopg.connect(url) as connection:
        blocks = connection.execute(
            "SELECT no FROM evidence WHERE no > %s ORDER BY no", (after,)
        ).fetchall()
        return [_rows_of(connection, block) for (block,) in blocks]


def _rows_of(connection: psycopg.Connection[Any], block: int) -> Packed:
    where = {
        "evidence": "no = %(block)s",
        "batch": "received_at = (SELECT received_at FROM evidence WHERE no = %(block)s)",
        "reduction": "block_no = %(block)s",
        "claim": "reduction_id IN (SELECT id FROM reduction WHERE block_no = %(block)s)",
        "entry": "ref IN (SELECT id FROM reduction WHERE block_no = %(block)s)",
        "balance": "account_id IN (SELECT account_id FROM reduction WHERE block_no = %(block)s)",
    }
    packed: Packed = {}
    for table in TABLES:
        names = columns_of(connection, table)
        rows = connection.execute(
            f"SELECT {', '.join(names)} FROM {table} WHERE {where[table]}".encode(),
            {"block": block},
            binary=True,
        ).fetchall()
        for place, (name, kind) in enumerate(names.items()):
            packed[f"{table}_{name}"] = MAKERS[kind]([row[place] for row in rows])
    return packed


def columns_of(connection: psycopg.Connection[Any], table: str) -> dict[str, str]:
    """A table's columns and their types; what PostgreSQL fills in itself is left to it."""
    rows = connection.execute(
        "SELECT attname, replace(typname, 'varchar', 'text') FROM pg_attribute"
        " JOIN pg_type t ON t.oid = atttypid WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        (table,),
    ).fetchall()
    assert all(kind in MAKERS for _, kind in rows), f"{table}: teach MAKERS its types, {rows}"
    return dict(rows)


def statement(connection: psycopg.Connection[Any]) -> bytes:
    """One statement for all rows of a batch."""
    parts = []
    for table in TABLES:
        names = columns_of(connection, table)
        arrays = ", ".join(f"%({table}_{name})b::{kind}[]" for name, kind in names.items())
        insert = f"INSERT INTO {table} ({', '.join(names)}) SELECT * FROM unnest({arrays})"
        if table == "balance":
            changes = ", ".join(
                f"{name} = EXCLUDED.{name}"
                for name in names
                if name not in {"bucket", "account_id", "unit"}
            )
            insert += f" ON CONFLICT (bucket, account_id, unit) DO UPDATE SET {changes}"
        parts.append(f"{table}_ AS ({insert})")
    return f"WITH {', '.join(parts)} SELECT 1".encode()


def inserted(url: str, batches: Sequence[Packed], connections: int) -> Inserted:
    """Write the batches over so many connections, as fast as PostgreSQL takes them."""
    opened = [
        psycopg.connect(url, autocommit=True, prepare_threshold=0) for _ in range(connections)
    ]
    pids = [each.info.backend_pid for each in opened]
    sql = statement(opened[0])
    left = iter(batches)

    def work(connection: psycopg.Connection[Any]) -> None:
        for batch in left:
            for attempt in range(20):
                try:
                    connection.execute(sql, batch)
                    break
                except psycopg.errors.DeadlockDetected:  # it takes its locks in no order
                    if attempt == 19:
                        raise

    before, client_s = seconds_of(pids), time.process_time()
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, opened))
    taken_s = time.perf_counter() - began
    found = Inserted(taken_s, spent(before, seconds_of(pids)), time.process_time() - client_s)
    for each in opened:
        each.close()
    return found


def equal_database(place: Stage) -> str:
    """A copy of the city as it stands, for the other side."""
    with psycopg.connect(place.pair.superuser_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = 'puhui' AND pid <> pg_backend_pid()"
        )
        admin.execute("CREATE DATABASE equal TEMPLATE puhui")
    return place.url.removesuffix("/puhui") + "/equal"


def last_block(url: str) -> int:
    """The number of the newest block of evidence."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT coalesce(max(no), 0) FROM evidence").fetchone()
        assert row is not None
        return int(row[0])


def differences(url: str, other: str) -> dict[str, tuple[int, int]]:
    """Tables in which the two databases do not have equally many rows: none, if both are right."""
    mine, theirs = _counts(url), _counts(other)
    return {
        table: (mine[table], theirs[table])
        for table in mine
        if table not in ONCE and mine[table] != theirs[table]
    }


def _counts(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        ).fetchall()
        return {
            table: connection.execute(f'SELECT count(*) FROM "{table}"'.encode()).fetchone()[0]  # type: ignore[index]
            for (table,) in tables
        }
