"""Acts of before are written anew in fewer bytes, and come back as they were."""

import json
import zlib

import psycopg
import pytest

from app import migrations
from tests.machinery.test_migration_steps import empty_url

__all__ = ["empty_url"]

BEFORE, AFTER = "2026_11_21_1220", "2026_11_21_1310"
OLD = """
INSERT INTO reduction (bucket, account_id, occurred_on, id, version_id, factor_set_id,
                       points_per_kg, grams, points, occurred_at, inputs, counts)
VALUES (1, 1025, '2026-02-28', '01900000-0000-7000-8000-000000000001', 3, 1, 100, 180, 18,
        '2026-02-28 00:15Z', '{"distance_km": "3.7", "line": "a\\tb\\\\c",
          "limit:counted_km": "2", "occurred_on": "2026-02-28"}', '{"counted_km": "3.7"}'),
       (2, 2050, '2026-02-28', '01900000-0000-7000-8000-000000000002', 4, 1, 20, 8441, 168,
        '2026-02-28 01:00Z', '{"occurred_on": "2026-02-28"}', NULL);
INSERT INTO held_activity (bucket, account_id, id, version_id, reason_code, held_at)
VALUES (2, 2050, '01900000-0000-7000-8000-000000000003', 3, 'too_fast', '2026-03-01 04:00Z');
INSERT INTO evidence (bucket, account_id, id, received_at, provider_id, ref, methodology, data)
SELECT 1 + (n > 1)::int, 1025 * (1 + (n > 1)::int),
       ('01900000-0000-7000-8000-00000000000' || n)::uuid,
       '2026-03-01 04:00Z', 1, 'ref-' || n, 'bike_ride', '{"km": "3.7", "list": ["1", "2"]}'
  FROM generate_series(1, 3) AS n;
INSERT INTO natural_key (digest, account_id, activity_id, occurred_on)
SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 1025 * (1 + (n > 1)::int),
       ('01900000-0000-7000-8000-00000000000' || n)::uuid, '2026-02-28'
  FROM generate_series(1, 3) AS n;
INSERT INTO claim (bucket, scope, subject, starts_at, ends_at, reduction_id)
VALUES (1, 1, 1025, '2026-02-28 00:00Z', '2026-02-28 00:15Z',
        '01900000-0000-7000-8000-000000000001'),
       (7, 2, 1031, '2026-02-28 00:00Z', '2026-02-28 01:00Z',
        '01900000-0000-7000-8000-000000000002');
"""
TABLES = ("reduction", "held_activity", "evidence", "natural_key", "claim")


def contents(url):
    """Everything in the tables that change, in an order that does not."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                f"SELECT to_jsonb(t) FROM {table} t ORDER BY to_jsonb(t)::text"
            ).fetchall()
            for table in TABLES
        }


@pytest.fixture
def old_city(empty_url):
    """A database of before, with two credited acts and a held one."""
    migrations.migrate(empty_url, to=BEFORE)
    with psycopg.connect(empty_url) as connection:
        connection.execute(OLD)
    return empty_url


def test_there_and_back_again(old_city):
    """Upgrade and downgrade leave every row as it was; a second upgrade works as well."""
    before = contents(old_city)
    migrations.migrate(old_city, to=AFTER)
    migrations.undo(old_city, to=BEFORE)
    assert contents(old_city) == before
    migrations.migrate(old_city, to=AFTER)


def test_an_old_act_keeps_its_id_its_inputs_its_interval_and_its_evidence(old_city):
    """The row says the same in fewer bytes: names in a shape, the interval in the row."""
    migrations.migrate(old_city, to=AFTER)
    with psycopg.connect(old_city) as connection:
        names, values, scope, seconds, block, line = connection.execute(
            "SELECT s.names, r.inputs, r.scope, r.duration_s, r.block_no, r.line FROM reduction r"
            " JOIN input_shape s ON s.id = r.shape_id WHERE r.account_id = 1025"
        ).fetchone()
        body = connection.execute("SELECT body FROM evidence WHERE no = %s", (block,)).fetchone()[0]
        claims = connection.execute("SELECT subject FROM claim").fetchall()
        known = connection.execute("SELECT count(*) FROM natural_key").fetchone()
    kept = dict(zip(names.split("\t"), values.split("\t"), strict=True))
    assert kept == {
        "distance_km": "3.7",
        "line": "a\\tb\\\\c",
        "limit:counted_km": "2",
        "count:counted_km": "3.7",
    }
    assert (scope, seconds) == (1, 900)
    ref, methodology, data = json.loads(zlib.decompress(body).split(b"\n")[line])
    assert (ref, methodology, data["list"]) == ("ref-1", "bike_ride", ["1", "2"])
    assert claims == [(1031,)], "the vehicle's claim stays, the citizen's own is in the row"
    assert known == (3,), "no old record is ever credited again"
