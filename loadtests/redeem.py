"""Redemptions over HTTP, beside pgbench that sends the very statements of a redemption.

Our side is the whole service: a token of each citizen, the rate limit in Valkey, the body's
schema, the Idempotency-Key, the code of the coupon. The other side has none of it: PostgreSQL's
own load tool, written in C, runs the transaction that one real redemption was heard to send,
with random citizens and offers, over as many connections as our processes have. Nothing is left
between its figure and the database's own speed.
"""

import asyncio
import json
import os
import random
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg

from app.embedded import Engines
from app.engine_programs import bundled_postgres_bin
from app.ids import BUCKETS, bucket_of
from app.merchants.register import register
from app.rewards import publish
from app.rewards.draft import draft_offer
from loadtests import figures
from loadtests.calling import caller, request
from loadtests.citizens import FIRST, account, copy_rows, enrich
from loadtests.recording import HEARD, Sent, as_script, heard
from loadtests.running import Watch, seconds_of, service, spent
from loadtests.stage import Stage, opened, stage

PROMISE = 0.5
OFFERS = 64
CALLERS = 32
POOL = 8
"""Connections of one of our processes for writing (`app.settings`)."""
RECORDED, RECORDED_OFFER = 77, 5
OFFER = "('00000000-0000-7000-8000-' || lpad({}::text, 12, '0'))::uuid"


def offer(n: int) -> UUID:
    """The n-th offer's id, the same as in `OFFER`."""
    return UUID(f"00000000-0000-7000-8000-{n:012}")


async def _first_offer(pair: Engines) -> tuple[UUID, UUID]:
    """An offer that was drafted and published, and its merchant."""
    now = datetime.now(UTC)
    async with opened(pair) as database, database.writing() as tx:
        merchant = await register(
            tx,
            code="bench-cafe",
            name_zh="咖啡",
            name_en="Coffee",
            category="food",
            district_code="321102",
            now=now,
        )
        made = await draft_offer(
            tx,
            merchant_id=merchant.id,
            contra=merchant.contra,
            title_zh="一杯咖啡",
            title_en="One coffee",
            points=1,
            stock=100_000_000,
            per_citizen=1_000_000,
            opens_at=now - timedelta(days=1),
            closes_at=now + timedelta(days=30),
            now=now,
        )
        await publish.apply(tx, payload={"offer_id": str(made)}, now=now)
        return made, merchant.id


def prepare(place: Stage, citizens: int) -> UUID:
    """Citizens with points, and offers with stock; the merchant who gives them."""
    made, merchant = asyncio.run(_first_offer(place.pair))
    with psycopg.connect(place.url, autocommit=True) as connection:
        enrich(connection, template=place.template, count=citizens)
        own = {"id": OFFER.format("g.n"), "offer_id": OFFER.format("g.n")}
        copy_rows(connection, "offer", numbers=range(OFFERS), like=f"t.id = '{made}'", own=own)
        for (table,) in connection.execute(_OF_AN_OFFER).fetchall():
            copy_all(connection, table, made, own)
        connection.execute("VACUUM ANALYZE")
    return merchant


