"""Refusals of the appeals room."""

from app.problems import DomainError


class AppealNotFound(DomainError):
    """You have no appeal with this id."""

    status = 404
    title = "No such appeal"
    title_zh = "申请不存在"


class AppealDecided(DomainError):
    """The appeal has been answered; its answer is final."""

    title = "Answered already"
    title_zh = "该申请已处理"


class AppealWaits(DomainError):
    """An appeal about this act waits for its answer already."""

    title = "An appeal is under way"
    title_zh = "已有处理中的申请"


class TooManyAppeals(DomainError):
    """So many of your appeals wait for an answer that no more can be made now."""

    title = "Too many open appeals"
    title_zh = "处理中的申请过多"


class NothingToClaim(DomainError):
    """The claim names what does not exist: see `field`."""

    status = 422
    title = "Nothing to claim"
    title_zh = "申请内容有误"


class NotCreditable(DomainError):
    """What was named would not be credited: see `reason`."""

    title = "It would not be credited"
    title_zh = "无法计入"
