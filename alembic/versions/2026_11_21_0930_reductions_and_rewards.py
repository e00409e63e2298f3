"""Reductions, claims, held activities; offers, stock, redemptions and scans.

Locks: none that matter: every table is new.
Old code: does not know these tables.

Revision ID: 2026_11_21_0930
Revises: 2026_11_21_0920
"""

from alembic import op

revision = "2026_11_21_0930"
down_revision = "2026_11_21_0920"


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: the rows go with the tables."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE reduction (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  occurred_on DATE NOT NULL,
  id UUID NOT NULL,
  version_id SMALLINT NOT NULL,
  factor_set_id SMALLINT NOT NULL,
  points_per_kg INTEGER NOT NULL,
  grams BIGINT NOT NULL,
  points BIGINT NOT NULL,
  occurred_at timestamptz NOT NULL,
  inputs JSONB NOT NULL,
  counts JSONB,
  PRIMARY KEY (bucket, account_id, occurred_on, id),
  CONSTRAINT reduction_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT reduction_signs CHECK (grams >= 0 AND points >= 0)
);
CREATE TABLE claim (
  bucket SMALLINT NOT NULL,
  scope SMALLINT NOT NULL,
  subject BIGINT NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  reduction_id UUID NOT NULL,
  PRIMARY KEY (bucket, scope, subject, starts_at),
  CONSTRAINT claim_bucket CHECK (bucket = subject % 1024),
  CONSTRAINT claim_order CHECK (ends_at > starts_at)
);
CREATE TABLE claim_subject (
  bucket SMALLINT NOT NULL,
  scope SMALLINT NOT NULL,
  subject BIGINT NOT NULL,
  PRIMARY KEY (bucket, scope, subject)
);
CREATE TABLE held_activity (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  id UUID NOT NULL,
  version_id SMALLINT NOT NULL,
  reason_code VARCHAR(40) NOT NULL,
  held_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, account_id, id)
);
CREATE TABLE offer (
  id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  contra BIGINT NOT NULL,
  title_zh VARCHAR(80) NOT NULL,
  title_en VARCHAR(80) NOT NULL,
  points INTEGER NOT NULL,
  per_citizen INTEGER NOT NULL,
  state SMALLINT NOT NULL,
  opens_at timestamptz NOT NULL,
  closes_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT offer_price CHECK (points > 0),
  CONSTRAINT offer_limit CHECK (per_citizen > 0),
  CONSTRAINT offer_order CHECK (closes_at > opens_at)
);
CREATE INDEX ix_offer_merchant_id ON offer (merchant_id);
CREATE TABLE offer_stock (
  offer_id UUID NOT NULL,
  remaining INTEGER NOT NULL,
  initial INTEGER NOT NULL,
  PRIMARY KEY (offer_id),
  CONSTRAINT offer_stock_range CHECK (remaining BETWEEN 0 AND initial)
) WITH (fillfactor = 50);
CREATE TABLE offer_use (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  offer_id UUID NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (bucket, account_id, offer_id),
  CONSTRAINT offer_use_sign CHECK (used >= 0)
) WITH (fillfactor = 80);
CREATE TABLE redemption (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  id UUID NOT NULL,
  unit SMALLINT NOT NULL,
  offer_id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  contra BIGINT NOT NULL,
  points BIGINT NOT NULL,
  coupon_digest BYTEA NOT NULL,
  state SMALLINT NOT NULL,
  created_at timestamptz NOT NULL,
  held_until timestamptz NOT NULL,
  resolved_at timestamptz,
  PRIMARY KEY (bucket, account_id, id),
  CONSTRAINT redemption_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT redemption_price CHECK (points > 0),
  CONSTRAINT redemption_resolved CHECK ((state = 1) = (resolved_at IS NULL)),
  CONSTRAINT redemption_coupon UNIQUE (bucket, coupon_digest)
);
CREATE INDEX redemption_open ON redemption (bucket, held_until) WHERE state = 1;
CREATE TABLE scan (
  merchant_id UUID NOT NULL,
  order_no VARCHAR(64) NOT NULL,
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  redemption_id UUID NOT NULL,
  points BIGINT NOT NULL,
  scanned_at timestamptz NOT NULL,
  PRIMARY KEY (merchant_id, order_no),
  CONSTRAINT scan_redemption UNIQUE (bucket, redemption_id)
);
CREATE INDEX scan_day ON scan (merchant_id, scanned_at, order_no);
"""

_RIGHTS = """
GRANT SELECT, INSERT ON claim, held_activity TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON claim_subject TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON offer, offer_stock, offer_use TO puhui_app;
GRANT SELECT, INSERT, UPDATE (state, resolved_at) ON redemption TO puhui_app;
CREATE TRIGGER reduction_is_append_only BEFORE UPDATE OR DELETE ON reduction
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reduction_keeps_its_rows BEFORE TRUNCATE ON reduction
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE reduction ENABLE ALWAYS TRIGGER reduction_is_append_only;
ALTER TABLE reduction ENABLE ALWAYS TRIGGER reduction_keeps_its_rows;
GRANT SELECT, INSERT ON reduction TO puhui_app;
CREATE TRIGGER scan_is_append_only BEFORE UPDATE OR DELETE ON scan
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER scan_keeps_its_rows BEFORE TRUNCATE ON scan
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE scan ENABLE ALWAYS TRIGGER scan_is_append_only;
ALTER TABLE scan ENABLE ALWAYS TRIGGER scan_keeps_its_rows;
GRANT SELECT, INSERT ON scan TO puhui_app;
"""

_GONE = """
DROP TABLE scan, redemption, offer_use, offer_stock, offer, held_activity, claim_subject, claim,
  reduction;
"""
