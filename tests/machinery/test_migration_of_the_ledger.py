"""The entry and balance tables are rebuilt with every row, up and down again."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest

from app import migrations
from tests.conftest import make_conninfo_url

BEFORE, AFTER = "2026_11_21_1220", "2026_11_21_1300"
FILL = """
INSERT INTO balance (bucket, account_id, unit, earned, consumed, held, last_seq, last_posted_at,
                     last_expiry)
SELECT n, 1024 + n, 1, 30, 5, 1, 4, now(), '2028-06-30' FROM generate_series(1, 20) AS n;
INSERT INTO balance VALUES (21, 1045, 1, 0, 0, 0, 0, '-infinity', '0001-01-01');
INSERT INTO entry (bucket, account_id, unit, seq, posted_at, kind, amount, contra, ref, earned_after,
                   consumed_after, effective_at)
SELECT n, 1024 + n, 1, seq, CASE seq WHEN 4 THEN timestamptz '2020-01-01'
       ELSE now() + (seq - 1) * interval '1 month' END, 1, 10, 1, gen_random_uuid(),
       10 * seq, 0, now() - interval '1 day'
  FROM generate_series(1, 20) AS n, generate_series(1, 4) AS seq;
INSERT INTO lot SELECT n, 1024 + n, 1, '2028-03-31', 10 FROM generate_series(1, 20) AS n;
INSERT INTO lot SELECT n, 1024 + n, 1, '2028-06-30', 30 FROM generate_series(1, 20) AS n;
"""
BALANCES = """
SELECT bucket, account_id, unit, earned, consumed, held, last_seq, last_posted_at::text, last_expiry
  FROM balance ORDER BY 2
"""
ENTRIES = """
SELECT bucket, account_id, unit, seq, posted_at, kind, amount, contra, ref, earned_after,
       consumed_after, effective_at, tableoid::regclass::text FROM entry ORDER BY 2, 4
"""
LOTS = "SELECT * FROM lot ORDER BY account_id, expires_on"


@pytest.fixture
def url(servers) -> Iterator[str]:
    """A database as it stood before, with rows in several months and in none."""
    name = f"puhui_ledger_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = make_conninfo_url(servers.admin_url, name)
    migrations.migrate(url, to=BEFORE)
    with psycopg.connect(url) as owner:
        owner.execute(FILL)
    yield url
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def book(url: str) -> list[list[tuple]]:
    """Everything that is kept."""
    with psycopg.connect(url) as owner:
        return [owner.execute(query).fetchall() for query in (BALANCES, ENTRIES, LOTS)]


def test_no_row_is_lost_on_the_way_up_and_down(url):
    """Entries stay in their months, balances as they are; only the newest lots become implicit."""
    before = book(url)
    migrations.migrate(url, to=AFTER)
    after = book(url)
    migrations.undo(url, to=BEFORE)

    assert after[:2] == before[:2]
    assert len({row[-1] for row in before[1]}) == 4
    assert [row[3].isoformat() for row in after[2]] == ["2028-03-31"] * 20
    assert book(url) == before


def test_what_is_append_only_stays_so(url):
    """The rebuilt table refuses changes of rows and the emptying of a month, like the old one."""
    migrations.migrate(url, to=AFTER)
    with psycopg.connect(url, autocommit=True) as owner:
        parts = [row[12] for row in owner.execute(ENTRIES).fetchall()]
        for change in (
            "UPDATE entry SET amount = 1",
            "DELETE FROM entry",
            "TRUNCATE entry",
            *(f"TRUNCATE {part}" for part in set(parts)),
        ):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(change)
        assert owner.execute("SELECT ensure_partitions(6)").fetchone() is not None


def test_an_entry_knows_its_transaction(url):
    """A row that is written afterwards carries the number of the transaction that wrote it."""
    migrations.migrate(url, to=AFTER)
    with psycopg.connect(url) as owner:
        owner.execute(
            "INSERT INTO entry (bucket, account_id, unit, seq, posted_at, kind, amount, contra, ref,"
            " earned_after, consumed_after, effective_at)"
            " VALUES (1, 1, 1, 1, now(), 1, 1, 1, gen_random_uuid(), 1, 0, now())"
        )
        row = owner.execute(
            "SELECT xid = pg_current_xact_id()::text::bigint FROM entry WHERE account_id = 1"
        ).fetchone()
    assert row == (True,)
