"""Cursors of this room's lists: the last id, or the last distance and id."""

from uuid import UUID

from app.pages import BadCursor, cursor_of, key_of


def after_id(cursor: str | None) -> UUID | None:
    """The id in a cursor; None without one.

    Raises:
        BadCursor: it is not one of these lists'.

    """
    return None if cursor is None else _id(key_of(cursor, str)[0])


def after_place(cursor: str | None) -> tuple[int, UUID] | None:
    """Distance in metres and id in a cursor; None without one.

    Raises:
        BadCursor: it is not one of this list's.

    """
    if cursor is None:
        return None
    distance_m, text = key_of(cursor, int, str)
    assert isinstance(distance_m, int)
    if not 0 <= distance_m < 2**31:
        raise _bad()
    return distance_m, _id(text)


def more(found: int, limit: int, *last: str | int) -> str | None:
    """The next page's cursor, if one item more than ``limit`` was found."""
    return cursor_of(*last) if found > limit else None


def _id(text: str | int) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as error:
        raise _bad() from error


def _bad() -> BadCursor:
    return BadCursor(
        "The cursor is not one of this list; ask for the first page without `cursor`.",
        "游标不属于此列表;请不带 cursor 重新请求第一页。",
    )
