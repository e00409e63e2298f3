"""Monthly budgets of points, cut into slots; corrections and what they did to each reduction.

Locks: none that matter: every table is new.
Old code: does not know these tables; it credits without a limit, and shows uncorrected grams.

Revision ID: 2026_11_21_1210
Revises: 2026_11_21_1200
"""

from alembic import op

revision = "2026_11_21_1210"
down_revision = "2026_11_21_1200"


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: the rows go with the tables; points that corrections booked stay booked."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE budget (
  line VARCHAR(60) NOT NULL,
  from_month DATE NOT NULL,
  version SMALLINT NOT NULL,
  points BIGINT,
  taper JSONB NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (line, from_month, version),
  CONSTRAINT budget_sign CHECK (points >= 0),
  CONSTRAINT budget_whole_month CHECK (extract(day FROM from_month) = 1)
);
CREATE TABLE budget_month (
  line VARCHAR(60) NOT NULL,
  month DATE NOT NULL,
  points BIGINT NOT NULL,
  PRIMARY KEY (line, month),
  CONSTRAINT budget_month_sign CHECK (points >= 0)
);
CREATE TABLE budget_slot (
  line VARCHAR(60) NOT NULL,
  month DATE NOT NULL,
  slot SMALLINT NOT NULL,
  remaining BIGINT NOT NULL,
  PRIMARY KEY (line, month, slot),
  CONSTRAINT budget_slot_sign CHECK (remaining >= 0)
) WITH (fillfactor = 50);
CREATE TABLE budget_draw (
  line VARCHAR(60) NOT NULL,
  month DATE NOT NULL,
  id UUID NOT NULL,
  points BIGINT NOT NULL,
  drawn_at timestamptz NOT NULL,
  PRIMARY KEY (line, month, id),
  CONSTRAINT budget_draw_sign CHECK (points > 0)
);
CREATE TABLE correction (
  id UUID NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  old_version_ids SMALLINT[] NOT NULL,
  new_version_id SMALLINT NOT NULL,
  from_on DATE NOT NULL,
  until_on DATE NOT NULL,
  reason_zh VARCHAR(300) NOT NULL,
  reason_en VARCHAR(300) NOT NULL,
  preview JSONB NOT NULL,
  made_by UUID NOT NULL,
  made_at timestamptz NOT NULL,
  state SMALLINT NOT NULL,
  approved_at timestamptz,
  finished_at timestamptz,
  at_bucket SMALLINT NOT NULL,
  at_account BIGINT NOT NULL,
  at_day DATE NOT NULL,
  at_id UUID NOT NULL,
  pass_changed BIGINT NOT NULL,
  looked_at BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  people BIGINT NOT NULL,
  grams BIGINT NOT NULL,
  points BIGINT NOT NULL,
  booked_up BIGINT NOT NULL,
  booked_down BIGINT NOT NULL,
  shortfall BIGINT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT correction_order CHECK (until_on > from_on),
  CONSTRAINT correction_sums CHECK (points = booked_up - booked_down - shortfall)
);
CREATE UNIQUE INDEX correction_one_at_a_time ON correction (methodology) WHERE state IN (2, 3);
CREATE TABLE reduction_correction (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  reduction_id UUID NOT NULL,
  correction_id UUID NOT NULL,
  occurred_on DATE NOT NULL,
  nth SMALLINT NOT NULL,
  old_version_id SMALLINT NOT NULL,
  new_version_id SMALLINT NOT NULL,
  grams_before BIGINT NOT NULL,
  grams_after BIGINT NOT NULL,
  points_before BIGINT NOT NULL,
  points_after BIGINT NOT NULL,
  booked BIGINT NOT NULL,
  shortfall BIGINT NOT NULL,
  corrected_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, account_id, reduction_id, correction_id),
  CONSTRAINT reduction_correction_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT reduction_correction_signs CHECK (
    least(grams_before, grams_after, points_before, points_after) >= 0 AND nth >= 1),
  CONSTRAINT reduction_correction_sums CHECK (points_after - points_before = booked - shortfall)
);
CREATE INDEX reduction_correction_run
  ON reduction_correction (correction_id, bucket, account_id);
"""

_RIGHTS = """
GRANT SELECT, INSERT ON budget TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON budget_month, budget_slot TO puhui_app;
GRANT SELECT, INSERT, UPDATE (state, approved_at, finished_at, at_bucket, at_account, at_day,
  at_id, pass_changed, looked_at, changed, people, grams, points, booked_up, booked_down,
  shortfall) ON correction TO puhui_app;
CREATE TRIGGER budget_is_append_only BEFORE UPDATE OR DELETE ON budget
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER budget_keeps_its_rows BEFORE TRUNCATE ON budget
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE budget ENABLE ALWAYS TRIGGER budget_is_append_only;
ALTER TABLE budget ENABLE ALWAYS TRIGGER budget_keeps_its_rows;
CREATE TRIGGER budget_draw_is_append_only BEFORE UPDATE OR DELETE ON budget_draw
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER budget_draw_keeps_its_rows BEFORE TRUNCATE ON budget_draw
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE budget_draw ENABLE ALWAYS TRIGGER budget_draw_is_append_only;
ALTER TABLE budget_draw ENABLE ALWAYS TRIGGER budget_draw_keeps_its_rows;
GRANT SELECT, INSERT ON budget_draw TO puhui_app;
CREATE TRIGGER reduction_correction_is_append_only BEFORE UPDATE OR DELETE ON reduction_correction
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reduction_correction_keeps_its_rows BEFORE TRUNCATE ON reduction_correction
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE reduction_correction ENABLE ALWAYS TRIGGER reduction_correction_is_append_only;
ALTER TABLE reduction_correction ENABLE ALWAYS TRIGGER reduction_correction_keeps_its_rows;
GRANT SELECT, INSERT ON reduction_correction TO puhui_app;
"""

_GONE = """
DROP TABLE reduction_correction, correction, budget_draw, budget_slot, budget_month, budget;
"""
