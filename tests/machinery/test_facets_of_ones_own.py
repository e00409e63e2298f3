"""Claims of before, of a facet of the citizen's own, are found by acts to come."""

import psycopg

from app import migrations
from app.reductions.uses import number_of_scope
from tests.machinery.test_migration_steps import empty_url

__all__ = ["empty_url"]

BEFORE, AFTER = "2026_11_21_1470", "2026_11_21_1471"
OLD = """
INSERT INTO methodology_version (id, methodology, version, content_hash, body, active_from,
                                 state, author, registered_at)
VALUES (4, 'ev_charge', '1.0.0', 'a', '{"claims": [{"scope": "vehicle", "facet": "energy",
        "subject": "vehicle_id", "if_absent": "citizen"}, {"scope": "order", "facet": "charge",
        "subject": "transaction_no", "if_absent": "none"}]}', '2026-01-01', 'active', 'x', now()),
       (5, 'lights_off', '1.0.0', 'b', 'plugin:c', '2026-01-01', 'active', 'x', now());
INSERT INTO reduction (id, account_id, occurred_at, grams, points, points_per_kg, duration_s,
                       shape_id, block_no, occurred_on, version_id, factor_set_id, scope, line,
                       bucket, inputs)
SELECT ('00000000-0000-8000-8000-00000000000' || n)::uuid, 1025 * n, '2026-02-28 01:00Z', 1, 1, 20,
       0, 5, 1, '2026-02-28', 4, 1, 0, 0, n, '' FROM generate_series(1, 2) AS n;
INSERT INTO claim (bucket, scope, subject, starts_at, ends_at, reduction_id)
VALUES (9, 2, 1033, '2026-02-28 00:00Z', '2026-02-28 01:00Z',
        '00000000-0000-8000-8000-000000000001'),
       (10, 2, 1034, '2026-02-28 00:00Z', '2026-02-28 01:00Z',
        '00000000-0000-8000-8000-000000000002'),
       (11, 5, 1035, '2026-02-28 00:00Z', '9999-01-01 00:00Z',
        '00000000-0000-8000-8000-000000000002');
INSERT INTO claim_subject (bucket, scope, subject) VALUES (10, 2, 1034), (11, 5, 1035);
"""


def test_a_facet_of_ones_own_moves_to_the_account_and_a_shared_subject_stays(empty_url):
    """The charge without a vehicle has the facet's number; a vehicle and an order are as before."""
    migrations.migrate(empty_url, to=BEFORE)
    with psycopg.connect(empty_url) as connection:
        connection.execute(OLD)
    migrations.migrate(empty_url, to=AFTER)
    with psycopg.connect(empty_url) as connection:
        found = connection.execute("SELECT bucket, scope, subject FROM claim ORDER BY 3").fetchall()
    own = (1, number_of_scope("vehicle", "energy"), 1025)
    assert found == [own, (10, 2, 1034), (11, 5, 1035)]
