"""${message}

Locks: say which, and for how long.
Old code: say whether it survives this.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Fail fast rather than queue behind a report: `lock_timeout` is preset."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Say what is forgotten."""
    ${downgrades if downgrades else "pass"}
