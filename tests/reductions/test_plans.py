"""What a batch of a thousand acts asks and writes is found by keys, however full the city is.

A credit's statements run on connections that prefer keys to walks (`app.database.BY_KEYS`), so a
plan kept from the first minutes of an empty city is still right when it is full.
"""

import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from app.database import BY_KEYS
from app.ids import account_number, new_id
from app.ledger import earn, locking
from app.people import agreed, links
from app.reductions import caps, claims, history, recent, seen, write
from tests.conftest import make_conninfo_url
from tests.ledger.test_plans import looped, nodes, plan_for_any
from tests.make import NOON

MANY = 1_000
DAY = date(2026, 3, 1)
OF_A_BATCH = {
    "holders": links._HOLDERS,
    "make balances": locking._MAKE,
    "lock balances": locking._LOCK,
    "consents": agreed._LIVE,
    "make subjects": claims._MAKE,
    "lock subjects": claims._LOCK,
    "colliding": claims._COLLIDING,
    "recent": recent._RECENT,
    "past": history._ACTS,
    "past of subjects": history._SUBJECTS,
    "make caps": caps._MAKE,
    "lock caps": caps._LOCK,
    "count caps": caps._KEEP,
    "seen": seen._EARLIER,
    "reductions": write._REDUCTIONS,
    "held": write._HELD,
    "ours": write._OURS["reduction"],
    "claims": claims._KEEP,
    "earn": earn._EARN,
}
SMALL = frozenset({"input_shape"})
"""A few dozen rows; whoever joins with them may walk them."""
FILL = (
    """
INSERT INTO balance (bucket, account_id, unit, earned, consumed, held, last_seq, last_posted_at,
                     last_expiry)
SELECT n % 1024, n * 1024 + n % 1024, 1, 20, 5, 0, 2, now(), '2028-03-31'
  FROM generate_series(1, 100000) AS n
""",
    """
INSERT INTO reduction (id, account_id, occurred_at, grams, points, points_per_kg, duration_s,
                       shape_id, block_no, occurred_on, version_id, factor_set_id, scope, line,
                       bucket, inputs)
SELECT gen_random_uuid(), n * 1024 + n % 1024, '2026-03-01 04:00Z', 1, 1, 20, 60, 5, 1,
       '2026-03-01', 4, 1, 1, 0, n % 1024, '3.7' FROM generate_series(1, 100000) AS n
""",
    """
INSERT INTO claim (bucket, scope, subject, starts_at, ends_at, reduction_id)
SELECT n % 1024, 2, n * 1024 + n % 1024, '2026-03-01 04:00Z', '2026-03-01 05:00Z',
       gen_random_uuid() FROM generate_series(1, 100000) AS n
""",
    "INSERT INTO claim_subject SELECT bucket, scope, subject FROM claim",
    """
INSERT INTO cap_use (bucket, subject, methodology, counted, window_from, used)
SELECT bucket, subject, 'ev_charge', 'acts', '2026-03-01', 1 FROM claim
""",
    """
INSERT INTO link (provider_id, subject, account_id, valid_from)
SELECT 1, gen_random_uuid(), n * 1024 + n % 1024, now() FROM generate_series(1, 100000) AS n
""",
    """
INSERT INTO consent (bucket, account_id, provider_id, scenario, given_at, notice_version)
SELECT n % 1024, n * 1024 + n % 1024, 1, 'bike_ride', now(), 1
  FROM generate_series(1, 100000) AS n
""",
    "VACUUM ANALYZE balance, reduction, claim, claim_subject, cap_use, link, consent",
)


def arguments() -> dict[str, Any]:
    """Arguments for any of the statements, arrays of a thousand."""
    ones, ids = [1] * MANY, [new_id() for _ in range(MANY)]
    accounts = [account_number(7 * each + 1) for each in range(MANY)]
    ends = [NOON + timedelta(minutes=10)] * MANY
    days, texts = [DAY] * MANY, ["3.7"] * MANY
    some = {"unit": 1, "provider": 1, "block": 1, "factor_set": 1, "kind": 1}
    some |= {"never": date.min, "expires_on": DAY, "now": NOON}
    kinds = {"texts": "inputs reasons methodologies counts scenarios", "moments": "happened starts"}
    lists = dict.fromkeys(["accounts", "subjects"], accounts)
    lists |= dict.fromkeys(["ids", "refs"], ids) | {"ends": ends}
    lists |= dict.fromkeys(kinds["texts"].split(), texts)
    lists |= dict.fromkeys(kinds["moments"].split(), [NOON] * MANY)
    lists |= dict.fromkeys(["first", "last", "days"], days)
    numbers = "places versions scopes grams points rates spans shapes lines contras amounts"
    lists |= dict.fromkeys(numbers.split(), ones)
    return {**some, **lists, "shape_ids": [5], "shape_names": ["a"]}


