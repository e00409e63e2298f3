"""The job queue, in a schema of its own so that it can go as it came.

The text of the schema is the queue library's; the version is pinned by ``uv.lock``.

Locks: none that matter: everything is new.
Old code: does not know the queue.

Revision ID: 2026_11_21_0940
Revises: 2026_11_21_0930
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "2026_11_21_0940"
down_revision = "2026_11_21_0930"


def upgrade() -> None:
    """Install the queue where its tables cannot be mistaken for the programme's."""
    connection = op.get_bind()
    connection.exec_driver_sql("CREATE SCHEMA queue")
    connection.exec_driver_sql("SET LOCAL search_path = queue, public")
    cursor = connection.connection.cursor()
    cursor.execute(SchemaManager.get_schema())
    connection.exec_driver_sql("SET LOCAL search_path = public")
    connection.exec_driver_sql(_RIGHTS)


def downgrade() -> None:
    """Lossy: jobs that wait are forgotten."""
    op.execute("DROP SCHEMA queue CASCADE")


_RIGHTS = """
GRANT USAGE ON SCHEMA queue TO puhui_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA queue TO puhui_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA queue TO puhui_app;
"""
