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
