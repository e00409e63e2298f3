"""What officers propose about an account is found by that account, for its owner's privacy page.

Locks: proposal against writes, while the index is built (an instant: officers write few).
Old code: goes on as before.

Revision ID: 2026_11_22_1500
Revises: 2026_11_22_1010
"""

from alembic import op

revision = "2026_11_22_1500"
down_revision = "2026_11_22_1010"


def upgrade() -> None:
    """Lead from an account to the proposals that name it."""
    op.execute("CREATE INDEX proposal_account ON proposal ((payload ->> 'account_id'), id)")


def downgrade() -> None:
    """Lossless."""
    op.execute("DROP INDEX proposal_account")
