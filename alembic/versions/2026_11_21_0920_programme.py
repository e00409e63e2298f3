"""Merchants, providers, evidence by month, natural keys and the catalogue.

Locks: none that matter: every table is new.
Old code: does not know these tables.

Revision ID: 2026_11_21_0920
Revises: 2026_11_21_0910
"""

from alembic import op

revision = "2026_11_21_0920"
down_revision = "2026_11_21_0910"


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: the rows go with the tables."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE merchant (
  id UUID NOT NULL,
  code VARCHAR(40) NOT NULL,
  contra BIGINT NOT NULL,
  name_zh VARCHAR(80) NOT NULL,
  name_en VARCHAR(80) NOT NULL,
  category VARCHAR(20) NOT NULL,
  district_code VARCHAR(6) NOT NULL,
  created_at timestamptz NOT NULL,
  suspended_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT merchant_contra UNIQUE (contra),
  CONSTRAINT merchant_code UNIQUE (code)
);
CREATE TABLE provider (
  id SMALLINT NOT NULL,
  code VARCHAR(40) NOT NULL,
  name_zh VARCHAR(80) NOT NULL,
  name_en VARCHAR(80) NOT NULL,
  created_at timestamptz NOT NULL,
  suspended_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT provider_code UNIQUE (code)
);
CREATE TABLE batch (
  id UUID NOT NULL,
  provider_id SMALLINT NOT NULL,
  received_at timestamptz NOT NULL,
  records INTEGER NOT NULL,
  credited INTEGER NOT NULL,
  duplicate INTEGER NOT NULL,
  held INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  grams BIGINT NOT NULL,
  points BIGINT NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE evidence (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  id UUID NOT NULL,
  received_at timestamptz NOT NULL,
  provider_id SMALLINT NOT NULL,
  ref VARCHAR(80) NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  data JSONB NOT NULL,
  PRIMARY KEY (bucket, account_id, id, received_at),
  CONSTRAINT evidence_bucket CHECK (bucket = account_id % 1024)
) PARTITION BY RANGE (received_at);
CREATE TABLE natural_key (
  digest UUID NOT NULL,
  account_id BIGINT NOT NULL,
  activity_id UUID NOT NULL,
  occurred_on DATE NOT NULL,
  PRIMARY KEY (digest)
);
CREATE TABLE ingest_file (
  digest VARCHAR(64) NOT NULL,
  provider_id SMALLINT NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  options VARCHAR(64) NOT NULL,
  rows_done BIGINT NOT NULL,
  credited BIGINT NOT NULL,
  duplicate BIGINT NOT NULL,
  held BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  grams BIGINT NOT NULL,
  points BIGINT NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (digest, provider_id, methodology, options)
);
CREATE TABLE methodology_version (
  id SMALLINT NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  version VARCHAR(20) NOT NULL,
  content_hash VARCHAR(64) NOT NULL,
  body VARCHAR NOT NULL,
  active_from DATE NOT NULL,
  active_until DATE,
  registered_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT methodology_version_hash UNIQUE (content_hash),
  CONSTRAINT methodology_version_name UNIQUE (methodology, version)
);
CREATE TABLE factor_set (
  id SMALLINT NOT NULL,
  pack VARCHAR(20) NOT NULL,
  content_hash VARCHAR(64) NOT NULL,
  body VARCHAR NOT NULL,
  registered_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT factor_set_hash UNIQUE (content_hash)
);
CREATE TABLE programme (
  id SMALLINT NOT NULL,
  city_code VARCHAR(6) NOT NULL,
  name_zh VARCHAR(80) NOT NULL,
  name_en VARCHAR(80) NOT NULL,
  zone VARCHAR(40) NOT NULL,
  factor_set_id SMALLINT NOT NULL,
  points_life_months SMALLINT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT programme_one CHECK (id = 1)
);
CREATE TABLE tariff (
  methodology VARCHAR(60) NOT NULL,
  valid_from DATE NOT NULL,
  points_per_kg INTEGER NOT NULL,
  PRIMARY KEY (methodology, valid_from),
  CONSTRAINT tariff_sign CHECK (points_per_kg >= 0)
);
CREATE TABLE evidence_rest PARTITION OF evidence DEFAULT;
CREATE SEQUENCE merchant_number START 1000 MINVALUE 1000;
CREATE SEQUENCE provider_number AS smallint;
CREATE SEQUENCE version_number AS smallint;
CREATE SEQUENCE factor_set_number AS smallint;
"""

_RIGHTS = """
GRANT USAGE ON SEQUENCE merchant_number, provider_number, version_number, factor_set_number
  TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON merchant, provider, ingest_file, programme, tariff TO puhui_app;
GRANT UPDATE (active_until) ON methodology_version TO puhui_app;
GRANT SELECT, INSERT ON methodology_version TO puhui_app;
CREATE TRIGGER batch_is_append_only BEFORE UPDATE OR DELETE ON batch
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_keeps_its_rows BEFORE TRUNCATE ON batch
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_is_append_only;
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_keeps_its_rows;
GRANT SELECT, INSERT ON batch TO puhui_app;
CREATE TRIGGER evidence_is_append_only BEFORE UPDATE OR DELETE ON evidence
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_keeps_its_rows BEFORE TRUNCATE ON evidence
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE evidence ENABLE ALWAYS TRIGGER evidence_is_append_only;
ALTER TABLE evidence ENABLE ALWAYS TRIGGER evidence_keeps_its_rows;
CREATE TRIGGER keeps_its_rows BEFORE TRUNCATE ON evidence_rest
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE evidence_rest ENABLE ALWAYS TRIGGER keeps_its_rows;
GRANT SELECT, INSERT ON evidence TO puhui_app;
CREATE TRIGGER natural_key_is_append_only BEFORE UPDATE OR DELETE ON natural_key
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER natural_key_keeps_its_rows BEFORE TRUNCATE ON natural_key
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE natural_key ENABLE ALWAYS TRIGGER natural_key_is_append_only;
ALTER TABLE natural_key ENABLE ALWAYS TRIGGER natural_key_keeps_its_rows;
GRANT SELECT, INSERT ON natural_key TO puhui_app;
CREATE TRIGGER factor_set_is_append_only BEFORE UPDATE OR DELETE ON factor_set
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER factor_set_keeps_its_rows BEFORE TRUNCATE ON factor_set
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE factor_set ENABLE ALWAYS TRIGGER factor_set_is_append_only;
ALTER TABLE factor_set ENABLE ALWAYS TRIGGER factor_set_keeps_its_rows;
GRANT SELECT, INSERT ON factor_set TO puhui_app;
SELECT ensure_partitions(2);
"""

_GONE = """
DROP TABLE tariff, programme, factor_set, methodology_version, ingest_file, natural_key, evidence,
  batch, provider, merchant;
DROP SEQUENCE merchant_number, provider_number, version_number, factor_set_number;
"""
