"""Use case: whoever leaves the programme can sign in no more; their names are free again."""

from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.sign_in.sessions import end_all


async def leave(tx: Tx, *, citizen_id: UUID, now: datetime) -> None:
    """End a citizen's sessions, and forget the phones and accounts under which they signed in.

    Args:
        tx: the caller's transaction, in which the person's own key is destroyed.
        citizen_id: who leaves.
        now: when (UTC).

    """
    await tx.execute(_NAMES, (citizen_id,))
    await end_all(tx, person_id=citizen_id, why="left", now=now)
    await tx.execute(_DEVICES, (citizen_id,))


_DEVICES = """
UPDATE sign_in_session SET device_name = '', device_sealed = NULL, push_sealed = NULL
 WHERE person_id = %s
"""
_NAMES = "DELETE FROM sign_in_name WHERE citizen_id = %s"
