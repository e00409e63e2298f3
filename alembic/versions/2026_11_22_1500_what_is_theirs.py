"""What officers propose is found by its account, and a nickname in whatever case it is written.

The one is for the privacy page of the account's owner. The other lets a new name be refused that
somebody has in other letters; names of before that differ in case alone stay.

Locks: proposal and citizen against writes, while their indexes are built (an instant, and seconds
for millions of citizens).
Old code: goes on as before.

Revision ID: 2026_11_22_1500
Revises: 2026_11_22_1400
"""

from alembic import op

revision = "2026_11_22_1500"
down_revision = "2026_11_22_1400"


def upgrade() -> None:
    """Lead from an account to the proposals that name it, and to names that look alike."""
    op.execute("CREATE INDEX proposal_account ON proposal ((payload ->> 'account_id'), id)")
    op.execute("CREATE INDEX citizen_nickname_alike ON citizen (lower(nickname))")


def downgrade() -> None:
    """Lossless."""
    op.execute("DROP INDEX citizen_nickname_alike")
    op.execute("DROP INDEX proposal_account")
