"""Keyset pages: opaque cursors over a list's own order; no totals, no offsets. And ETags.

A cursor holds the last key seen. It is not a secret and not a permission: the owner of the
rows stands in every query beside it.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.routing import APIRoute

from app.inputs import is_storable, likely
from app.problems import DomainError, in_english

LIMIT_MAX = 100
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged since the ETag you sent."}
}
"""OpenAPI ``responses=`` of what `tagged` answers."""
_OPAQUE = re.compile(r'"[^"]*"')

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
    if any(isinstance(part, str) and not is_storable(part) for part in key):
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
        at = likely(datetime.fromisoformat(str(moment)))
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
    etag = _etag_of(body)
    headers = {
        "ETag": etag,
        "Cache-Control": cached,
        "Content-Language": "en" if in_english(request) else "zh-CN",
        "Vary": "Accept-Language",
    }
    if knows(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def knows(request: Request, etag: str) -> bool:
    """Whether the caller has what this ETag names: one of a list, weak or strong, or anything.

    Source: RFC 9110, section 13.1.2 (the weak comparison: ``W/`` makes no difference).
    """
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag.removeprefix("W/") in _OPAQUE.findall(known)


class PersonalRoute(APIRoute):
    """A room's routes of one's own: what is read is named by its ETag, and not sent twice.

    What an endpoint says itself about its ETag or who may keep it stays as it says.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        is_json = given.get("response_class") is not Response
        if given.get("methods") in ({"GET"}, ["GET"]) and is_json:
            given["responses"] = UNCHANGED | (given.get("responses") or {})
        super().__init__(path, endpoint, **given)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Name what the endpoint answers."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            found = await handle(request)
            is_read = request.method == "GET" and found.status_code == 200
            if is_read and "etag" not in found.headers and found.media_type == "application/json":
                return _named(request, found)
            return found

        return handled


def _named(request: Request, found: Response) -> Response:
    etag = _etag_of(bytes(found.body))
    found.headers["ETag"] = etag
    found.headers["Vary"] = "Accept-Language"
    found.headers.setdefault("Cache-Control", "private, no-cache")
    if not knows(request, etag):
        return found
    headers = dict(found.headers)
    for of_the_body in ("content-length", "content-type"):
        headers.pop(of_the_body, None)
    return Response(status_code=304, headers=headers)


def _etag_of(body: bytes) -> str:
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def bad_cursor() -> BadCursor:
    """The refusal of a cursor that a list did not make."""
    return BadCursor(
        "The cursor is not one of this list; begin again at the first page.",
        "游标不属于此列表;请不带 cursor 重新请求第一页。",
    )