def asked_for(name: str) -> dict[str, Any]:
    """The same, for one statement: a card's number is a digest, a claim's subject is a number."""
    given = arguments()
    return given | ({"subjects": given["ids"]} if name == "holders" else {})


def plan_for(book: psycopg.Connection, name: str) -> dict[str, Any]:
    """The plan for a batch of a thousand."""
    asked = f"EXPLAIN (FORMAT JSON) {OF_A_BATCH[name]}".encode()
    found = book.execute(asked, asked_for(name)).fetchone()
    assert found is not None
    plan: dict[str, Any] = found[0][0]["Plan"]
    return plan


def walked(plan: dict[str, Any]) -> list[str]:
    """Tables that are read from one end to the other, but for the small ones."""
    read = {
        node["Relation Name"]
        for node in nodes(plan)
        if node["Node Type"] == "Seq Scan" or ("Index" in node["Node Type"] and unkeyed(node))
    }
    return sorted(read - SMALL)


def unkeyed(node: dict[str, Any]) -> bool:
    """Whether an index is read without a key: a walk in another order."""
    return "Index Cond" not in node and "Relation Name" in node


@pytest.fixture(scope="module")
def books(servers, template) -> Iterator[tuple[psycopg.Connection, dict[str, dict[str, Any]]]]:
    """A connection as a server has it to a city of 100,000; and what it planned on an empty one."""
    name = f"puhui_plans_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_conninfo_url(servers.admin_url, name)
    with psycopg.connect(url, autocommit=True, options=BY_KEYS) as connection:
        kept = {each: plan_for_any(connection, OF_A_BATCH[each]) for each in OF_A_BATCH}
        for statement in FILL:
            connection.execute(statement)
        yield connection, kept
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


BY_EACH_KEY = [
    "make balances", "lock balances", "consents", "lock subjects", "colliding", "recent", "past",
    "past of subjects", "lock caps",
]  # fmt: skip


def test_a_plan_of_a_city_of_one_still_looks_for_each_key(servers, template):
    """What was planned when PostgreSQL had counted one row asks for each of a batch by its key."""
    database = f"puhui_plans_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
        url = make_conninfo_url(servers.admin_url, database)
        with psycopg.connect(url, autocommit=True, options=BY_KEYS) as book:
            for statement in FILL:
                book.execute(statement.replace("100000", "1"))
            plans = {name: plan_for_any(book, OF_A_BATCH[name]) for name in BY_EACH_KEY}
        admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
    conditions = {
        name: [node["Index Cond"] for node in nodes(plan) if "Index Cond" in node]
        for name, plan in plans.items()
    }
    unkeyed_ones = [name for name, each in conditions.items() if " = t." not in " ".join(each)]
    assert unkeyed_ones == [], conditions


@pytest.mark.parametrize("name", OF_A_BATCH)
def test_a_batch_probes_whatever_was_there_when_it_was_planned(books, name):
    """Neither the plan of the empty city, nor that for any batch or for this one, walks a table."""
    book, kept = books
    plans = [kept[name], plan_for_any(book, OF_A_BATCH[name]), plan_for(book, name)]
    assert [walked(plan) for plan in plans] == [[], [], []]
    assert [looped(plan) for plan in plans] == [[], [], []]


def test_without_the_setting_a_full_city_would_be_walked(books):
    """What the setting is for: on its own PostgreSQL reads a table whole for a batch."""
    book, _ = books
    book.execute("SET enable_seqscan = on")
    try:
        assert any(walked(plan_for(book, name)) for name in OF_A_BATCH)
    finally:
        book.execute("SET enable_seqscan = off")
