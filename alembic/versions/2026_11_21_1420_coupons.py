"""Coupons at the counter: presented to one till, undone, refunded, rotating, taken offline.

Locks: scan and redemption for the time of adding columns with constant defaults; the unique key
  of scan is built anew.
Old code: still takes coupons; one whose sale was undone it cannot take again (`scan_cycle`
  refuses its row, nothing is booked).

Revision ID: 2026_11_21_1420
Revises: 2026_11_21_1410
"""

from alembic import op

revision = "2026_11_21_1420"
down_revision = "2026_11_21_1410"

BOOKS = ("coupon_undo", "coupon_refund", "rotating_use", "offline_batch", "offline_item")


def upgrade() -> None:
    """Widen what is there, create the rest, and close the books."""
    op.execute(_WIDEN)
    op.execute(_TABLES)
    for book in BOOKS:
        op.execute(
            f"""
            GRANT SELECT, INSERT ON {book} TO puhui_app;
            CREATE TRIGGER {book}_is_append_only BEFORE UPDATE OR DELETE ON {book}
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER {book}_keeps_its_rows BEFORE TRUNCATE ON {book}
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            ALTER TABLE {book} ENABLE ALWAYS TRIGGER {book}_is_append_only;
            ALTER TABLE {book} ENABLE ALWAYS TRIGGER {book}_keeps_its_rows;
            """
        )
    op.execute(_GRANTS)


def downgrade() -> None:
    """Lossy: undone sales, refunds and offline batches go; refused while a sale was undone."""
    op.execute(_GONE)


_WIDEN = """
ALTER TABLE scan
  DROP CONSTRAINT scan_redemption,
  ADD COLUMN cycle SMALLINT NOT NULL DEFAULT 1,
  ADD COLUMN entry_ref UUID,
  ADD COLUMN store_id UUID,
  ADD COLUMN actor VARCHAR(80) NOT NULL DEFAULT '',
  ADD COLUMN offline BOOLEAN NOT NULL DEFAULT false,
  ADD CONSTRAINT scan_cycle UNIQUE (bucket, redemption_id, cycle),
  ADD CONSTRAINT scan_entry CHECK ((cycle = 1) = (entry_ref IS NULL));
ALTER TABLE redemption
  ADD COLUMN presented_by VARCHAR(80),
  ADD COLUMN undone SMALLINT NOT NULL DEFAULT 0,
  ADD CONSTRAINT redemption_presented CHECK ((presented_at IS NULL) = (presented_by IS NULL)),
  ADD CONSTRAINT redemption_undone CHECK (undone BETWEEN 0 AND 10);
"""

_TABLES = """
CREATE TABLE coupon_undo (
  merchant_id UUID NOT NULL,
  order_no VARCHAR(64) NOT NULL,
  id UUID NOT NULL,
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  redemption_id UUID NOT NULL,
  points BIGINT NOT NULL,
  actor VARCHAR(80) NOT NULL,
  undone_at timestamptz NOT NULL,
  PRIMARY KEY (merchant_id, order_no)
);
CREATE INDEX coupon_undo_redemption ON coupon_undo (bucket, redemption_id);
CREATE TABLE coupon_refund (
  merchant_id UUID NOT NULL,
  refund_no VARCHAR(64) NOT NULL,
  order_no VARCHAR(64) NOT NULL,
  id UUID NOT NULL,
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  redemption_id UUID NOT NULL,
  points BIGINT NOT NULL,
  refunded_points BIGINT NOT NULL,
  actor VARCHAR(80) NOT NULL,
  made_at timestamptz NOT NULL,
  PRIMARY KEY (merchant_id, refund_no),
  CONSTRAINT coupon_refund_signs CHECK (points > 0 AND refunded_points >= points)
);
CREATE INDEX coupon_refund_redemption ON coupon_refund (bucket, redemption_id);
CREATE INDEX coupon_refund_day ON coupon_refund (merchant_id, made_at, refund_no);
CREATE TABLE rotating_rule (
  subject UUID NOT NULL,
  merchant_id UUID NOT NULL,
  rotating BOOLEAN NOT NULL,
  actor VARCHAR(80) NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (subject)
);
CREATE TABLE rotating_use (
  bucket SMALLINT NOT NULL,
  redemption_id UUID NOT NULL,
  step BIGINT NOT NULL,
  used_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, redemption_id, step)
);
CREATE TABLE offline_batch (
  merchant_id UUID NOT NULL,
  batch_id UUID NOT NULL,
  till_id UUID NOT NULL,
  fingerprint BYTEA NOT NULL,
  items SMALLINT NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (merchant_id, batch_id)
);
CREATE TABLE offline_item (
  merchant_id UUID NOT NULL,
  batch_id UUID NOT NULL,
  place SMALLINT NOT NULL,
  id UUID NOT NULL,
  order_no VARCHAR(64) NOT NULL,
  accepted_at timestamptz NOT NULL,
  outcome VARCHAR(12) NOT NULL,
  reason VARCHAR(40),
  redemption_id UUID,
  points BIGINT NOT NULL,
  made_at timestamptz NOT NULL,
  PRIMARY KEY (merchant_id, batch_id, place),
  CONSTRAINT offline_item_outcome CHECK (outcome IN ('redeemed', 'duplicate', 'rejected')),
  CONSTRAINT offline_item_reason CHECK ((outcome = 'rejected') = (reason IS NOT NULL))
);
CREATE INDEX offline_item_conflicts ON offline_item (merchant_id, id) WHERE outcome = 'rejected';
CREATE INDEX offline_item_all_conflicts ON offline_item (id) WHERE outcome = 'rejected';
"""

_GRANTS = """
GRANT UPDATE (presented_by, undone, slot) ON redemption TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON rotating_rule TO puhui_app;
"""

_GONE = """
DROP TABLE coupon_undo, coupon_refund, rotating_rule, rotating_use, offline_batch, offline_item;
REVOKE UPDATE (slot) ON redemption FROM puhui_app;
ALTER TABLE redemption
  DROP COLUMN presented_by, DROP COLUMN undone;
ALTER TABLE scan
  DROP CONSTRAINT scan_cycle,
  DROP CONSTRAINT scan_entry,
  DROP COLUMN cycle, DROP COLUMN entry_ref, DROP COLUMN store_id, DROP COLUMN actor,
  DROP COLUMN offline,
  ADD CONSTRAINT scan_redemption UNIQUE (bucket, redemption_id);
"""
