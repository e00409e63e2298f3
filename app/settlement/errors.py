"""Refusals of the settlement room."""

from app.problems import DomainError


class DayNotOver(DomainError):
    """The business day has not ended yet; what happens until then belongs to it."""

    title = "The day is not over"
    title_zh = "营业日尚未结束"


class SettlementNotFound(DomainError):
    """There is no such settlement among yours: the day is open, or nothing was taken on it."""

    status = 404
    title = "No such settlement"
    title_zh = "结算单不存在"


class CutOffUnsound(DomainError):
    """A cut-off is 0 to 720 minutes after midnight, from a day on that has not begun."""

    status = 422
    title = "The cut-off makes no sense"
    title_zh = "日切时间无效"


class NothingToPay(DomainError):
    """No merchant with a bank account is owed anything that no payment carries already."""

    title = "Nothing to pay"
    title_zh = "没有可付款项"


class PayoutNotFound(DomainError):
    """There is no such payment, or no such batch of payments."""

    status = 404
    title = "No such payment"
    title_zh = "付款不存在"


class WrongPayoutState(DomainError):
    """The payment is in another state; its state says what can still be done."""

    title = "Not in this state"
    title_zh = "付款状态不符"


class NotTheBatchsProposal(DomainError):
    """Approve the proposal that was made together with the batch, not another one about it."""

    title = "Another proposal"
    title_zh = "非该批次的提案"


class BankReferenceUsed(DomainError):
    """The bank's reference stands for another payment."""

    title = "This reference is used"
    title_zh = "银行流水号已被使用"
