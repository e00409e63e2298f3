"""What a credit, a redemption and a wallet cost when the city has grown.

The books are filled to 1, 3 and 10 million accounts' worth of rows (times ``--scale``), each with
what a real credit left behind: the tables are found, their columns read, and the rows of the
first citizen copied (`loadtests.citizens`). At each size batches of 1,000 rides of random
accounts go through `deliver`, the one door of all credits; redemptions and wallet reads are
pgbench running the statements of the real routes over all accounts. Printed: the time of a
batch, WAL bytes and buffers of an event, and the plans of the statements that took longest.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg

from app.ids import bucket_of
from app.people.tokens import Audience
from loadtests import figures, redeem, wallet
from loadtests.citizens import (
    OWNED,
    PROVIDER,
    account,
    batch,
    card,
    copy_rows,
    link_copies,
    ride,
)
from loadtests.recording import Sent, as_script, heard
from loadtests.stage import Stage, delivered, opened, stage

SIZES = (1_000_000, 3_000_000, 10_000_000)
RECORDS = 1_000
LINKED = 20_000
BATCHES = 20
PEOPLE = frozenset({"citizen", "consent", "link", "request"})
"""Not filled: they are off the path of a credit, but for the cards that are credited."""
SAME_ID = "('01990000-0000-7000-8000-' || lpad(to_hex(g.n), 12, '0'))::uuid"
COPIES: Mapping[str, str] = OWNED | {
    "id": SAME_ID,
    "ref": SAME_ID,
    "activity_id": SAME_ID,
    "reduction_id": SAME_ID,
    "digest": "md5(g.n::text)::uuid",
}
"""An act has one id in every table; keys that are digests lie anywhere."""
SHOWN = 4


def tables(connection: psycopg.Connection[Any], template: int) -> list[str]:
    """Every table in which the first citizen's credit left a row."""
    named = [row[0] for row in connection.execute(_WITH_ACCOUNT)]
    found = []
    for table in named:
        statement = f"SELECT 1 FROM {table} WHERE account_id = %s LIMIT 1"
        if table not in PEOPLE and connection.execute(statement, (template,)).fetchone():
            found.append(table)
    return found


_WITH_ACCOUNT = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE a.attname = 'account_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relnamespace = 'public'::regnamespace
 ORDER BY c.relname
"""


class City:
    """A city that grows."""

    def __init__(self, place: Stage) -> None:
        self.place = place
        self.accounts = 0
        self.linked: set[int] = set()
        self._rides = 0
        self._dice = random.Random(4)
        self.chosen: list[int] = []

    def grow(self, connection: psycopg.Connection[Any], to: int) -> float:
        """Fill every table up to this many accounts; how many seconds that took."""
        began = time.perf_counter()
        like = f"t.account_id = {self.place.template}"
        for table in tables(connection, self.place.template):
            numbers = range(self.accounts, to)
            copy_rows(connection, table, numbers=numbers, like=like, own=COPIES)
        self.accounts = to
        fresh = set(self._dice.sample(range(to), min(LINKED, to // 2))) - self.linked
        self.linked |= fresh
        self.chosen = sorted(fresh)
        link_copies(
            connection,
            template=self.place.template,
            numbers=self.chosen,
            key=self.place.keys.subject,
        )
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        return time.perf_counter() - began

    def batch(self) -> list[dict[str, Any]]:
        """Rides of random linked accounts, one each; no two batches at the same time of day."""
        self._rides += 1
        start = datetime.now(UTC) - timedelta(days=4) + timedelta(minutes=20 * self._rides)
        whom = self._dice.sample(self.chosen, min(RECORDS, len(self.chosen)))
        return [ride(f"grow-{self._rides}-{n}", card(account(n)), start) for n in whom]


async def credits_ms(city: City, batches: int) -> list[float]:
    """Milliseconds of each batch, through the one door."""
    taken = []
    async with opened(city.place.pair, pool=1) as database:
        for turn in range(batches + 2):  # the first two make plans and fill caches
            records = city.batch()
            began = time.perf_counter()
            tally = (await delivered(database, city.place.keys, records)).tally
            if turn > 1:
                taken.append(1_000 * (time.perf_counter() - began))
            assert tally.credited == len(records), tally
    return taken


async def batch_statements(city: City) -> list[Sent]:
    """What one batch sends."""
    token = city.place.token(Audience.provider, PROVIDER)
    body = batch(city.batch())

    async def ask(client: httpx.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = await client.post("/v1/provider/batches", content=body, headers=headers)
        assert answer.status_code == 207, answer.text

    return await heard(city.place, ask)


def plans(connection: psycopg.Connection[Any], sent: Sequence[Sent]) -> list[dict[str, Any]]:
    """Each statement's plan and cost, run in order in a transaction that is undone."""
    found = []
    with connection.transaction(force_rollback=True):
        for each in sent:
            if each.text.lstrip().split(None, 1)[0].upper() not in _EXPLAINED:
                continue
            asked = f"EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) {each.text}"
            row = connection.execute(asked, each.values).fetchone()
            assert row is not None
            top = row[0][0]
            found.append(
                {
                    "statement": " ".join(each.text.split())[:90],
                    "ms": top["Execution Time"],
                    "hit": top["Plan"]["Shared Hit Blocks"],
                    "read": top["Plan"]["Shared Read Blocks"],
                    "wal_bytes": top["Plan"].get("WAL Bytes", 0),
                    "nodes": sorted(set(_nodes(top["Plan"]))),
                }
            )
    return found


