"""Keyset pages: opaque cursors over a list's own order; no totals, no offsets. And ETags.

A cursor holds the last key seen. It is not a secret and not a permission: the owner of the
rows stands in every query beside it.
"""

import base64
import binascii
import hashlib
import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.problems import DomainError, in_english

LIMIT_MAX = 100
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged since the ETag you sent."}
}
"""OpenAPI ``responses=`` of what `tagged` answers."""

Limit = Annotated[
    int, Query(ge=1, le=LIMIT_MAX, description="How many items at most.", examples=[20])
]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="`next_cursor` of the page before; absent: from the start."),
]


class BadCursor(DomainError):
    """The cursor was not made by this list; start again without one."""

    status = 400
    title = "Unreadable cursor"
    title_zh = "游标无效"


def cursor_of(*key: str | int) -> str:
    """An opaque cursor for the last key of a page."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(cursor: str, *kinds: type[str] | type[int]) -> tuple[str | int, ...]:
    """The key inside a cursor.

    Raises:
        BadCursor: it is not one of ours, or belongs to another list.

    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = json.loads(text)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise bad_cursor() from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise bad_cursor()
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
        raise bad_cursor()
    if any(isinstance(part, str) and "\x00" in part for part in key):
        raise bad_cursor()
    return tuple(key)


def place_of(at: datetime, number: UUID) -> str:
    """The cursor of a list that is ordered by a moment and an id."""
    return cursor_of(at.isoformat(), str(number))


def place_in(cursor: str) -> tuple[datetime, UUID]:
    """The moment and the id in a cursor.

    Raises:
        BadCursor: it is not one of ours, or belongs to another list.

    """
    moment, number = key_of(cursor, str, str)
    try:
        at = datetime.fromisoformat(str(moment))
        if at.tzinfo is None:
            raise ValueError("a moment has an offset")
        return at, UUID(str(number))
    except ValueError as error:
        raise bad_cursor() from error


def tagged(request: Request, body: bytes, *, cached: str) -> Response:
    """A JSON body with its strong ETag; or 304, when the caller has it already.

    Args:
        request: what was asked; its language is part of what it is answered.
        body: the whole answer.
        cached: who may keep it, and for how long.

    Source: RFC 9110, sections 8.8.3 and 13.1.2.
    """
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": etag,
        "Cache-Control": cached,
        "Content-Language": "en" if in_english(request) else "zh-CN",
        "Vary": "Accept-Language",
    }
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if known & {etag, f"W/{etag}", "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def bad_cursor() -> BadCursor:
    """The refusal of a cursor that a list did not make."""
    return BadCursor(
        "The cursor is not one of this list; begin again at the first page.",
        "游标不属于此列表;请不带 cursor 重新请求第一页。",
    )
