"""The database says what is true of a line's head and why a unit is refused.

A citizen reads past nobody's tickets, so the place at the head of a line has a function of its own:
it returns that one number and no row. A refusal for want of units says whether others still have
some, and one because a draw has passed says so.

Locks: none that anybody waits for; functions are replaced.
Old code: goes on; it reads neither new fact, and counts from its own place.

Revision ID: 2026_11_22_1200
Revises: 2026_11_22_1010
"""

from alembic import op

revision = "2026_11_22_1200"
down_revision = "2026_11_22_1010"


def upgrade() -> None:
    """The head of a line, by its owner's rights."""
    op.execute(_HEAD)


def downgrade() -> None:
    """Lossless."""
    op.execute("DROP FUNCTION line_head(uuid)")


# It runs by the rights of the schema's owner, for whom no row is hidden. Temporary tables are
# looked at last, so that no caller can put a `ticket` of its own in the way.
_HEAD = """
CREATE FUNCTION line_head(p_offer uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT place FROM ticket
   WHERE offer_id = p_offer AND state = 1 AND place IS NOT NULL ORDER BY place LIMIT 1
$$;
REVOKE ALL ON FUNCTION line_head(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION line_head(uuid) TO puhui_app, puhui_caller;
"""
