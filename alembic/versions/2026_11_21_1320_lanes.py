"""Lanes: which bucket may write an act, reserved caps, a chunk's answers, deliveries under way.

Locks: budget_draw for the moment in which its check is made anew (points may be given back).
Old code: goes on; lanes are a setting, off until every process knows it.

Revision ID: 2026_11_21_1320
Revises: 2026_11_21_1310
"""

from alembic import op

revision = "2026_11_21_1320"
down_revision = "2026_11_21_1310"


def upgrade() -> None:
    """Create the tables; let a delivery give back what it reserved."""
    op.execute(_TABLES)
    op.execute(_BACK)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: reservations go, and budget points that were given back count as drawn again."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE natural_key_lane (
  bucket SMALLINT NOT NULL,
  id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  delivery UUID NOT NULL,
  reserved_at timestamptz NOT NULL,
  touches INTEGER NOT NULL,
  releasing BOOLEAN NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE TABLE cap_lane (
  bucket SMALLINT NOT NULL,
  act_id UUID NOT NULL,
  subject BIGINT NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  counted VARCHAR(60) NOT NULL,
  window_from DATE NOT NULL,
  amount NUMERIC NOT NULL,
  PRIMARY KEY (bucket, act_id, subject, methodology, counted, window_from),
  CONSTRAINT cap_lane_sign CHECK (amount >= 0)
);
CREATE TABLE lane_answer (
  bucket SMALLINT NOT NULL,
  delivery UUID NOT NULL,
  answered_at timestamptz NOT NULL,
  answers BYTEA NOT NULL,
  PRIMARY KEY (bucket, delivery)
);
CREATE TABLE lane_delivery (
  id UUID NOT NULL,
  begun_at timestamptz NOT NULL,
  acts JSONB NOT NULL,
  paid JSONB NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX ix_lane_delivery_begun_at ON lane_delivery (begun_at);
"""
_BACK = """
ALTER TABLE budget_draw DROP CONSTRAINT budget_draw_sign,
  ADD CONSTRAINT budget_draw_sign CHECK (points <> 0);
"""
_RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON natural_key_lane TO puhui_app, puhui_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON lane_delivery TO puhui_app;
GRANT SELECT, INSERT, DELETE ON cap_lane, lane_answer TO puhui_app;
GRANT DELETE ON claim TO puhui_app, puhui_worker;
GRANT SELECT, DELETE ON cap_lane, lane_delivery TO puhui_worker;
"""
_GONE = """
REVOKE DELETE ON claim FROM puhui_app, puhui_worker;
DROP TABLE lane_delivery, lane_answer, cap_lane, natural_key_lane;
ALTER TABLE budget_draw DISABLE TRIGGER budget_draw_is_append_only;
DELETE FROM budget_draw WHERE points < 0;
ALTER TABLE budget_draw ENABLE ALWAYS TRIGGER budget_draw_is_append_only;
ALTER TABLE budget_draw DROP CONSTRAINT budget_draw_sign,
  ADD CONSTRAINT budget_draw_sign CHECK (points > 0);
"""
