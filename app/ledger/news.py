"""Read: a citizen's entries after a place, by the accounts' own gap-free sequences.

An account has one sequence for each unit of points, made under the balance's lock: what is
committed has no hole, so whoever remembers the last number has missed nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from app.database import Tx
from app.ids import bucket_of
from app.ledger.tables import Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: signed points, and the balance after it, held points included."""

    unit: int
    unit_code: str
    seq: int
    kind: str
    points: int
    balance: int
    ref: UUID
    posted_at: datetime


async def last(tx: Tx, *, account_id: int) -> dict[int, int]:
    """The newest entry's number, by unit."""
    given = {"bucket": bucket_of(account_id), "account": account_id}
    return {unit: seq async for unit, seq in await tx.execute(_LAST, given)}


async def after(tx: Tx, *, account_id: int, seen: Mapping[int, int], limit: int) -> list[Entry]:
    """At most ``limit`` entries after the numbers seen, by unit and number.

    Args:
        tx: a reading connection.
        account_id: whose.
        seen: the last number seen, by unit; a unit that is not in it is shown whole.
        limit: how many at most.

    """
    rows = await tx.execute(
        _AFTER,
        {
            "bucket": bucket_of(account_id),
            "account": account_id,
            "seen": Jsonb({str(unit): seq for unit, seq in seen.items()}),
            "limit": limit,
        },
    )
    return [
        Entry(unit, code, seq, Kind(kind).name, points, balance, ref, posted_at)
        async for unit, code, seq, kind, points, balance, ref, posted_at in rows
    ]


async def marks(tx: Tx, *, account_ids: Sequence[int]) -> dict[int, int]:
    """How many entries each account has, all units together: it grows with each one."""
    rows = await tx.execute(_MARKS, {"accounts": list(account_ids)})
    return {account_id: int(entries) async for account_id, entries in rows}


_LAST = """
SELECT unit, last_seq FROM balance WHERE bucket = %(bucket)s AND account_id = %(account)s
"""
_AFTER = """
SELECT b.unit, (SELECT u.code FROM unit u WHERE u.id = b.unit), e.seq, e.kind, e.amount,
       e.earned_after - e.consumed_after, e.ref, e.posted_at
  FROM balance b
 CROSS JOIN LATERAL (
         SELECT * FROM entry e
          WHERE e.bucket = b.bucket AND e.account_id = b.account_id AND e.unit = b.unit
            AND e.seq > coalesce((%(seen)s::jsonb ->> b.unit::text)::int, 0)
          ORDER BY e.seq LIMIT %(limit)s) AS e
 WHERE b.bucket = %(bucket)s AND b.account_id = %(account)s
 ORDER BY b.unit, e.seq LIMIT %(limit)s
"""
_MARKS = """
SELECT b.account_id, sum(b.last_seq) FROM balance b
  JOIN unnest(%(accounts)s::bigint[]) AS t (a)
    ON b.bucket = (a %% 1024)::smallint AND b.account_id = a
 GROUP BY 1
"""
