"""A year of birth is said once: what a child told on the way to its guardian is the profile's too.

Until now the two were kept apart and could contradict each other. Where they do, the later year
counts, so that nobody is taken for older than they may be; an officer who sees a document corrects
it. Who was forgotten has no year any more, and gets none.

Locks: the rows of children with a guardianship, and of their guardianships.
Old code: may go on writing one of the two; the readers of this code take the later one.

Revision ID: 2026_11_22_1400
Revises: 2026_11_22_1200
"""

from alembic import op

revision = "2026_11_22_1400"
down_revision = "2026_11_22_1200"

UP = """
UPDATE citizen c SET birth_year = g.birth_year
  FROM guardianship g
 WHERE g.ward_account_id = c.account_id AND (c.birth_year IS NULL OR c.birth_year < g.birth_year)
   AND NOT EXISTS (SELECT FROM data_key d WHERE d.owner = c.id AND d.shredded_at IS NOT NULL);

UPDATE guardianship g SET birth_year = c.birth_year
  FROM citizen c
 WHERE g.ward_account_id = c.account_id AND g.birth_year < c.birth_year;
"""


def upgrade() -> None:
    """Write the later of the two years to both places."""
    op.execute(UP)


def downgrade() -> None:
    """Nothing to take away: what stands there was said by the citizens themselves."""
