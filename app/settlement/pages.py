"""What the room's routes share: cursors that are an id, and files as answers."""

import base64
import hashlib
from uuid import UUID

from fastapi import Response

from app.pages import BadCursor, cursor_of, key_of


def id_in(cursor: str | None) -> UUID | None:
    """The id after which the page begins; None from the start.

    Raises:
        BadCursor: it is not one of this list.

    """
    if cursor is None:
        return None
    (text,) = key_of(cursor, str)
    try:
        return UUID(str(text))
    except ValueError as error:
        raise BadCursor(
            "The cursor is not one of this list; ask for the first page without `cursor`.",
            "游标不属于此列表;请不带 cursor 重新请求第一页。",
        ) from error


def cursor_at(last: UUID) -> str:
    """The cursor that `id_in` reads."""
    return cursor_of(str(last))


def download(content: bytes, *, name: str) -> Response:
    """A file to keep, with its digest (RFC 9530) in the answer's head."""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    kind = "application/json" if name.endswith(".json") else "text/csv; charset=utf-8"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=kind, headers=headers)
