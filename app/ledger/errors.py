"""Refusals of the ledger."""

from app.problems import DomainError


class InsufficientPoints(DomainError):
    """The account has fewer points available than the request would take."""

    title = "Not enough points"
    title_zh = "积分不足"


class RefundTooLarge(DomainError):
    """More would be given back than was spent and not yet refunded."""

    title = "More than was spent"
    title_zh = "退回积分超过已使用积分"


class EarningNotFound(DomainError):
    """Nothing was earned by this account for this cause, so nothing can be reversed."""

    status = 404
    title = "Nothing was earned for this"
    title_zh = "没有对应的积分记录"


class PoolNotFound(DomainError):
    """No pool takes donations under this number."""

    status = 404
    title = "No such pool"
    title_zh = "捐赠项目不存在"


class UnitNotFound(DomainError):
    """No points are counted in a unit of this code."""

    status = 404
    title = "No such unit"
    title_zh = "积分种类不存在"


class UnitEnded(DomainError):
    """All points of this campaign have expired; none can be added."""

    title = "The campaign's points have ended"
    title_zh = "活动积分已到期"


class AdjustmentUnsound(DomainError):
    """The proposal is not an adjustment that can be booked."""

    status = 422
    title = "Not an adjustment"
    title_zh = "积分调整内容有误"


class AccountNotFound(DomainError):
    """No citizen has this account or this id."""

    status = 404
    title = "No such account"
    title_zh = "账户不存在"


class LedgerMoved(DomainError):
    """The database stands on another PostgreSQL cluster than the one that booked its entries."""

    status = 503
    title = "The ledger has moved"
    title_zh = "账本已迁移"


class NameUnsound(DomainError):
    """The proposal names no counter-account or unit that can be made."""

    status = 422
    title = "Not a counter-account or unit"
    title_zh = "对手账户或积分种类内容有误"


class MomentUnclear(DomainError):
    """A past balance is asked for by what was known or by what was in effect, not by both."""

    status = 422
    title = "Which moment is meant?"
    title_zh = "时间参数有误"
