"""A month's reports, and a day's report, read that month or day, however long a city has sold."""

from datetime import timedelta
from typing import Any

import psycopg

from app.settlement import funders, reconcile, sponsors, subsidy
from loadtests.citizens import OWNED, copy_rows
from tests.settlement.books import DAY, NEXT_NIGHT, refunded, sell, stall, undone
from tests.settlement.books import close as close_day

PAST_DAYS, A_DAY = 400, 30
ENOUGH = 400
"""Rows that a report of four sales may look at; the city has sold twelve thousand times."""
OLD = "date '2026-01-01' - (g.n % 400)::int"
SETTLED = "('00000004-0000-7000-8000-' || lpad((g.n % 400)::text, 12, '0'))::uuid"
REDEEMED = "('00000003-0000-7000-8000-' || lpad(g.n::text, 12, '0'))::uuid"


def grow(connection: psycopg.Connection[Any]) -> None:
    """Copy one settled sale to more than a year of days before."""
    sales = range(PAST_DAYS * A_DAY)
    own = OWNED | {
        "id": REDEEMED,
        "redemption_id": REDEEMED,
        "coupon_digest": "sha256(g.n::text::bytea)",
        "order_no": "'OLD-' || g.n",
        "number": "'OLD-' || g.n",
        "scanned_at": OLD,
        "day": OLD,
        "settlement_id": SETTLED,
        "place": "g.n / 400 + 1",
    }
    first = "(SELECT redemption_id FROM scan WHERE order_no = 'A-0')"
    copy_rows(connection, "redemption", numbers=sales, like=f"t.id = {first}", own=own)
    copy_rows(connection, "scan", numbers=sales, like="t.order_no = 'A-0'", own=own)
    copy_rows(connection, "settlement_line", numbers=sales, like="t.number = 'A-0'", own=own)
    booked = OWNED | {"posted_at": "timestamptz '2026-12-15'", "ref": REDEEMED}
    copy_rows(connection, "entry", numbers=sales, like=f"t.ref = {first}", own=booked)
    days = {"id": SETTLED, "day": OLD}
    copy_rows(connection, "settlement", numbers=range(PAST_DAYS), like="true", own=days)
    connection.execute("VACUUM ANALYZE")


def touched(plan: dict[str, Any]) -> float:
    """How many rows were read from tables to answer."""
    own = 0
    if "Relation Name" in plan:
        names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        own = plan["Actual Loops"] * sum(plan.get(name, 0) for name in names)
    return own + sum(touched(each) for each in plan.get("Plans", ()))


async def test_reports_read_what_they_are_about(committing, fresh_urls):
    """Behind four sales stand twelve thousand settled ones: no report looks at them."""
    async with committing.writing() as tx:
        ours = await stall(tx)
        for n in range(3):
            await sell(tx, ours, f"A-{n}")
        await undone(tx, ours, "A-2")
        await refunded(tx, ours, "A-1", "R-1", 50)
    await close_day(committing, now=NEXT_NIGHT)
    month = {"from_day": DAY, "to_day": DAY + timedelta(days=30), "last": DAY + timedelta(days=30)}
    day = {"day": DAY, "limit": 9}
    asked = {f"reconcile {name}": (text, day) for name, text in reconcile.OF_A_DAY.items()}
    asked |= {"funders": (funders._FUNDED, month), "subsidy": (subsidy._LINES, month)}
    with psycopg.connect(fresh_urls.owner, autocommit=True) as connection:
        grow(connection)
        [(ids,)] = connection.execute("SELECT array_agg(id) FROM settlement WHERE day = %s", (DAY,))
        asked["sponsors"] = (sponsors._LINES.replace("%b", "%(ids)s"), {"ids": ids})
        for name, (text, arguments) in asked.items():
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {text}"
            [(plan,)] = connection.execute(explain, arguments).fetchall()
            assert touched(plan[0]["Plan"]) <= ENOUGH, name
