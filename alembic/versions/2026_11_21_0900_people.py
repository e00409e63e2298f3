"""Citizens, officers, links, consents, audit and approvals; the role that serves.

Locks: none that matter: every table is new.
Old code: there is none.

Revision ID: 2026_11_21_0900
Revises: nothing
"""

from alembic import op

revision = "2026_11_21_0900"
down_revision = None


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: the rows go with the tables."""
    op.execute(_GONE)


_TABLES = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'puhui_app') THEN
    CREATE ROLE puhui_app NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- another database of this server was migrated at the same moment
END $$;
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'puhui_app', 'MEMBER') THEN
    EXECUTE format('GRANT puhui_app TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the service must log in as puhui_app itself';
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO puhui_app;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE SEQUENCE account_number;
CREATE TABLE citizen (
  id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  nickname VARCHAR(40) NOT NULL,
  district_code VARCHAR(6) NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT citizen_account UNIQUE (account_id),
  CONSTRAINT citizen_nickname UNIQUE (nickname)
);
CREATE TABLE officer (
  id UUID NOT NULL,
  name VARCHAR(40) NOT NULL,
  role VARCHAR(20) NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT officer_name UNIQUE (name)
);
CREATE TABLE consent (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  provider_id SMALLINT NOT NULL,
  scenario VARCHAR(60) NOT NULL,
  given_at timestamptz NOT NULL,
  notice_version SMALLINT NOT NULL,
  withdrawn_at timestamptz,
  PRIMARY KEY (bucket, account_id, provider_id, scenario, given_at),
  CONSTRAINT consent_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT consent_order CHECK (withdrawn_at >= given_at)
);
CREATE TABLE link (
  provider_id SMALLINT NOT NULL,
  subject UUID NOT NULL,
  valid_from timestamptz NOT NULL,
  valid_until timestamptz,
  account_id BIGINT NOT NULL,
  PRIMARY KEY (provider_id, subject, valid_from),
  CONSTRAINT link_order CHECK (valid_until > valid_from)
);
CREATE INDEX ix_link_account_id ON link (account_id);
CREATE TABLE audit_record (
  id UUID NOT NULL,
  at timestamptz NOT NULL,
  actor VARCHAR(80) NOT NULL,
  action VARCHAR(60) NOT NULL,
  subject VARCHAR(120) NOT NULL,
  facts JSONB NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE proposal (
  id UUID NOT NULL,
  kind VARCHAR(60) NOT NULL,
  payload JSONB NOT NULL,
  reason VARCHAR(500) NOT NULL,
  made_by UUID NOT NULL,
  made_at timestamptz NOT NULL,
  decided_by UUID,
  decided_at timestamptz,
  verdict VARCHAR(16),
  PRIMARY KEY (id),
  CONSTRAINT two_people CHECK (decided_by IS NULL OR decided_by <> made_by),
  CONSTRAINT decided_whole CHECK ((decided_by IS NULL) = (verdict IS NULL))
);
CREATE TABLE request (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  key VARCHAR NOT NULL,
  fingerprint BYTEA NOT NULL,
  response JSONB,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, account_id, key),
  CONSTRAINT request_key CHECK (length(key) BETWEEN 8 AND 255)
);
"""

_RIGHTS = """
ALTER TABLE link ADD CONSTRAINT link_one_holder EXCLUDE USING gist (
  provider_id WITH =, subject WITH =, tstzrange(valid_from, valid_until) WITH &&);
GRANT USAGE ON SEQUENCE account_number TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON citizen TO puhui_app;
GRANT SELECT, INSERT ON officer TO puhui_app;
GRANT SELECT, INSERT, UPDATE (withdrawn_at) ON consent TO puhui_app;
GRANT SELECT, INSERT, UPDATE (valid_until) ON link TO puhui_app;
GRANT SELECT, INSERT, UPDATE (decided_by, decided_at, verdict) ON proposal TO puhui_app;
GRANT SELECT, INSERT, UPDATE (response) ON request TO puhui_app;
CREATE TRIGGER audit_record_is_append_only BEFORE UPDATE OR DELETE ON audit_record
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_record_keeps_its_rows BEFORE TRUNCATE ON audit_record
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_is_append_only;
ALTER TABLE audit_record ENABLE ALWAYS TRIGGER audit_record_keeps_its_rows;
GRANT SELECT, INSERT ON audit_record TO puhui_app;
GRANT SELECT ON alembic_version TO puhui_app;  -- "am I ready" asks for the schema's revision
"""

_GONE = """
DROP TABLE request, proposal, audit_record, link, consent, officer, citizen;
DROP SEQUENCE account_number;
DROP FUNCTION refuse_change();
REVOKE ALL ON alembic_version FROM puhui_app;
REVOKE ALL ON SCHEMA public FROM puhui_app;
"""
