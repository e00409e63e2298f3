"""Read: how one citizen signs in, and where they are signed in, for a copy of their data."""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, rows_of
from app.people.vault import Vault
from app.sign_in.own_sessions import called

_NOT_TOLD = frozenset({"id", "person_id", "device_sealed", "device_name"})


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
    sessions = [
        {"session_id": row["id"]}
        | {"device_name": called(vault, row["person_id"], row["device_sealed"], row["device_name"])}
        | {name: value for name, value in row.items() if name not in _NOT_TOLD}
        for row in await rows_of(tx, _SESSIONS, {"account": account_id})
    ]
    return {"sign_in_names": shown, "sessions": sessions}


_NAMES = """
SELECT n.kind, n.citizen_id, n.sealed, n.bound_at
  FROM citizen c JOIN sign_in_name n ON n.citizen_id = c.id
 WHERE c.account_id = %(account)s ORDER BY n.bound_at, n.kind
"""
_SESSIONS = """
SELECT id, person_id, device_sealed, device_name, platform, began_at, renewed_at, ends_at, ended_at,
       ended_why, push_sealed IS NOT NULL AS pushed
  FROM sign_in_session WHERE account_id = %(account)s AND account_id > 0 ORDER BY id
"""
