"""Refusals of the approvals room."""

from app.problems import DomainError


class UnknownKind(DomainError):
    """Nothing is known that this kind of proposal would do."""

    status = 422
    title = "Unknown kind of proposal"
    title_zh = "未知的提案类型"


class PayloadUnreadable(DomainError):
    """The payload is too long, or holds something that JSON cannot keep."""

    status = 422
    title = "The payload cannot be kept"
    title_zh = "提案内容无法保存"


class ProposalNotFound(DomainError):
    """No proposal has this id."""

    status = 404
    title = "No such proposal"
    title_zh = "提案不存在"


class ProposalDecided(DomainError):
    """Somebody has decided already; a decision is not taken twice."""

    title = "The proposal is decided already"
    title_zh = "提案已有结论"


class SameHands(DomainError):
    """Who proposes may not decide: two people have to agree."""

    title = "A second person must decide"
    title_zh = "须由另一位工作人员审核"
