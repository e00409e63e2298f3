"""Writes that happen once: the caller's key, kept in the transaction of its effect.

The key's row is inserted first. A second request with the same key waits there for the first
one's commit, then reads its answer; if the first is undone, the second does the work itself.
Nothing is kept for a refusal, so the same key may try again later.

Source: IETF draft-ietf-httpapi-idempotency-key-header-07 (400, 422); statement shapes in
PostgreSQL's READ COMMITTED.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from app.database import Tx
from app.ids import bucket_of
from app.problems import DomainError


class IdempotencyKeyMissing(DomainError):
    """A write that moves points needs an `Idempotency-Key` header of 8 to 255 characters."""

    status = 400
    title = "An Idempotency-Key is needed"
    title_zh = "缺少 Idempotency-Key"


class IdempotencyKeyReused(DomainError):
    """This `Idempotency-Key` was used before, with another body."""

    status = 422
    title = "The Idempotency-Key belongs to another request"
    title_zh = "Idempotency-Key 已用于其他请求"


ERRORS = (IdempotencyKeyMissing, IdempotencyKeyReused)
KEY_CHARS = range(8, 256)
_NEEDED = "Any unique text of 8 to 255 characters; a retry sends it again."
_WELCOME = (
    "Optional: any unique text of 8 to 255 characters. A retry that sends it again is answered as"
    " the first time and does nothing more; without it, each request stands for itself."
)
PARAMETER = {"in": "header", "name": "idempotency-key", "description": _NEEDED}
"""The header in an OpenAPI document, of operations that refuse to go without it."""
REQUIRED = {"required": True, "schema": {"type": "string", "minLength": 8, "maxLength": 255}}
"""What the framework does not know of it: without it the answer is our own refusal, a 400."""


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(description=_NEEDED),
    ] = None,
) -> str:
    if idempotency_key is None or len(idempotency_key) not in KEY_CHARS:
        raise IdempotencyKeyMissing(
            "Send an Idempotency-Key header of 8 to 255 characters, new for each intention.",
            "请在请求头中提供 8 至 255 个字符的 Idempotency-Key,每次操作各不相同。",
        )
    return idempotency_key


IdempotencyKey = Annotated[str, Depends(_key)]
OptionalKey = Annotated[
    str | None, Header(alias="idempotency-key", min_length=8, max_length=255, description=_WELCOME)
]
"""For writes that a phone may send again, and that other callers may send without a key."""


class Nothing(BaseModel):
    """The body of a request that has none."""


def fingerprint_of(route: str, body: BaseModel) -> bytes:
    """What a key stands for: the operation and what was asked of it."""
    return hashlib.sha256(f"{route}\n{body.model_dump_json()}".encode()).digest()


def reused() -> IdempotencyKeyReused:
    """The refusal of a key that came with another body before."""
    return IdempotencyKeyReused(
        "This key was sent before with another body; use a new key for a new intention.",
        "该 Idempotency-Key 此前用于不同的请求内容;新的操作请使用新的键。",
    )


async def once(
    tx: Tx,
    *,
    account_id: int,
    key: str | None,
    route: str,
    body: BaseModel,
    effect: Callable[[], Awaitable[dict[str, Any]]],
    now: datetime,
) -> dict[str, Any]:
    """Run ``effect`` for the first request with this key; answer later ones from its result.

    Args:
        account_id: whose key it is; two citizens may use the same text.
        key: the header's value; None (none was sent): the effect is done each time.
        route: which operation, so that one key cannot mean two of them.
        body: what was asked; another body with the same key is refused.
        effect: does the work in this transaction; its result must be plain JSON and must not
            hold secrets (it is stored).
        now: when (UTC).

    Raises:
        IdempotencyKeyReused: the key came with another body before.

    """
    if key is None:
        return await effect()
    fingerprint = fingerprint_of(route, body)
    row = {"bucket": bucket_of(account_id), "account_id": account_id, "key": key}
    claimed = await tx.execute(_CLAIM, row | {"fingerprint": fingerprint, "now": now})
    if claimed.rowcount == 0:
        found = await (await tx.execute(_FIND, row)).fetchone()
        assert found is not None, "a key that conflicts is committed"
        if bytes(found[0]) != fingerprint:
            raise reused()
        first: dict[str, Any] = found[1]
        return first
    result = await effect()
    await tx.execute(_KEEP, row | {"response": Jsonb(result)})
    return result


_CLAIM = """
INSERT INTO request (bucket, account_id, key, fingerprint, created_at)
VALUES (%(bucket)s, %(account_id)s, %(key)s, %(fingerprint)s, %(now)s)
ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT fingerprint, response FROM request
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND key = %(key)s
"""
_KEEP = """
UPDATE request SET response = %(response)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND key = %(key)s
"""
