"""Pictures of offers: bytes under their digest, which nobody changes.

Locks: none that matter: the table is new.
Old code: goes on; it shows no pictures.

Revision ID: 2026_11_21_1451
Revises: 2026_11_21_1450
"""

from alembic import op

revision = "2026_11_21_1451"
down_revision = "2026_11_21_1450"


def upgrade() -> None:
    """Create the table, then say who may do what with it."""
    op.execute(_TABLE)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: the pictures go with the table."""
    op.execute("DROP TABLE picture")


# What was compressed once is not compressed again.
_TABLE = """
CREATE TABLE picture (
  digest BYTEA NOT NULL,
  media_type VARCHAR(20) NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  content BYTEA NOT NULL,
  made_by VARCHAR(80) NOT NULL,
  merchant_id UUID,
  made_at timestamptz NOT NULL,
  PRIMARY KEY (digest),
  CONSTRAINT picture_digest CHECK (digest = sha256(content)),
  CONSTRAINT picture_size CHECK (octet_length(content) BETWEEN 1 AND 524288),
  CONSTRAINT picture_sides CHECK (width BETWEEN 1 AND 4096 AND height BETWEEN 1 AND 4096)
);
ALTER TABLE picture ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX picture_merchant ON picture (merchant_id, made_at) WHERE merchant_id IS NOT NULL;
"""

_RIGHTS = """
GRANT SELECT, INSERT ON picture TO puhui_app;
GRANT SELECT ON picture TO puhui_worker;
CREATE TRIGGER picture_is_append_only BEFORE UPDATE OR DELETE ON picture
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER picture_keeps_its_rows BEFORE TRUNCATE ON picture
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE picture ENABLE ALWAYS TRIGGER picture_is_append_only;
ALTER TABLE picture ENABLE ALWAYS TRIGGER picture_keeps_its_rows;
"""
