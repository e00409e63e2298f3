"""Read: how one citizen signs in, and where they are signed in, for a copy of their data."""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, parts_of, rows_of
from app.people.vault import Vault


async def dossier(tx: Tx, *, account_id: int, vault: Vault) -> Mapping[str, Rows]:
    """Phones and platforms' ids, opened, and every session that is still kept.

    Args:
        tx: a reading connection.
        account_id: whose.
        vault: opens the names.

    """
    names = await rows_of(tx, _NAMES, {"account": account_id})
    shown = [
        {
            "kind": row["kind"],
            "name": vault.open(bytes(row["sealed"]), owner=row["citizen_id"], field=row["kind"]),
            "bound_at": row["bound_at"],
        }
        for row in names
    ]
    return {"sign_in_names": shown, **await parts_of(tx, _PARTS, account_id=account_id)}


_NAMES = """
SELECT n.kind, n.citizen_id, n.sealed, n.bound_at
  FROM citizen c JOIN sign_in_name n ON n.citizen_id = c.id
 WHERE c.account_id = %(account)s ORDER BY n.bound_at, n.kind
"""
_SESSIONS = """
SELECT id AS session_id, device_name, platform, began_at, renewed_at, ends_at, ended_at, ended_why
  FROM sign_in_session WHERE account_id = %(account)s AND account_id > 0 ORDER BY id
"""
_PARTS = (("sessions", _SESSIONS),)
