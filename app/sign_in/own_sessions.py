"""Read: the sessions a citizen has."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.people.vault import Vault
from app.sign_in.sessions import DEVICE


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session that lives."""

    id: UUID
    device_name: str
    platform: str
    began_at: datetime
    renewed_at: datetime
    ends_at: datetime


async def living(tx: Tx, *, account_id: int, vault: Vault, now: datetime) -> list[OwnSession]:
    """A citizen's sessions that live, the newest first."""
    rows = await tx.execute(_LIVING, (account_id, now, now))
    return [
        OwnSession(number, called(vault, person_id, sealed, plain), *rest)
        async for number, person_id, sealed, plain, *rest in rows
    ]


def called(vault: Vault, person_id: UUID, sealed: bytes | None, plain: str) -> str:
    """What a device is called; a row of an older release says it in plain text."""
    return plain if sealed is None else vault.open(sealed, owner=person_id, field=DEVICE)


_LIVING = """
SELECT id, person_id, device_sealed, device_name, platform, began_at, renewed_at,
       least(ends_at, refresh_ends_at)
  FROM sign_in_session
 WHERE account_id = %s AND account_id > 0 AND ended_at IS NULL
   AND ends_at > %s AND refresh_ends_at > %s
 ORDER BY id DESC LIMIT 100
"""
