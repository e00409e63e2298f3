"""Closing a business day: many merchants, many sales, beside one statement that writes the lines.

One sale is made through the real doors and copied: every merchant has as many. Our side is the
close as the worker makes it: lines, files with their digests, totals, and the day noted on every
coupon. The other side is one hand-written statement that writes the same rows of
``settlement_line`` and nothing else; both leave the same lines, which is looked at each time. The
second figure closes four times the merchants: a rate that falls says that something is looked
through again for each merchant or line.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.ids import bucket_of
from app.rewards import coupons
from app.rewards.redeem import redeem
from app.rewards.scan import scan
from app.settlement import close_days
from loadtests import figures
from loadtests import redeem as offers
from loadtests.citizens import OWNED, account, copy_rows
from loadtests.stage import Stage, opened, stage

SALES = 50
"""A merchant and day."""
MORE = 4
CITIZENS = 100
_ID = "('{}-0000-7000-8000-' || lpad({}::text, 12, '0'))::uuid"
MERCHANT = _ID.format("00000002", "(g.n / {sales})")
REDEMPTION = _ID.format("00000003", "g.n")


@dataclass(frozen=True)
class Day:
    """A day that is over: how many merchants sold how often on it, and when it is closed."""

    merchants: int
    sales: int
    now: datetime

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.merchants * self.sales


async def sell(place: Stage, merchant: UUID) -> None:
    """The one sale of which all others are copies."""
    who = account(0)
    async with opened(place.pair) as database, database.writing() as tx:
        now = datetime.now(UTC) - timedelta(minutes=1)
        made = await redeem(
            tx,
            account_id=who,
            offer_id=offers.offer(0),
            coupon_key=place.keys.coupon,
            now=now,
        )
        coupon = coupons.code_of(
            place.keys.coupon, bucket=bucket_of(who), redemption_id=made.redemption_id
        )
        await scan(tx, merchant_id=merchant, order_no="FIRST", coupon=coupon, now=now)


def fill(place: Stage, *, merchants: int, sales: int) -> Day:
    """See to it that so many merchants have sold so often; what was there is forgotten."""
    numbers = range(merchants * sales)
    sold_by = {"merchant_id": MERCHANT.format(sales=sales)}
    redeemed = (
        OWNED
        | sold_by
        | {
            "id": REDEMPTION,
            "redemption_id": REDEMPTION,
            "order_no": "'S-' || g.n",
            "coupon_digest": "sha256(g.n::text::bytea)",
        }
    )
    shop = {
        "id": MERCHANT.format(sales=1),
        "code": "'shop-' || g.n",
        "contra": "5000000 + g.n",
    }
    with forgetting(place) as connection:
        _forget(connection)
        connection.execute("DELETE FROM scan WHERE order_no <> 'FIRST'")
        connection.execute("DELETE FROM redemption WHERE id::text LIKE '00000003-%'")
        connection.execute("DELETE FROM merchant WHERE code LIKE 'shop-%'")
        copy_rows(connection, "merchant", numbers=range(merchants), like="t.code = 'bench-cafe'",
                  own=shop)  # fmt: skip
        like = "t.id = (SELECT redemption_id FROM scan WHERE order_no = 'FIRST')"
        copy_rows(connection, "redemption", numbers=numbers, like=like, own=redeemed)
        copy_rows(connection, "scan", numbers=numbers, like="t.order_no = 'FIRST'", own=redeemed)
        connection.execute("VACUUM ANALYZE")
    return Day(merchants, sales, datetime.now(UTC) + timedelta(days=1, hours=1))


@contextmanager
def forgetting(place: Stage) -> Iterator[psycopg.Connection[Any]]:
    """The superuser, for whom books may be emptied."""
    books = ("settlement", "settlement_line", "settlement_file", "scan")
    with psycopg.connect(place.url, autocommit=True) as connection:
        for book in books:
            connection.execute(f"ALTER TABLE {book} DISABLE TRIGGER USER")
        yield connection
        for book in books:
            for suffix in ("is_append_only", "keeps_its_rows"):
                connection.execute(f"ALTER TABLE {book} ENABLE ALWAYS TRIGGER {book}_{suffix}")


def _forget(connection: psycopg.Connection[Any]) -> None:
    connection.execute("TRUNCATE settlement_day, settlement, settlement_line, settlement_file")


def again(place: Stage) -> None:
    """No day is closed; nothing is left of the last time to be cleaned up in this one."""
    with forgetting(place) as connection:
        _forget(connection)
        connection.execute("UPDATE redemption SET settled_on = NULL WHERE settled_on IS NOT NULL")
        connection.execute("VACUUM redemption, settlement_line")
        connection.execute("CHECKPOINT")


async def _close(place: Stage, day: Day) -> float:
    async with opened(place.pair) as database:
        began = time.perf_counter()
        await close_days.close_due(database, clock=lambda: day.now)
        return time.perf_counter() - began


def closed(place: Stage, day: Day) -> float:
    """Lines a second of the close; the lines are all there."""
    again(place)
    seconds = asyncio.run(_close(place, day))
    assert written(place) == day.lines + 1, "every sale, and the first one"
    return (day.lines + 1) / seconds


def stated(place: Stage, day: Day) -> float:
    """Lines a second of the one statement, as the serving role, committed."""
    again(place)
    options = "-c role=puhui_app -c search_path=public,queue"
    with psycopg.connect(place.pair.app_url, options=options) as connection:
        began = time.perf_counter()
        connection.execute(STATEMENT)
        connection.commit()
        seconds = time.perf_counter() - began
    assert written(place) == day.lines + 1, "the same lines"
    return (day.lines + 1) / seconds


def written(place: Stage) -> int:
    """How many lines there are."""
    with psycopg.connect(place.url) as connection:
        row = connection.execute("SELECT count(*) FROM settlement_line").fetchone()
        assert row is not None, "an aggregate always answers"
        return int(row[0])


def measure(place: Stage, *, merchants: int, sales: int, rounds: int) -> list[figures.Figure]:
    """Both figures."""
    small = fill(place, merchants=merchants, sales=sales)
    found = figures.interleaved(
        {"ours": lambda: closed(place, small), "stated": lambda: stated(place, small)},
        rounds=rounds,
    )
    large = fill(place, merchants=merchants * MORE, sales=sales)
    grown = [closed(place, large) for _ in range(rounds + 1)][1:]
    return [
        figures.Figure(
            "a day closed",
            "lines/s",
            found["ours"],
            found["stated"],
            "INSERT of the lines alone",
            note=f"{merchants:,} merchants, {sales} sales each; ours writes files as well",
        ),
        figures.Figure(
            "a day of four times as many merchants",
            "lines/s",
            grown,
            found["ours"],
            "the smaller day",
            note=f"{large.lines:,} lines; 1 means that nothing grows faster than the lines",
        ),
    ]


STATEMENT = """
INSERT INTO settlement_line (merchant_id, kind, number, settlement_id, place, day, store_code,
                             till_code)
SELECT s.merchant_id, 1, s.order_no, t.id,
       row_number() OVER (PARTITION BY s.merchant_id ORDER BY s.scanned_at, s.order_no),
       (s.scanned_at AT TIME ZONE 'Asia/Shanghai')::date, '', ''
  FROM (SELECT id AS merchant_id, gen_random_uuid() AS id FROM merchant) AS t
  JOIN scan s USING (merchant_id)
"""


def main() -> None:
    """Measure, print, keep."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("settle")
    merchants = 20 if asked.quick else int(200 * asked.scale)
    with stage() as place:
        report.facts["postgresql"] = figures.postgres_facts(place.url)
        asyncio.run(sell(place, offers.prepare(place, CITIZENS)))
        report.add(*measure(place, merchants=merchants, sales=SALES, rounds=asked.rounds))
    report.finish(asked.json)


if __name__ == "__main__":
    main()
