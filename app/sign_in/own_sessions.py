"""Read: the sessions a citizen has."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session that lives."""

    id: UUID
    device_name: str
    platform: str
    began_at: datetime
    renewed_at: datetime
    ends_at: datetime


async def living(tx: Tx, *, account_id: int, now: datetime) -> list[OwnSession]:
    """A citizen's sessions that live, the newest first."""
    rows = await tx.execute(_LIVING, (account_id, now, now))
    return [OwnSession(*row) async for row in rows]


_LIVING = """
SELECT id, device_name, platform, began_at, renewed_at, least(ends_at, refresh_ends_at)
  FROM sign_in_session
 WHERE account_id = %s AND account_id > 0 AND ended_at IS NULL
   AND ends_at > %s AND refresh_ends_at > %s
 ORDER BY id DESC LIMIT 100
"""
