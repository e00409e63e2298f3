"""Where merchants are paid may change: two officers, some days of waiting, a payment keeps its own.

Locks: payout for the moment in which it gets an empty column.
Old code: goes on paying to the account of the application, which is right until the first change
has waited its days; deploy the new code before then.

Revision ID: 2026_11_21_1460
Revises: 2026_11_21_1451
"""

from alembic import op

revision = "2026_11_21_1460"
down_revision = "2026_11_21_1451"


def upgrade() -> None:
    """Create the table, and let payments name a row of it."""
    op.execute(_UP)


def downgrade() -> None:
    """Lossy: changes of accounts go, and merchants are paid where they applied with."""
    op.execute("ALTER TABLE payout DROP COLUMN payout_account_id; DROP TABLE payout_account")


_UP = """
CREATE TABLE payout_account (
  id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  bank_name VARCHAR(80) NOT NULL,
  bank_holder VARCHAR(80) NOT NULL,
  bank_account VARCHAR(34) NOT NULL,
  state VARCHAR(12) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  proposal_id UUID NOT NULL,
  proposed_by UUID NOT NULL,
  proposed_at timestamptz NOT NULL,
  decided_by UUID,
  decided_at timestamptz,
  pays_from timestamptz,
  ended_by VARCHAR(80),
  ended_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT payout_account_state CHECK (
    state IN ('proposed', 'approved', 'refused', 'stopped')),
  CONSTRAINT payout_account_two_people CHECK (
    decided_by IS NULL OR decided_by <> proposed_by),
  CONSTRAINT payout_account_waits CHECK (
    (decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (pays_from IS NULL)
    AND (state <> 'approved' OR pays_from > decided_at)),
  CONSTRAINT payout_account_ended CHECK (
    (state IN ('refused', 'stopped')) = (ended_by IS NOT NULL)
    AND (ended_by IS NULL) = (ended_at IS NULL))
);
CREATE INDEX payout_account_merchant ON payout_account (merchant_id, id);
CREATE UNIQUE INDEX payout_account_one_proposed ON payout_account (merchant_id)
  WHERE state = 'proposed';
GRANT SELECT, INSERT,
  UPDATE (state, decided_by, decided_at, pays_from, ended_by, ended_at) ON payout_account
  TO puhui_app;
ALTER TABLE payout ADD COLUMN payout_account_id UUID;
"""
