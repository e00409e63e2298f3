"""Refusals of the merchants' room."""

from app.problems import DomainError


class MerchantNotFound(DomainError):
    """No merchant has this code or id."""

    status = 404
    title = "Unknown merchant"
    title_zh = "商户不存在"


class WrongMerchantState(DomainError):
    """The merchant or application is not in a state from which this follows; `state` says which."""

    title = "Not in this state"
    title_zh = "当前状态不允许该操作"


class MerchantSuspended(DomainError):
    """The merchant is not active: it cannot publish or redeem, and gets no new redemptions."""

    title = "The merchant is not active"
    title_zh = "商户未处于启用状态"


class ApplicationNotFound(DomainError):
    """No application has this id."""

    status = 404
    title = "Unknown application"
    title_zh = "入驻申请不存在"


class ApplicationUnsound(DomainError):
    """A code, account or category cannot be right; `field` names the first one."""

    status = 422
    title = "The application cannot be right"
    title_zh = "申请内容有误"


class AlreadyApplied(DomainError):
    """This company has applied before with other details, or is a merchant already."""

    title = "The company has applied already"
    title_zh = "该企业已提交申请"


class MerchantCodeTaken(DomainError):
    """Another merchant has this short name."""

    title = "The code is taken"
    title_zh = "商户代码已被占用"


class NotItsProposal(DomainError):
    """The proposal is not the one that was made when the application was checked."""

    title = "Not the application's proposal"
    title_zh = "提案与申请不符"


class AccountChangeNotFound(DomainError):
    """The merchant has no such change of its bank account."""

    status = 404
    title = "Unknown change of account"
    title_zh = "收款账户变更不存在"


class AccountChangeWaiting(DomainError):
    """Another change of the merchant's bank account waits for the second officer."""

    title = "Another account waits"
    title_zh = "已有收款账户变更待审批"


class WrongAccountState(DomainError):
    """The change was stopped or refused, or the account is paid already; `state` says which."""

    title = "Not in this state"
    title_zh = "当前状态不允许该操作"


class StoreNotFound(DomainError):
    """You have no such store."""

    status = 404
    title = "Unknown store"
    title_zh = "门店不存在"


class StoreCodeTaken(DomainError):
    """You have another store, or the store another till, under this code."""

    title = "The code is in use"
    title_zh = "编号已被使用"


class PlaceUnclear(DomainError):
    """Stores are listed by district or around a point: one of the two, and a point is whole."""

    status = 422
    title = "Say where"
    title_zh = "请说明位置"


class TillNotFound(DomainError):
    """You have no such till."""

    status = 404
    title = "Unknown till"
    title_zh = "收银终端不存在"


class TillRevoked(DomainError):
    """The till was revoked; register it anew under another code."""

    title = "The till is revoked"
    title_zh = "收银终端已停用"


class SecretUnreadable(DomainError):
    """The key or code was mistyped: its check symbols do not fit. Nothing was looked up."""

    status = 422
    title = "A typing error"
    title_zh = "输入有误"


class TillKeyRefused(DomainError):
    """The key is unknown, has ended or was revoked, or its store is closed."""

    status = 401
    title = "The key opens nothing"
    title_zh = "密钥无效"


class InvitationRefused(DomainError):
    """The invitation is unknown, was used, was replaced, or is too old."""

    status = 401
    title = "The invitation opens nothing"
    title_zh = "邀请码无效"


class StaffNotFound(DomainError):
    """Nobody with this id works for you."""

    status = 404
    title = "Unknown person"
    title_zh = "员工不存在"


class LastManager(DomainError):
    """A merchant keeps one manager at least; invite another first."""

    title = "The last manager stays"
    title_zh = "须至少保留一位店长"


class ManagerThere(DomainError):
    """The merchant has a manager, who invites its people; officers only invite the first one."""

    title = "The merchant has a manager"
    title_zh = "商户已有店长"
