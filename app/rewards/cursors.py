"""Cursors of this room's lists: an id, or a moment and a number."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.pages import BadCursor, cursor_of, key_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
        raise _bad() from error


def cursor_at_id(last: UUID) -> str:
    """The cursor that `id_in` reads."""
    return cursor_of(str(last))


def number_and_id_in(cursor: str | None) -> tuple[int, UUID] | None:
    """The price or distance, and the id, after which the page begins; None from the start.

    Raises:
        BadCursor: it is not one of this list.

    """
    if cursor is None:
        return None
    number, text = key_of(cursor, int, str)
    try:
        found = int(number), UUID(str(text))
    except ValueError as error:
        raise _bad() from error
    if abs(found[0]) >= 2**31:
        raise _bad()
    return found


def cursor_at_number(number: int, last: UUID) -> str:
    """The cursor that `number_and_id_in` reads."""
    return cursor_of(number, str(last))


def moment_in(cursor: str | None) -> tuple[datetime, str] | None:
    """The moment and the order number after which the page begins; None from the start.

    Raises:
        BadCursor: it is not one of this list.

    """
    if cursor is None:
        return None
    at_us, order_no = key_of(cursor, int, str)
    try:
        return _EPOCH + int(at_us) * _MICROSECOND, str(order_no)
    except OverflowError as error:
        raise _bad() from error


def cursor_at(at: datetime, order_no: str) -> str:
    """The cursor that `moment_in` reads."""
    return cursor_of((at - _EPOCH) // _MICROSECOND, order_no)


def _bad() -> BadCursor:
    return BadCursor(
        "The cursor is not one of this list; begin again at the first page.",
        "游标不属于此列表;请不带 cursor 重新请求第一页。",
    )
