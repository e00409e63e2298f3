"""Statements that take arrays keep their shape on a full book, whatever plan PostgreSQL keeps.

After five runs PostgreSQL may keep one plan for all arguments, made without knowing how long the
arrays are; both that plan and the one for the arguments at hand are looked at, not the clock.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from app.ids import account_number, new_id
from app.ledger import (
    axis,
    causes,
    claw_back,
    debts,
    earn,
    expire,
    expiring,
    hold_many,
    locking,
    post,
    refund,
    repay,
)
from tests.make import NOON

DAY = date(2028, 3, 31)
FEW, MANY = 100, 1_000


def arguments(n: int) -> dict[str, Any]:
    """Arguments for any of the statements, arrays of ``n``."""
    refs = [new_id() for _ in range(n)]
    ones, zeroes = [1] * n, [0] * n
    return {
        "accounts": [account_number(7 * each + 1) for each in range(n)],
        "earned": ones,
        "consumed": zeroes,
        "held": zeroes,
        "points": ones,
        "paid": ones,
        "owed": ones,
        "booked": ones,
        "borne": zeroes,
        "refs": refs,
        "of_refs": refs,
        "happened": [NOON] * n,
        "contras": ones,
        "kinds": ones,
        "kind": 1,
        "earn": 1,
        "redeem": 2,
        "refund": 3,
        "unit": 1,
        "cap": 100,
        "expires_on": DAY,
        "today": DAY,
        "never": date.min,
        "now": NOON,
        "zone": "Asia/Shanghai",
        "most": 2**31 - 1,
        "first": 0,
        "last": 15,
        "limit": n,
    }


OF_ARRAYS = {
    "earn": earn._EARN,
    "post": post._POST,
    "standings": post._STANDINGS,
    "close": axis._CLOSE,
    "make": locking._MAKE,
    "lock": locking._LOCK,
    "hold": hold_many._CHANGE,
    "known causes": causes._KNOWN,
    "record causes": causes._RECORD,
    "spent": refund._SPENT,
    "earned": claw_back._EARNED,
    "debts": debts._DEBTS,
    "owe": debts._OWE,
    "pay": debts._PAY,
    "due now": expire._DUE_NOW,
}
SWEEPS = {"due": expire._DUE, "expiring": expiring._EXPIRING, "repay": repay._ABLE}
"""These read a range of buckets, once a day; their probes into other tables must be probes."""


@pytest.fixture(scope="module")
def book(servers, template) -> Iterator[psycopg.Connection]:
    """A hundred thousand accounts with two entries and a closed lot each, and statistics of them."""
    from tests.conftest import make_conninfo_url

    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE puhui_plans TEMPLATE {template}")
    url = make_conninfo_url(servers.admin_url, "puhui_plans")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in FILL:
            connection.execute(statement)
        yield connection
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute("DROP DATABASE puhui_plans WITH (FORCE)")


FILL = (
    """
INSERT INTO balance (bucket, account_id, unit, earned, consumed, held, last_seq, last_posted_at,
                     last_expiry)
SELECT n % 1024, n * 1024 + n % 1024, 1, 20, 5, 0, 2, now(), '2028-03-31'
  FROM generate_series(1, 100000) AS n
""",
    """
INSERT INTO entry (bucket, account_id, unit, seq, kind, amount, contra, ref, earned_after,
                   consumed_after, effective_at, posted_at)
SELECT n % 1024, n * 1024 + n % 1024, 1, seq, 1, 10, 1, gen_random_uuid(), 10 * seq, 0, now(),
       date_trunc('month', now()) + seq * interval '20 days'
  FROM generate_series(1, 100000) AS n, generate_series(1, 2) AS seq
""",
    """
INSERT INTO lot SELECT bucket, account_id, unit, '2027-12-31', 10 FROM balance
""",
    """
INSERT INTO cause (bucket, account_id, unit, kind, ref, of_ref, points, booked, owed, borne, contra,
                   posted_at)
SELECT bucket, account_id, unit, 5, gen_random_uuid(), gen_random_uuid(), -2, 0, 2, 0, 1, now()
  FROM balance
""",
    "INSERT INTO debt SELECT account_id, 2, 100, bucket, unit FROM balance WHERE account_id % 5 = 0",
    """
INSERT INTO expiry_notice (bucket, account_id, unit, expires_on, days, told_at)
SELECT bucket, account_id, unit, '2027-12-31', 30, now() FROM balance
""",
    "VACUUM ANALYZE",
)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def plan_for(book: psycopg.Connection, statement: str, n: int) -> dict[str, Any]:
    """The plan for arrays of ``n``."""
    found = book.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode(), arguments(n)).fetchone()
    assert found is not None
    plan: dict[str, Any] = found[0][0]["Plan"]
    return plan


def plan_for_any(book: psycopg.Connection, statement: str) -> dict[str, Any]:
    """The plan that PostgreSQL may keep for all arguments."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    text = re.sub(r"%\((\w+)\)[bs]", numbered, statement).replace("%%", "%")
    nulls = ", ".join(["NULL"] * len(names))
    book.execute("SET plan_cache_mode = force_generic_plan")
    book.execute(f"PREPARE looked_at AS {text}".encode(), prepare=False)
    found = book.execute(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at ({nulls})".encode()).fetchone()
    book.execute("DEALLOCATE looked_at")
    book.execute("RESET plan_cache_mode")
    assert found is not None
    plan: dict[str, Any] = found[0][0]["Plan"]
    return plan


def walked(book: psycopg.Connection, plan: dict[str, Any]) -> list[str]:
    """Big tables that are read from one end to the other; a month without a row is not big."""
    big = {name for (name,) in book.execute("SELECT relname FROM pg_class WHERE reltuples > 1000")}
    return [
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in big
    ]


def looped(plan: dict[str, Any]) -> list[str]:
    """Nested loops that go over a CTE again for each row."""
    return [
        inner.get("CTE Name", "?")
        for node in nodes(plan)
        if node["Node Type"] == "Nested Loop"
        for inner in nodes(node["Plans"][1])
        if inner["Node Type"] == "CTE Scan"
    ]


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_arrays_are_joined_by_probes_or_hashes(book, name):
    """No walk over a big table, and no nested loop over a CTE, which once made it quadratic."""
    few, many = (plan_for(book, OF_ARRAYS[name], n) for n in (FEW, MANY))
    kept = plan_for_any(book, OF_ARRAYS[name])
    assert walked(book, few) == walked(book, kept) == []
    assert looped(few) == looped(many) == looped(kept) == []


@pytest.mark.parametrize("name", SWEEPS)
def test_sweeps_probe_what_they_look_up(book, name):
    """A range of buckets is read by the key; for each balance there is at most a probe."""
    for plan in (plan_for(book, SWEEPS[name], FEW), plan_for_any(book, SWEEPS[name])):
        assert walked(book, plan) == []
        assert looped(plan) == []


def test_the_guard_sees_a_loop_and_a_walk(book):
    """What it should find, it finds: a join without a key, and a table without a condition."""
    loop = (
        "WITH a AS MATERIALIZED (SELECT * FROM balance)"
        " SELECT FROM lot l JOIN a ON a.earned > l.cum_earned WHERE l.unit = %(unit)s"
    )
    for plan in (plan_for(book, loop, FEW), plan_for_any(book, loop)):
        assert looped(plan) == ["a"]
        assert set(walked(book, plan)) == {"lot", "balance"}
