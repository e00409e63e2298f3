"""States of methodology versions, their history, dry-run reports and shadow results.

Locks: methodology_version for the time of adding columns to a few dozen rows; nothing on the
credit path writes it.
Old code: reads versions as before until the first one is uploaded, and cannot register a
shipped version; replace it before an officer uploads.

Revision ID: 2026_11_21_1200
Revises: 2026_11_21_0940
"""

from alembic import op

revision = "2026_11_21_1200"
down_revision = "2026_11_21_0940"


def upgrade() -> None:
    """Give the versions that are there a state, then create the tables."""
    op.execute(_STATES)
    op.execute(_TABLES)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: uploads that were never in force, withdrawn versions and the history go."""
    op.execute(_GONE)


_STATES = """
ALTER TABLE methodology_version
  ALTER COLUMN active_from DROP NOT NULL,
  ADD COLUMN state VARCHAR(12) NOT NULL DEFAULT 'active',
  ADD COLUMN author VARCHAR(80) NOT NULL DEFAULT 'process:register',
  ADD COLUMN proposal_id UUID;
ALTER TABLE methodology_version
  ALTER COLUMN state DROP DEFAULT,
  ALTER COLUMN author DROP DEFAULT,
  ADD CONSTRAINT methodology_version_days CHECK (active_until > active_from),
  ADD CONSTRAINT methodology_version_in_force CHECK (active_from IS NOT NULL
    OR state NOT IN ('scheduled', 'active', 'superseded', 'suspended')),
  ADD CONSTRAINT methodology_version_one_a_day EXCLUDE USING gist (
    methodology WITH =, daterange(active_from, active_until) WITH &&)
    WHERE (state IN ('scheduled', 'active', 'superseded', 'suspended'));
GRANT UPDATE (state, active_from, active_until, proposal_id) ON methodology_version TO puhui_app;
"""

_TABLES = """
CREATE TABLE methodology_transition (
  id UUID NOT NULL,
  version_id SMALLINT NOT NULL,
  from_state VARCHAR(12) NOT NULL,
  to_state VARCHAR(12) NOT NULL,
  actor VARCHAR(80) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX ix_methodology_transition_version_id ON methodology_transition (version_id);
INSERT INTO methodology_transition (id, version_id, from_state, to_state, actor, reason, at)
SELECT gen_random_uuid(), id, 'draft', 'active', 'process:register', 'shipped', registered_at
  FROM methodology_version;
CREATE TABLE dry_run_report (
  id UUID NOT NULL,
  version_id SMALLINT NOT NULL,
  made_by VARCHAR(80) NOT NULL,
  made_at timestamptz NOT NULL,
  report JSONB NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX ix_dry_run_report_version_id ON dry_run_report (version_id);
CREATE TABLE shadow_result (
  bucket SMALLINT NOT NULL,
  reduction_id UUID NOT NULL,
  version_id SMALLINT NOT NULL,
  occurred_on DATE NOT NULL,
  points_per_kg INTEGER NOT NULL,
  old_status VARCHAR(16) NOT NULL,
  old_grams BIGINT NOT NULL,
  new_status VARCHAR(16) NOT NULL,
  new_grams BIGINT NOT NULL,
  reason_code VARCHAR(60),
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, reduction_id, version_id)
);
CREATE INDEX ix_shadow_result_version_id ON shadow_result (version_id);
"""

_RIGHTS = """
CREATE TRIGGER methodology_transition_is_append_only BEFORE UPDATE OR DELETE
  ON methodology_transition FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER methodology_transition_keeps_its_rows BEFORE TRUNCATE ON methodology_transition
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE methodology_transition
  ENABLE ALWAYS TRIGGER methodology_transition_is_append_only;
ALTER TABLE methodology_transition
  ENABLE ALWAYS TRIGGER methodology_transition_keeps_its_rows;
GRANT SELECT, INSERT ON methodology_transition TO puhui_app;
CREATE TRIGGER dry_run_report_is_append_only BEFORE UPDATE OR DELETE ON dry_run_report
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER dry_run_report_keeps_its_rows BEFORE TRUNCATE ON dry_run_report
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE dry_run_report ENABLE ALWAYS TRIGGER dry_run_report_is_append_only;
ALTER TABLE dry_run_report ENABLE ALWAYS TRIGGER dry_run_report_keeps_its_rows;
GRANT SELECT, INSERT ON dry_run_report TO puhui_app;
CREATE TRIGGER shadow_result_is_append_only BEFORE UPDATE OR DELETE ON shadow_result
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER shadow_result_keeps_its_rows BEFORE TRUNCATE ON shadow_result
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE shadow_result ENABLE ALWAYS TRIGGER shadow_result_is_append_only;
ALTER TABLE shadow_result ENABLE ALWAYS TRIGGER shadow_result_keeps_its_rows;
GRANT SELECT, INSERT ON shadow_result TO puhui_app;
"""

_GONE = """
DROP TABLE shadow_result, dry_run_report, methodology_transition;
REVOKE UPDATE (state, active_from, proposal_id) ON methodology_version FROM puhui_app;
DELETE FROM methodology_version
 WHERE state NOT IN ('scheduled', 'active', 'superseded', 'suspended');
ALTER TABLE methodology_version
  DROP CONSTRAINT methodology_version_one_a_day,
  DROP CONSTRAINT methodology_version_in_force,
  DROP CONSTRAINT methodology_version_days,
  DROP COLUMN proposal_id,
  DROP COLUMN author,
  DROP COLUMN state,
  ALTER COLUMN active_from SET NOT NULL;
"""
