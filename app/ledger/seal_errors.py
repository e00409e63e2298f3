"""Refusals of the doors that read seals."""

from app.problems import DomainError


class EntryNotFound(DomainError):
    """The caller's statement has no entry with this number."""

    status = 404
    title = "Unknown entry"
    title_zh = "没有这条记录"


class EntryNotSealed(DomainError):
    """The entry was booked a moment ago; it is sealed within a minute or two."""

    title = "Not sealed yet"
    title_zh = "尚未封存"
