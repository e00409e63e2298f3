"""Whether somebody signed in before on a device is looked up, not searched for.

Each officer's sign-in asks it, and each citizen's does from now on; without an index it read every
session that the city has.

Locks: sign_in_session against writes, while the index is built (seconds for millions of sessions).
Old code: goes on, and is quicker.

Revision ID: 2026_11_22_1010
Revises: 2026_11_22_1000
"""

from alembic import op

revision = "2026_11_22_1010"
down_revision = "2026_11_22_1000"


def upgrade() -> None:
    """Lead to a person's sessions by their device."""
    op.execute("CREATE INDEX sign_in_session_device ON sign_in_session (person_id, device)")


def downgrade() -> None:
    """Lossless."""
    op.execute("DROP INDEX sign_in_session_device")
