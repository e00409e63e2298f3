"""Read: what was done to somebody, and by them. Actors are told by their kind, never by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database import Tx


@dataclass(frozen=True, slots=True)
class Deed:
    """One act: when, by which kind of actor (``citizen``, ``officer``, ...), and what."""

    at: datetime
    actor: str
    action: str


async def about(tx: Tx, *, subjects: Sequence[str], actor: str, limit: int) -> list[Deed]:
    """What was done to these subjects, or by this actor, newest first.

    Args:
        tx: a reading connection.
        subjects: ``kind:<id>``, as they were recorded.
        actor: the same.
        limit: how many at most.

    """
    facts = {"subjects": list(subjects), "actor": actor, "limit": limit}
    return [Deed(*row) async for row in await tx.execute(_ABOUT, facts)]


_ABOUT = """
SELECT at, split_part(actor, ':', 1), action
  FROM (SELECT id, at, actor, action FROM audit_record WHERE subject = ANY(%(subjects)s::text[])
        UNION
        SELECT id, at, actor, action FROM audit_record WHERE actor = %(actor)s) AS deeds
 ORDER BY at DESC, id DESC LIMIT %(limit)s
"""
