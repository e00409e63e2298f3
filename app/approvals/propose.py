"""Use case: an officer proposes an action that a second officer must approve."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from app.approvals.errors import PayloadUnreadable, UnknownKind
from app.audit.record import record
from app.database import Tx
from app.ids import new_id

log = structlog.get_logger()

Reader = Callable[[Mapping[str, Any]], object]
"""Reads the payload of a kind, and refuses in its room's own words what could never be approved."""
PAYLOAD_CHARS_MAX = 4_000
"""A proposal names what is to be done; it does not carry it."""


async def propose(
    tx: Tx,
    *,
    kind: str,
    payload: Mapping[str, Any],
    reason: str,
    officer_id: UUID,
    now: datetime,
) -> UUID:
    """Write the proposal down; nothing happens before somebody else approves it.

    Args:
        tx: the caller's transaction.
        kind: what is to be done, ``room.verb``; `ensure_known` says whether anything can.
        payload: what it is to be done to, plain JSON.
        reason: why, for whoever approves and for the audit; at most 500 characters.
        officer_id: the maker.
        now: when (UTC).

    Returns:
        The proposal's id.

    Raises:
        PayloadUnreadable: too long, or not plain JSON.

    """
    _ensure_plain(payload)
    proposal_id = new_id()
    await tx.execute(_PROPOSE, (proposal_id, kind, Jsonb(dict(payload)), reason, officer_id, now))
    await record(
        tx,
        actor=f"officer:{officer_id}",
        action="approvals.propose",
        subject=f"proposal:{proposal_id}",
        facts={"kind": kind},
        now=now,
    )
    log.info("proposal_made", proposal_id=str(proposal_id), kind=kind)
    return proposal_id


def ensure_known(kind: str, kinds: Collection[str]) -> None:
    """Refuse a kind for which nobody has said what it does.

    Raises:
        UnknownKind: ``kind`` is not one of ``kinds``.

    """
    if kind not in kinds:
        known = ", ".join(sorted(kinds))
        raise UnknownKind(
            f"Nothing is known that this kind would do; known are: {known}.",
            f"不支持该提案类型;可用类型:{known}。",
            known=known,
        )


def _ensure_plain(payload: Mapping[str, Any]) -> None:
    # PostgreSQL keeps neither NUL nor half a surrogate pair, and JSON has no NaN: said here, in
    # a sentence, rather than there, in an error.
    try:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _unreadable() from error
    if len(text) > PAYLOAD_CHARS_MAX or "\\u0000" in text:
        raise _unreadable()


def _unreadable() -> PayloadUnreadable:
    return PayloadUnreadable(
        f"The payload must be plain JSON of at most {PAYLOAD_CHARS_MAX} characters.",
        f"提案内容须为不超过 {PAYLOAD_CHARS_MAX} 个字符的普通 JSON。",
    )


_PROPOSE = """
INSERT INTO proposal (id, kind, payload, reason, made_by, made_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
