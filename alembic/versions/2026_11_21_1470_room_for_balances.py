"""Room in the pages of balances, so that a credit changes a balance and no index.

A batch changes many balances of one page at once, and an account's first batch writes its balance
twice. In pages filled to four fifths half of the new rows had to go elsewhere, with an index
entry each: 270 bytes an account more on disk. Pages that are there are filled as they were, and
empty by half with the next changes.

Locks: SHARE UPDATE EXCLUSIVE on balance, for a moment.
Old code: does not notice.

Revision ID: 2026_11_21_1470
Revises: 2026_11_21_1460
"""

from alembic import op

revision = "2026_11_21_1470"
down_revision = "2026_11_21_1460"


def upgrade() -> None:
    """From here on."""
    op.execute("ALTER TABLE balance SET (fillfactor = 50)")


def downgrade() -> None:
    """Lossless."""
    op.execute("ALTER TABLE balance SET (fillfactor = 80)")
