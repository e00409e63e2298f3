"""How migrations run: one at a time, each in its own transaction, never waiting long for a lock.

The address comes from whoever calls (``puhui migrate``, the tests), or from the environment
for the bare ``alembic`` command. Partitions and the queue's schema are left out of
comparisons: they are made by functions and by a library.
"""

import os
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel

for _room in (
    "people", "audit", "approvals", "ledger", "notices", "merchants", "intake", "catalogue",
    "reductions", "rewards", "settlement", "rights", "sign_in", "appeals",
):  # fmt: skip
    import_module(f"app.{_room}.tables")
import_module("app.ledger.tables_books")
import_module("app.people.tables_keys")
import_module("app.reductions.lane_tables")

_ONE_AT_A_TIME = 7_485_501
"""The advisory lock that a second ``puhui migrate`` waits for."""


def _url() -> sa.URL:
    given = (
        context.config.attributes.get("url")
        or os.environ.get("PUHUI_DATABASE__OWNER_URL")
        or os.environ.get("PUHUI_DATABASE__URL")
    )
    if not given:
        raise SystemExit("Set PUHUI_DATABASE__OWNER_URL, or run `puhui migrate` instead.")
    return sa.make_url(given).set(drivername="postgresql+psycopg")


def _ours(
    thing: Any,
    name: str | None,
    kind: str,
    reflected: bool,  # noqa: FBT001 -- the library calls it so
    compared: Any,
) -> bool:
    """Partitions (no counterpart in the models) and the exclusion's index are not compared."""
    if kind == "table" and reflected and compared is None and name is not None:
        return not name.startswith(("entry_", "evidence_", "alembic_"))
    return not (kind == "index" and name in {"link_one_holder", "methodology_version_one_a_day"})


def run() -> None:
    """Migrate over one connection."""
    engine = sa.create_engine(_url(), poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET search_path = public")
        # Whoever came first may have a long way to go: it is waited for, however long it takes.
        connection.exec_driver_sql("SELECT pg_advisory_lock(%s)", (_ONE_AT_A_TIME,))
        connection.exec_driver_sql("SET lock_timeout = '2s'")
        connection.exec_driver_sql("SET statement_timeout = '60s'")
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            include_object=_ours,
            transaction_per_migration=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
