"""Caps that are counted for a vehicle or a natural key, whose acts may be several citizens'.

Locks: none that matter: the table is new.
Old code: does not know it, and counts such caps for the citizen alone.

Revision ID: 2026_11_21_1220
Revises: 2026_11_21_1210
"""

from alembic import op

revision = "2026_11_21_1220"
down_revision = "2026_11_21_1210"


def upgrade() -> None:
    """Create the table; it is no book: rows are added to."""
    op.execute(_TABLE)


def downgrade() -> None:
    """Lossy: what vehicles and keys have used is forgotten."""
    op.execute("DROP TABLE cap_use")


_TABLE = """
CREATE TABLE cap_use (
  bucket SMALLINT NOT NULL,
  subject BIGINT NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  counted VARCHAR(60) NOT NULL,
  window_from DATE NOT NULL,
  used NUMERIC NOT NULL,
  PRIMARY KEY (bucket, subject, methodology, counted, window_from),
  CONSTRAINT cap_use_sign CHECK (used >= 0)
);
GRANT SELECT, INSERT, UPDATE ON cap_use TO puhui_app;
"""
