"""Crediting over HTTP in batches of 1,000, beside one statement that writes the same rows.

Our side is the whole service: a provider's token, the rate limit in Valkey, exact parsing,
consent, rules, duplicates, overlaps, caps, factors, evidence, reductions, points. The other side
has none of it: it is handed the rows that a batch came to, packed as binary arrays beforehand,
and writes them by one hand-written INSERT .. SELECT unnest, into an equal database. Nothing is
left between its figure and the database's own speed.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg

from app import columns
from app.people.tokens import Audience
from loadtests import figures
from loadtests.citizens import PROVIDER
from loadtests.stage import Stage, served, stage
from loadtests.town import SCENARIOS, act, people

PROMISE = 0.5
BATCH = 1_000
CALLERS = 4
TABLES = ("evidence", "batch", "reduction", "entry", "balance")
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


class Source:
    """Batches of a city's day, never the same act twice."""

    def __init__(self, residents: int) -> None:
        self._residents = residents
        self._n = 0
        zone = ZoneInfo("Asia/Shanghai")
        today = datetime.now(UTC).astimezone(zone)
        day = today - timedelta(days=1)
        self._midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)

    def batch(self) -> bytes:
        """The next thousand acts: each resident's in the order of the day, then an earlier day."""
        records = []
        for _ in range(BATCH):
            turn, who = divmod(self._n, self._residents)
            records.append(act(self._midnight - timedelta(days=turn // 4), turn % 4, who))
            self._n += 1
        return json.dumps({"records": records}, ensure_ascii=False).encode()


async def posted(port: int, token: str, bodies: Sequence[bytes], callers: int) -> float:
    """Records a second, over as many connections as there are callers."""
    left = iter(bodies)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def caller(client: httpx.AsyncClient) -> None:
        for body in left:
            answer = await client.post("/v1/provider/batches", content=body, headers=headers)
            assert answer.status_code == 207, answer.text[:300]
            assert b'"credited":1000' in answer.content[:120], answer.text[:300]

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
        began = time.perf_counter()
        await asyncio.gather(*(caller(client) for _ in range(callers)))
        return len(bodies) * BATCH / (time.perf_counter() - began)


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
        for (name, kind), values in zip(names.items(), zip(*rows, strict=True), strict=True):
            packed[f"{table}_{name}"] = MAKERS[kind](list(values))
    return packed


def columns_of(connection: psycopg.Connection[Any], table: str) -> dict[str, str]:
    """A table's columns and their types; what PostgreSQL fills in itself is left to it."""
    rows = connection.execute(
        "SELECT attname, atttypid::regtype::oid::regtype::text, typname FROM pg_attribute"
        " JOIN pg_type t ON t.oid = atttypid WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        (table,),
    ).fetchall()
    return {name: kind.replace("varchar", "text") for name, _, kind in rows if kind in MAKERS}


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


def inserted(url: str, batches: Sequence[Packed], connections: int) -> float:
    """Records a second of the hand-written side."""
    opened = [
        psycopg.connect(url, autocommit=True, prepare_threshold=0) for _ in range(connections)
    ]
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

    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, opened))
    taken = time.perf_counter() - began
    for each in opened:
        each.close()
    return len(batches) * BATCH / taken


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


def measure(place: Stage, asked: Any) -> list[figures.Figure]:
    """One client beside one connection, then as many as keep the machine busy."""
    scale = 0.1 if asked.quick else asked.scale
    source = Source(people(place, max(BATCH, int(5_000 * scale))))
    url, equal = place.url, equal_database(place)
    token = place.token(Audience.provider, PROVIDER)
    found = []
    for name, processes, callers, batches in (
        ("one client", 1, 1, max(3, int(10 * scale))),
        ("saturated", 2, CALLERS, max(4, int(24 * scale))),
    ):
        ours, other = [], []
        with served(place, processes=processes) as port:
            for turn in range(asked.rounds + 1):
                bodies = [source.batch() for _ in range(batches)]
                before = last_block(url)
                mine = asyncio.run(posted(port, token, bodies, callers))
                rows = written(url, before)
                theirs = inserted(equal, rows, callers)
                if turn:  # the first turn only warms up
                    ours.append(mine)
                    other.append(theirs)
        found.append(
            figures.Figure(
                f"crediting over HTTP, {name}",
                "records/s",
                ours,
                other,
                f"one statement, {callers} connection{'s' if callers > 1 else ''}",
                promise=PROMISE,
            )
        )
    return found


def main() -> None:
    """Start, measure, print."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("credit")
    with stage() as place:
        report.facts = {"machine": figures.machine(), "scenarios": sorted(SCENARIOS)}
        report.facts["postgres"] = figures.postgres_facts(place.url)
        report.add(*measure(place, asked))
    report.finish(asked.json)


if __name__ == "__main__":
    main()
