"""Refusals of the room of people's rights."""

from app.problems import DomainError


class RightsRequestNotFound(DomainError):
    """There is no such request, or it is somebody else's."""

    status = 404
    title = "No such request"
    title_zh = "申请不存在"


class RightsRequestClosed(DomainError):
    """The request was answered, cancelled, or has gone too far to be stopped."""

    title = "The request cannot be changed any more"
    title_zh = "申请已不可更改"


class ExportNotReady(DomainError):
    """The copy is still being made; ask for its progress."""

    title = "The copy is not ready"
    title_zh = "数据副本尚未生成"


class ExportGone(DomainError):
    """The copy was kept for a week; ask for a new one."""

    status = 410
    title = "The copy is gone"
    title_zh = "数据副本已过期"


class NoticeOutdated(DomainError):
    """Consent names the notice that was read; there is a newer one, which must be read first."""

    title = "The notice has changed"
    title_zh = "告知书已更新"


class ConsentNotFound(DomainError):
    """You have no such consent that could be withdrawn."""

    status = 404
    title = "No such consent"
    title_zh = "授权不存在"
