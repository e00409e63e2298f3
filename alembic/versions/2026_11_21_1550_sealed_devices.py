"""What people call their devices is sealed, and where messages are pushed to.

Phones are named after their owners. An app's address for pushes is kept with its session, and
ends with it.

Names of before stay readable until the worker, which has the keys that this migration has not, has
sealed them (`app.sign_in.reseal`, within a minute); a later release drops the plain column.

Locks: sign_in_session, for the moment in which columns are added.
Old code: goes on, and writes plain names, which are sealed a minute later; it shows sessions whose
device is sealed without a name.

Revision ID: 2026_11_21_1550
Revises: 2026_11_21_1540
"""

from alembic import op

revision = "2026_11_21_1550"
down_revision = "2026_11_21_1540"


def upgrade() -> None:
    """Make room for sealed names, and let the worker seal them."""
    op.execute(_SEALED)


def downgrade() -> None:
    """Lossy: devices whose names were sealed have none."""
    op.execute(_GONE)


_SEALED = """
ALTER TABLE sign_in_session ADD COLUMN device_sealed BYTEA, ADD COLUMN push_sealed BYTEA;
CREATE INDEX sign_in_session_plain ON sign_in_session (id) WHERE device_name <> '';
GRANT UPDATE (device_name, device_sealed, push_sealed) ON sign_in_session TO puhui_app, puhui_worker;
"""
_GONE = """
REVOKE UPDATE (device_name, device_sealed, push_sealed) ON sign_in_session FROM puhui_app, puhui_worker;
DROP INDEX sign_in_session_plain;
ALTER TABLE sign_in_session DROP COLUMN push_sealed, DROP COLUMN device_sealed;
"""
