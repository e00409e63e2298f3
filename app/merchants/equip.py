"""Use cases: a till gets its key, changes it, loses it.

A key leaves the service once, in the answer to the call that made it. Nothing can show it
again: a lost answer is mended by rotating.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.merchants import secret_codes, stores
from app.merchants.errors import StoreCodeTaken, TillNotFound, TillRevoked

log = structlog.get_logger()

OVERLAP = timedelta(minutes=15)
"""How long the old key still opens the till after the new one was made, unless told."""
OVERLAP_MINUTES_MAX = 60


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A till and its fresh key, shown this once. Never printed."""

    till_id: UUID
    key: str
    prefix: str


async def issue(
    tx: Tx,
    *,
    merchant_id: UUID,
    store_id: UUID,
    code: str,
    label: str,
    actor: str,
    now: datetime,
) -> Issued:
    """Put a till into a store and give it its first key.

    Args:
        tx: the caller's transaction.
        merchant_id: whose.
        store_id: where it stands; another merchant's store does not exist for it.
        code: the merchant's own number for it within the store.
        label: what people call it.
        actor: who, for the audit.
        now: when (UTC).

    Raises:
        StoreNotFound: the merchant has no such store.
        StoreCodeTaken: the store has had a till under this code.

    """
    await stores.own(tx, merchant_id=merchant_id, store_id=store_id)
    till_id = new_id()
    added = await tx.execute(_ISSUE, (till_id, merchant_id, store_id, code, label, now))
    if added.rowcount == 0:
        raise StoreCodeTaken(
            f"The store has a till under the code `{code}`; rotate its key if it was lost.",
            f"该门店已有编号为 {code} 的终端;如密钥遗失,请轮换密钥。",
        )
    issued = await _fresh(tx, till_id, now)
    await _keep(tx, merchant_id, till_id, "issue_till", actor=actor, now=now, prefix=issued.prefix)
    return issued


async def rotate(
    tx: Tx,
    *,
    merchant_id: UUID,
    till_id: UUID,
    overlap: timedelta = OVERLAP,
    actor: str,
    now: datetime,
) -> Issued:
    """Give a till a new key; the present one opens it for ``overlap`` more, older ones no longer.

    Args:
        tx: the caller's transaction.
        merchant_id: whose.
        till_id: which.
        overlap: how long both are good; nothing, if the old one has leaked.
        actor: who, for the audit.
        now: when (UTC).

    Raises:
        TillNotFound: the merchant has no such till.
        TillRevoked: it is revoked.

    """
    await _lock(tx, merchant_id, till_id)
    await tx.execute(_END, {"till": till_id, "ends": now + overlap, "now": now})
    issued = await _fresh(tx, till_id, now)
    await _keep(tx, merchant_id, till_id, "rotate_key", actor=actor, now=now, prefix=issued.prefix)
    return issued


async def revoke(tx: Tx, *, merchant_id: UUID, till_id: UUID, actor: str, now: datetime) -> None:
    """Close a till for ever, its keys and tokens with it.

    Raises:
        TillNotFound: the merchant has no such till.
        TillRevoked: it is revoked already.

    """
    await _lock(tx, merchant_id, till_id)
    await tx.execute(_END, {"till": till_id, "ends": now, "now": now})
    await tx.execute(_REVOKE, (now, till_id))
    await _keep(tx, merchant_id, till_id, "revoke_till", actor=actor, now=now)


async def _lock(tx: Tx, merchant_id: UUID, till_id: UUID) -> None:
    row = await (await tx.execute(_LOCK, (merchant_id, till_id))).fetchone()
    if row is None:
        raise TillNotFound("You have no till with this id.", "您没有该编号的收银终端。")
    if row[0] != "active":
        raise TillRevoked(
            "This till was revoked; register it anew under another code.",
            "该终端已停用,请以新编号重新登记。",
        )


async def _fresh(tx: Tx, till_id: UUID, now: datetime) -> Issued:
    secret = secret_codes.fresh(secret_codes.TILL)
    await tx.execute(_KEY, (new_id(), till_id, secret.prefix, secret.digest, now))
    return Issued(till_id, secret.text, secret.prefix)


async def _keep(
    tx: Tx,
    merchant_id: UUID,
    till_id: UUID,
    verb: str,
    *,
    actor: str,
    now: datetime,
    **facts: str,
) -> None:
    await record(
        tx,
        actor=actor,
        action=f"merchants.{verb}",
        subject=f"till:{till_id}",
        facts={"merchant": str(merchant_id), **facts},
        now=now,
    )
    log.info("till_kept", till_id=str(till_id), verb=verb)


_ISSUE = """
INSERT INTO till (id, merchant_id, store_id, code, label, state, created_at)
VALUES (%s, %s, %s, %s, %s, 'active', %s)
ON CONFLICT (store_id, code) DO NOTHING
"""
_KEY = "INSERT INTO till_key (id, till_id, prefix, digest, issued_at) VALUES (%s, %s, %s, %s, %s)"
_LOCK = "SELECT state FROM till WHERE merchant_id = %s AND id = %s FOR UPDATE"
# The present key gets until `ends`; a key that was ending already ends now: two at most are good.
_END = """
UPDATE till_key
   SET ends_at = CASE WHEN ends_at IS NULL THEN %(ends)s ELSE %(now)s END
 WHERE till_id = %(till)s AND (ends_at IS NULL OR ends_at > %(now)s)
"""
_REVOKE = "UPDATE till SET state = 'revoked', revoked_at = %s WHERE id = %s"
