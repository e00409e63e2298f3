"""Many citizens, made from one.

One citizen has been credited through the real doors (`loadtests.stage`). The others are copies of
the rows that this made, with other names: a bench needs to know how rows are named, not what
columns they have, and a new column is copied like the others.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.ids import BUCKETS
from app.people.subjects import digest_of

PROVIDER = "bench-bikes"
SCENARIO = "bike_ride"
FIRST = 1_000_000
"""Copies are numbered from here; the first citizens, who are originals, lie below."""
RICH = 1_000_000_000
"""Points of a copied account: enough for every redemption of a run."""


def card(account_id: int) -> str:
    """The number of an account's card."""
    return f"card-{account_id}"


def ride(ref: str, number: str, start: datetime) -> dict[str, Any]:
    """A bicycle ride of 3.7 km in a quarter of an hour."""
    return {
        "ref": ref,
        "subject": number,
        "methodology": SCENARIO,
        "data": {
            "started_at": start.isoformat(timespec="seconds"),
            "ended_at": (start + timedelta(minutes=15)).isoformat(timespec="seconds"),
            "distance_km": "3.7",
        },
    }


def batch(records: Sequence[Mapping[str, Any]]) -> bytes:
    """A batch's body."""
    return json.dumps({"records": records}, separators=(",", ":")).encode()


def account(n: int) -> int:
    """The n-th copy's account, the same as in `ACCOUNT`."""
    n += FIRST
    return n * BUCKETS + n % BUCKETS


ACCOUNT = f"((g.n + {FIRST}) * {BUCKETS} + (g.n + {FIRST}) % {BUCKETS})"
BUCKET = f"((g.n + {FIRST}) % {BUCKETS})::smallint"
OWNED: Mapping[str, str] = {
    "account_id": ACCOUNT,
    "bucket": BUCKET,
    "earned": str(RICH),
    "earned_after": str(RICH),
    "nickname": "'copy-' || g.n",
    "subject": "gen_random_uuid()",
    "digest": "gen_random_uuid()",
}
"""What a copy has of its own; each is taken where a table has such a column."""


def copy_rows(
    connection: psycopg.Connection[Any],
    table: str,
    *,
    numbers: range,
    like: str,
    own: Mapping[str, str] = OWNED,
) -> int:
    """Copy the one row of ``table`` that fulfils ``like`` under other names; how many there are.

    Args:
        table: any table that a credit writes.
        numbers: ``g.n`` runs through it.
        like: a condition on the row ``t``.
        own: expressions for columns that a copy does not share; others come from the row.

    """
    types = dict(connection.execute(_COLUMNS, (table,)).fetchall())
    chosen = [
        f"({own[name]})::{kind}" if name in own else f't."{name}"' for name, kind in types.items()
    ]
    statement = (
        f"INSERT INTO {table} ({', '.join(types)}) SELECT {', '.join(chosen)}"
        f" FROM (SELECT * FROM {table} t WHERE {like} LIMIT 1) t,"
        f" generate_series({numbers.start}::bigint, {numbers.stop - 1}) AS g (n)"
    )
    return connection.execute(statement).rowcount


def enrich(connection: psycopg.Connection[Any], *, template: int, count: int) -> None:
    """See to it that the first ``count`` copies have an account full of points."""
    row = connection.execute("SELECT count(*) - 1 FROM balance").fetchone()
    numbers = range(row[0] if row else 0, count)
    if numbers:
        for table in ("balance", "entry", "lot"):
            copy_rows(connection, table, numbers=numbers, like=f"t.account_id = {template}")
        connection.execute("VACUUM ANALYZE")


# A column that PostgreSQL fills by itself is left to it.
_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
   AND attgenerated = '' AND attidentity = ''
 ORDER BY attnum
"""


def link_copies(
    connection: psycopg.Connection[Any], *, template: int, numbers: Sequence[int], key: bytes
) -> None:
    """Link a card to each of these copies, with the first citizen's consent.

    Args:
        template: the account of the first citizen.
        numbers: which copies; not a range, where only some of many are to be credited.
        key: what card numbers are digested with.

    """
    provider = connection.execute("SELECT id FROM provider WHERE code = %s", (PROVIDER,))
    provider_id: int = (provider.fetchone() or [0])[0]
    connection.execute("CREATE TEMP TABLE chosen (n bigint, at bigint PRIMARY KEY, digest uuid)")
    with connection.cursor().copy("COPY chosen FROM STDIN") as copying:
        for at, n in enumerate(numbers):
            digest: UUID = digest_of(key, provider_id=provider_id, subject=card(account(n)))
            copying.write_row((n, at, digest))
    own = {
        name: said.replace("g.n", "(SELECT c.n FROM chosen c WHERE c.at = g.n)")
        for name, said in OWNED.items()
    }
    own["subject"] = "(SELECT c.digest FROM chosen c WHERE c.at = g.n)"
    for table in ("link", "consent"):
        like = f"t.account_id = {template}"
        copy_rows(connection, table, numbers=range(len(numbers)), like=like, own=own)
    connection.execute("DROP TABLE chosen")
