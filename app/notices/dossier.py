"""What this room holds about one citizen: read for a copy, and deleted when they leave."""

from app.database import Tx
from app.named import Rows, rows_of
from app.notices.texts import template_of


async def dossier(tx: Tx, *, account_id: int) -> dict[str, Rows]:
    """Every message of the inbox, in both languages."""
    found = await rows_of(tx, _MESSAGES, {"account": account_id})
    return {
        "messages": [
            {
                "message_id": row["id"],
                "kind": row["template"],
                "text_zh": template_of(row["template"]).said(row["facts"], english=False)[1],
                "text_en": template_of(row["template"]).said(row["facts"], english=True)[1],
                "facts": row["facts"],
                "created_at": row["created_at"],
                "read_at": row["read_at"],
            }
            for row in found
        ]
    }


async def forget(tx: Tx, *, account_id: int) -> int:
    """Delete the messages of somebody who leaves, sent or not; how many of the inbox."""
    await tx.execute(_UNSENT, {"account": account_id})
    return (await tx.execute(_FORGET, {"account": account_id})).rowcount


_MESSAGES = """
SELECT id, template, facts, created_at, read_at FROM message
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY id
"""
_UNSENT = """
DELETE FROM outbox
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
"""
_FORGET = """
DELETE FROM message
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
"""
