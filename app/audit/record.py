"""Use case: write down who did what."""

from collections.abc import Mapping
from datetime import datetime

from psycopg.types.json import Jsonb

from app.database import Tx
from app.ids import new_id


async def record(
    tx: Tx,
    *,
    actor: str,
    action: str,
    subject: str,
    facts: Mapping[str, str | int] | None = None,
    now: datetime,
) -> None:
    """Add one record, in the transaction of the act: no act without its record.

    Args:
        actor: ``officer:<id>``, ``citizen:<account>``, ``process:<name>``.
        action: a stable name, ``room.verb``.
        subject: what it was done to, ``kind:<id>``.
        facts: ids and numbers; never names, cards or tokens.
        now: when (UTC).

    """
    await tx.execute(_ADD, (new_id(), now, actor, action, subject, Jsonb(dict(facts or {}))))


_ADD = """
INSERT INTO audit_record (id, at, actor, action, subject, facts) VALUES (%s, %s, %s, %s, %s, %s)
"""
