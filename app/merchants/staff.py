"""Door: who works for a merchant."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx


@dataclass(frozen=True, slots=True)
class StaffView:
    """Somebody who works for a merchant."""

    id: UUID
    name: str
    role: str
    state: str
    invited_at: datetime
    accepted_at: datetime | None


async def page(tx: Tx, *, merchant_id: UUID, after: UUID | None, limit: int) -> list[StaffView]:
    """At most ``limit`` people of one merchant, the first invited first."""
    rows = await tx.execute(_PAGE, (merchant_id, after or UUID(int=0), limit))
    return [StaffView(*row) async for row in rows]


_PAGE = """
SELECT id, name, role, state, invited_at, accepted_at
  FROM merchant_staff WHERE merchant_id = %s AND id > %s ORDER BY id LIMIT %s
"""