_EXPLAINED = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"})


def _nodes(plan: Mapping[str, Any]) -> list[str]:
    """Names of the plan's nodes, with the table of each scan."""
    name = plan["Node Type"] + (f" {plan['Relation Name']}" if "Relation Name" in plan else "")
    return [name, *(inside for each in plan.get("Plans", ()) for inside in _nodes(each))]


def counters(connection: psycopg.Connection[Any]) -> tuple[int, int, int]:
    """WAL bytes ever written, buffers hit and read of this database."""
    row = connection.execute(_COUNTERS).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


_COUNTERS = """
SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, blks_hit, blks_read
  FROM pg_stat_database WHERE datname = current_database()
"""


def at_size(city: City, merchant: UUID, size: int, *, batches: int, seconds: int) -> dict[str, Any]:
    """Everything that is measured at one size."""
    place = city.place
    with psycopg.connect(place.url, autocommit=True) as connection:
        filled_s = city.grow(connection, size)
        before = counters(connection)
        taken = asyncio.run(credits_ms(city, batches))
        after = counters(connection)
        events = (batches + 2) * min(RECORDS, len(city.chosen))
        told: dict[str, Any] = {
            "accounts": size,
            "filled_s": filled_s,
            "batch_ms": taken,
            "batch_ms_median": statistics.median(taken),
            "batch_ms_worst": max(taken),
        }
        for name, last, first in zip(("wal_bytes", "hit", "read"), after, before, strict=True):
            told[f"{name}_per_event"] = (last - first) / events
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        told["database_bytes"] = row[0] if row else 0
        told["plans"] = plans(connection, asyncio.run(batch_statements(city)))
    text = redeem.script(asyncio.run(redeem.statements(place)), merchant, size)
    told["redeem_per_s"] = redeem.pgbench(place, text, connections=8, seconds=seconds)
    text = wallet_script(asyncio.run(wallet.select(place)), size)
    told["wallet_per_s"] = redeem.pgbench(place, text, connections=8, seconds=seconds)
    return told


def wallet_script(sent: Sent, accounts: int) -> str:
    """The wallet's SELECT over all accounts, for pgbench."""
    me = account(wallet.RECORDED)
    meaning = {(int, me): ":account::bigint", (int, bucket_of(me)): ":bucket::smallint"}
    return redeem.random_citizen(accounts) + "\n" + as_script([sent], meaning) + "\n"


def show(told: Mapping[str, Any]) -> None:
    """One size, for people."""
    print(
        f"{told['accounts']:>12,} accounts ({told['database_bytes'] / 2**20:,.0f} MiB, filled in"
        f" {told['filled_s']:.0f} s): batch of {RECORDS:,} {told['batch_ms_median']:.0f} ms"
        f" (worst {told['batch_ms_worst']:.0f}); an event: {told['wal_bytes_per_event']:.0f} B WAL,"
        f" {told['hit_per_event']:.1f} buffers hit, {told['read_per_event']:.2f} read;"
        f" redeem {told['redeem_per_s']:,.0f}/s, wallet {told['wallet_per_s']:,.0f}/s (pgbench)"
    )
    for plan in sorted(told["plans"], key=lambda plan: -plan["ms"])[:SHOWN]:
        scans = ", ".join(node for node in plan["nodes"] if node.startswith("Seq Scan"))
        print(f"      {plan['ms']:7.1f} ms  {plan['statement']}  {scans}")


def told_figures(sizes: Sequence[Mapping[str, Any]]) -> list[figures.Figure]:
    """Each size beside the smallest."""
    first, found = sizes[0], []
    for each in sizes:
        name = f"at {each['accounts']:,} accounts"
        rates = [RECORDS * 1_000 / ms for ms in each["batch_ms"]]
        base = [RECORDS * 1_000 / first["batch_ms_median"]] * len(rates)
        found.append(figures.Figure(f"credits, {name}", "credits/s", rates, base, "smallest size"))
        for kind in ("redeem", "wallet"):
            key = f"{kind}_per_s"
            found.append(
                figures.Figure(
                    f"{kind} SQL, {name}", "1/s", [each[key]], [first[key]], "smallest size"
                )
            )
    return found


def main() -> None:
    """Grow, measure, print, keep."""
    parser = figures.arguments(__doc__, scale=0.02)
    parser.add_argument("--batches", type=int, default=BATCHES, help="at each size")
    asked = parser.parse_args()
    scale = 0.002 if asked.quick else asked.scale
    report = figures.Report("growth")
    with stage() as place:
        merchant = redeem.prepare(place, 0)
        city, sizes = City(place), []
        for size in SIZES[: 2 if asked.quick else None]:
            sizes.append(
                at_size(
                    city,
                    merchant,
                    int(size * scale),
                    batches=3 if asked.quick else asked.batches,
                    seconds=1 if asked.quick else 5,
                )
            )
            show(sizes[-1])
        report.facts |= {"postgresql": figures.postgres_facts(place.url), "sizes": sizes}
    report.add(*told_figures(sizes))
    report.finish(asked.json)


if __name__ == "__main__":
    main()
