"""Items of tills without network, kept before units were told, are told theirs."""

import psycopg

from app import migrations
from tests.machinery.test_migration_steps import empty_url

__all__ = ["empty_url"]

BEFORE, AFTER = "2026_11_21_1550", "2026_11_22_1000"
OLD = """
SET session_replication_role = replica;
INSERT INTO unit (id, code, name_zh, name_en, last_day)
VALUES (2, 'spring', '春季', 'Spring', '2026-05-31');
INSERT INTO redemption (bucket, account_id, id, offer_id, merchant_id, contra, points, coupon_digest,
                        state, created_at, held_until, unit)
SELECT 1, 1025, ('00000000-0000-8000-8000-00000000000' || n)::uuid, gen_random_uuid(),
       gen_random_uuid(), 1000, 100, int4send(n), 1, now(), now(), n FROM generate_series(1, 2) AS n;
INSERT INTO offline_item (merchant_id, batch_id, place, id, order_no, accepted_at, outcome, reason,
                          redemption_id, points, made_at)
SELECT gen_random_uuid(), gen_random_uuid(), n, gen_random_uuid(), 'A-' || n, now(), 'rejected',
       'too_old', CASE WHEN n > 0 THEN ('00000000-0000-8000-8000-00000000000' || n)::uuid END,
       100, now()
  FROM generate_series(0, 2) AS n;
"""


def test_items_of_before_are_told_their_unit(empty_url):
    """A campaign's, an ordinary one, and an unknown coupon's; afterwards the book is closed again."""
    migrations.migrate(empty_url, to=BEFORE)
    with psycopg.connect(empty_url) as connection:
        connection.execute(OLD)
    migrations.migrate(empty_url, to=AFTER)
    with psycopg.connect(empty_url) as connection:
        found = connection.execute("SELECT place, unit FROM offline_item ORDER BY 1").fetchall()
        mode = connection.execute(
            "SELECT tgenabled FROM pg_trigger WHERE tgname = 'offline_item_is_append_only'"
        ).fetchone()
    assert found == [(0, "points"), (1, "points"), (2, "spring")]
    assert mode == ("A",)
