"""A merchant's code that was seen stays with its redemption, and is in one offer's list only.

Tills could undo a look, after which the code went back into the pool and to somebody else; and
one code could be in the lists of two offers. What is in two lists already stays there: codes are
sealed, so older rows have no digest by merchant, and new lists are compared with them by offer.

Locks: offer_code, while the codes that were handed out are told whether they were seen and two
  indexes are built; code_line for a moment.
Old code: goes on; what it shows meanwhile is not marked as seen, and `puhui verify` says so.

Revision ID: 2026_11_22_1100
Revises: 2026_11_22_1010
"""

from alembic import op

revision = "2026_11_22_1100"
down_revision = "2026_11_22_1010"


def upgrade() -> None:
    """Mark what was, or may have been, seen; then keep it out of the pool."""
    op.execute(_SEEN)
    op.execute(_ONCE)


def downgrade() -> None:
    """Lossless for the codes; that one was seen is in the book of sales."""
    op.execute(_GONE)


# A code could also be looked at after a till had taken the coupon, which left no trace.
_SEEN = """
ALTER TABLE offer_code ADD COLUMN shown_at TIMESTAMPTZ;
UPDATE offer_code c SET shown_at = coalesce(r.resolved_at, r.created_at)
  FROM redemption r
 WHERE r.offer_id = c.offer_id AND r.id = c.redemption_id AND (r.state = 2 OR r.undone > 0);
ALTER TABLE offer_code ADD CONSTRAINT offer_code_shown
  CHECK (shown_at IS NULL OR redemption_id IS NOT NULL);
"""
_ONCE = """
ALTER TABLE offer_code ADD COLUMN merchant_digest BYTEA;
ALTER TABLE code_line ADD COLUMN merchant_digest BYTEA;
CREATE UNIQUE INDEX offer_code_once ON offer_code (merchant_digest)
  WHERE merchant_digest IS NOT NULL;
CREATE INDEX offer_code_older ON offer_code (offer_id) WHERE merchant_digest IS NULL;
"""
_GONE = """
DROP INDEX offer_code_older, offer_code_once;
ALTER TABLE code_line DROP COLUMN merchant_digest;
ALTER TABLE offer_code DROP CONSTRAINT offer_code_shown, DROP COLUMN shown_at,
  DROP COLUMN merchant_digest;
"""
