"""An item of a till without network says of which points its price is.

Offers of campaigns are priced in units of their own; the item named a number of points alone.

Locks: offline_item, while the few items of campaigns' offers are told their unit.
Old code: goes on, and calls a campaign's points ordinary ones in the items that it keeps.

Revision ID: 2026_11_22_1000
Revises: 2026_11_21_1550
"""

from alembic import op

revision = "2026_11_22_1000"
down_revision = "2026_11_21_1550"


def upgrade() -> None:
    """Ordinary points, except where the redemption says otherwise."""
    op.execute(_TOLD)


def downgrade() -> None:
    """Lossless: the redemption has the unit."""
    op.execute("ALTER TABLE offline_item DROP COLUMN unit")


_TOLD = """
ALTER TABLE offline_item ADD COLUMN unit VARCHAR(40) NOT NULL DEFAULT 'points';
ALTER TABLE offline_item DISABLE TRIGGER offline_item_is_append_only;
UPDATE offline_item i SET unit = u.code
  FROM redemption r JOIN unit u ON u.id = r.unit
 WHERE r.id = i.redemption_id AND r.unit <> 1;
ALTER TABLE offline_item ENABLE ALWAYS TRIGGER offline_item_is_append_only;
"""
