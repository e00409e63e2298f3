"""Refusals of the reductions room."""

from app.problems import DomainError


class ReductionNotFound(DomainError):
    """You have no reduction with this id."""

    status = 404
    title = "No such reduction"
    title_zh = "减排记录不存在"


class ScenarioUnknown(DomainError):
    """A link names a scenario that no methodology in the catalogue serves."""

    status = 422
    title = "Unknown scenario"
    title_zh = "未知的低碳场景"


class HeldNotFound(DomainError):
    """No act with this id is held."""

    status = 404
    title = "No such held act"
    title_zh = "待复核记录不存在"


class HeldDecided(DomainError):
    """Somebody has decided already what becomes of this act."""

    title = "Decided already"
    title_zh = "该记录已处理"


class NotReleasable(DomainError):
    """The act cannot be credited as things stand: see `reason`; refuse it, or mend the cause."""

    title = "The act cannot be released"
    title_zh = "该记录无法通过"


class CorrectionUnsound(DomainError):
    """The correction names an unknown version, or one that does not correct an error."""

    status = 422
    title = "Not a correction"
    title_zh = "更正无法成立"


class CorrectionNotFound(DomainError):
    """Nobody has previewed a correction with this id."""

    status = 404
    title = "No such correction"
    title_zh = "更正不存在"


class CorrectionRunning(DomainError):
    """A correction is begun once, and one at a time for a methodology."""

    title = "A correction is running"
    title_zh = "更正正在执行"