_OF_AN_OFFER = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE a.attname = 'offer_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname LIKE 'offer%'
"""


def copy_all(connection: Any, table: str, made: UUID, own: dict[str, str]) -> None:
    """Copy every row that the first offer has in a table: its stock may lie in several."""
    rows = connection.execute(f"SELECT ctid FROM {table} WHERE offer_id = %s", (made,)).fetchall()
    for (ctid,) in rows:
        copy_rows(connection, table, numbers=range(OFFERS), like=f"t.ctid = '{ctid}'", own=own)


def one(place: Stage, account_id: int, offer_id: UUID, key: str) -> bytes:
    """A redemption as a phone sends it."""
    body = json.dumps({"offer_id": str(offer_id)}).encode()
    token = place.citizens_token(account_id)
    return request("POST", "/v1/me/redemptions", token=token, body=body, key=key)


async def statements(place: Stage) -> list[Sent]:
    """What one redemption sends to PostgreSQL, when its offer is known."""
    headers = {"Authorization": f"Bearer {place.citizens_token(account(RECORDED))}"}

    async def ask(client: httpx.AsyncClient) -> None:
        body = {"offer_id": str(offer(RECORDED_OFFER))}
        for key in ("the-first-looks-at-the-offer", "recorded-key"):
            HEARD.clear()
            named = headers | {"Idempotency-Key": key}
            answer = await client.post("/v1/me/redemptions", json=body, headers=named)
            assert answer.status_code == 201, answer.text

    return await heard(place, ask)


def script(sent: Sequence[Sent], merchant: UUID, citizens: int) -> str:
    """The transaction as pgbench runs it, citizens, offers and keys at random."""
    me = account(RECORDED)
    meaning: dict[Any, str] = {
        (int, me): ":account::bigint",
        (int, bucket_of(me)): ":bucket::smallint",
        (str, "recorded-key"): "('bench-' || :nonce::text)",
        (UUID, offer(RECORDED_OFFER)): OFFER.format(":offer"),
    }
    for each in sent:
        values = each.values.values() if isinstance(each.values, dict) else each.values or ()
        for value in values:
            if isinstance(value, UUID) and value not in {merchant, offer(RECORDED_OFFER)}:
                meaning[UUID, value] = "uuidv7()"
            elif isinstance(value, bytes):
                fresh = f"substr(sha256(uuidv7()::text::bytea), 1, {len(value)})"
                meaning[bytes, value] = fresh
    return "\n".join(
        [
            random_citizen(citizens),
            f"\\set offer random(0, {OFFERS - 1})",
            "\\set nonce random(1, 1000000000000000)",
            *(["BEGIN;"] if len(sent) > 1 else []),  # one statement is a transaction by itself
            as_script(list(sent), meaning),
            *(["COMMIT;"] if len(sent) > 1 else []),
            "",
        ]
    )


def random_citizen(citizens: int) -> str:
    """How pgbench chooses one of the copies."""
    return "\n".join(
        [
            f"\\set n random(0, {citizens - 1}) + {FIRST}",
            f"\\set bucket :n % {BUCKETS}",
            f"\\set account :n * {BUCKETS} + :bucket",
        ]
    )


def pgbench(place: Stage, text: str, *, connections: int, seconds: int) -> float:
    """Transactions a second, as pgbench counts them."""
    path = place.home / "redeem.sql"
    path.write_text(text)
    told = subprocess.run(
        [
            bundled_postgres_bin() / "pgbench",
            *("-n", "-M", "prepared", "-c", str(connections), "-j", "1"),
            *("-T", str(seconds), "-f", path, place.pair.app_url),
        ],
        env=os.environ | {"PGOPTIONS": "-c role=puhui_app -c search_path=public,queue"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^tps = ([\d.]+)", told.stdout, re.MULTILINE)
    assert found, told.stdout + told.stderr
    assert "number of failed transactions: 0 " in told.stdout, told.stdout
    return float(found[1])


def measure(
    place: Stage, merchant: UUID, *, citizens: int, seconds: int, rounds: int, processes: int
) -> tuple[list[figures.Figure], list[str]]:
    """Both sides in turns, and the statements that both sent."""
    sent = asyncio.run(statements(place))
    text = script(sent, merchant, citizens)
    dice = random.Random(2)
    keys = iter(range(10**9))
    costs: dict[str, list[float]] = {"service": [], "ours": [], "pgbench": []}

    with service(place, workers=processes) as running, caller() as ask:

        def ours() -> float:
            wanted = [
                one(
                    place,
                    account(dice.randrange(citizens)),
                    offer(dice.randrange(OFFERS)),
                    f"key-{next(keys):09}",
                )
                for _ in range(1_500 * seconds)
            ]
            before = seconds_of(running.pids)
            with Watch(place.url) as watch:
                answers = ask.closed(running.port, wanted, CALLERS)
            assert set(answers.statuses) == {201}, answers.statuses
            servers = spent(before, seconds_of(running.pids))
            costs["service"].append(servers * 1e6 / len(wanted))
            costs["ours"].append(watch.seconds * 1e6 / len(wanted))
            return answers.per_s

        def theirs() -> float:
            with Watch(place.url) as watch:
                per_s = pgbench(place, text, connections=POOL * processes, seconds=seconds)
            costs["pgbench"].append(watch.seconds * 1e6 / (per_s * seconds))
            return per_s

        found = figures.interleaved({"ours": ours, "pgbench": theirs}, rounds=rounds)
    unit = "us of processor each"
    told = [
        figures.Figure(
            "redemptions over HTTP",
            "redemptions/s",
            found["ours"],
            found["pgbench"],
            "pgbench, same SQL",
            PROMISE,
            note=f"{processes} process(es); {len(sent)} statement(s) in the transaction",
        ),
        figures.Figure("  service", unit, costs["service"][1:]),
        figures.Figure("  PostgreSQL", unit, costs["ours"][1:], costs["pgbench"][1:], "pgbench"),
    ]
    return told, [" ".join(each.text.split()) for each in sent]


def main() -> None:
    """Measure, print, keep."""
    parser = figures.arguments(__doc__)
    parser.add_argument("--processes", type=int, default=2, help="of the service")
    asked = parser.parse_args()
    report = figures.Report("redeem")
    citizens = 1_000 if asked.quick else int(2_000 * asked.scale)
    with stage() as place:
        report.facts["postgresql"] = figures.postgres_facts(place.url)
        told, report.facts["statements"] = measure(
            place,
            prepare(place, citizens),
            citizens=citizens,
            seconds=2 if asked.quick else 5,
            rounds=asked.rounds,
            processes=asked.processes,
        )
        report.add(*told)
    report.finish(asked.json)


if __name__ == "__main__":
    main()
