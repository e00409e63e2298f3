"""The sessions a citizen has, and where each one's app is pushed to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.people.vault import Vault
from app.sign_in.sessions import DEVICE, PUSH


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


async def push_to(
    tx: Tx, *, person_id: UUID, session_id: UUID | None, address: str | None, vault: Vault
) -> bool:
    """Keep where a session's app is pushed to, or (None) forget it; False without such a session.

    The address is a session's: it ends with it, and a newer one replaces it.
    """
    sealed = None if address is None else vault.seal(address, owner=person_id, field=PUSH)
    found = await tx.execute(_PUSH, (sealed, session_id, person_id))
    return found.rowcount == 1


_PUSH = """
UPDATE sign_in_session SET push_sealed = %s
 WHERE id = %s AND person_id = %s AND ended_at IS NULL
"""
_LIVING = """
SELECT id, person_id, device_sealed, device_name, platform, began_at, renewed_at,
       least(ends_at, refresh_ends_at)
  FROM sign_in_session
 WHERE account_id = %s AND account_id > 0 AND ended_at IS NULL
   AND ends_at > %s AND refresh_ends_at > %s
 ORDER BY id DESC LIMIT 100
"""
