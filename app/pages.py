"""Keyset pages: opaque cursors over a list's own order; no totals, no offsets.

A cursor holds the last key seen. It is not a secret and not a permission: the owner of the
rows stands in every query beside it.
"""

import base64
import binascii
import json
from typing import Annotated

from fastapi import Query

from app.problems import DomainError

LIMIT_MAX = 100

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
        raise _bad() from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise _bad()
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
        raise _bad()
    if any(isinstance(part, str) and "\x00" in part for part in key):
        raise _bad()
    return tuple(key)


def _bad() -> BadCursor:
    return BadCursor(
        "The cursor is not one of this list; ask for the first page without `cursor`.",
        "游标不属于此列表;请不带 cursor 重新请求第一页。",
    )
