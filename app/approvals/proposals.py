"""Door: what waits for a second pair of eyes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database import Tx


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as it was made."""

    id: UUID
    kind: str
    payload: dict[str, Any]
    reason: str
    made_by: UUID
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """A proposal, and what somebody decided about it; None while it waits."""

    payload: dict[str, Any]
    reason: str
    decided_by: UUID | None
    verdict: str | None


async def decision(tx: Tx, *, proposal_id: UUID) -> Decided | None:
    """What was decided about a proposal; inside an action, the decision that led to it."""
    row = await (await tx.execute(_DECISION, (proposal_id,))).fetchone()
    return Decided(*row) if row is not None else None


async def open_ones(tx: Tx, *, after: UUID | None, limit: int) -> list[Proposed]:
    """At most ``limit`` undecided proposals, oldest first.

    Args:
        tx: a reading connection.
        after: the last id of the page before; None starts at the oldest.
        limit: how many at most.

    """
    rows = await tx.execute(_OPEN, {"after": after or UUID(int=0), "limit": limit})
    return [Proposed(*row) async for row in rows]


async def subjects(tx: Tx, *, account_id: int, limit: int) -> list[str]:
    """What audit records call the proposals that name a citizen's account, decided or not."""
    rows = await tx.execute(_SUBJECTS, {"account": str(account_id), "limit": limit})
    return [f"proposal:{number}" async for (number,) in rows]


_OPEN = """
SELECT id, kind, payload, reason, made_by, made_at
  FROM proposal WHERE verdict IS NULL AND id > %(after)s
 ORDER BY id LIMIT %(limit)s
"""
_SUBJECTS = """
SELECT id FROM proposal WHERE payload ->> 'account_id' = %(account)s
 ORDER BY id DESC LIMIT %(limit)s
"""
_DECISION = "SELECT payload, reason, decided_by, verdict FROM proposal WHERE id = %s"
