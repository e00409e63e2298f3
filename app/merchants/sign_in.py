"""Use case: a till shows its key and learns who it is."""

from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.merchants import secret_codes
from app.merchants.errors import TillKeyRefused
from app.people.seats import Role, Seat


async def sign_in(tx: Tx, *, key: str, now: datetime) -> tuple[UUID, Seat]:
    """Whose till has this key, and where it stands: what a token is made of. One statement.

    Args:
        tx: a reading connection.
        key: what the till sent.
        now: when (UTC).

    Raises:
        SecretUnreadable: a typing error; nothing was looked up.
        TillKeyRefused: unknown, ended, revoked, or the store is closed: never said which.

    """
    digest = secret_codes.digest_of(secret_codes.TILL, key)
    row = await (await tx.execute(_SIGN_IN, {"digest": digest, "now": now})).fetchone()
    if row is None:
        raise TillKeyRefused(
            "No till is opened by this key; ask the manager for a new one.",
            "该密钥无法登录任何终端,请向店长索取新密钥。",
        )
    merchant_id, store_id, till_id, key_id = row
    return merchant_id, Seat(Role.cashier, store_id, till_id, key_id)


_SIGN_IN = """
SELECT t.merchant_id, t.store_id, t.id, k.id
  FROM till_key k JOIN till t ON t.id = k.till_id JOIN store s ON s.id = t.store_id
 WHERE k.digest = %(digest)s AND (k.ends_at IS NULL OR k.ends_at > %(now)s)
   AND t.state = 'active' AND s.state = 'open'
"""
