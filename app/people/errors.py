"""Refusals of the people's room."""

from app.problems import DomainError


class NotSignedIn(DomainError):
    """The bearer token is missing, malformed, expired, or was made by somebody else."""

    status = 401
    title = "Sign in first"
    title_zh = "请先登录"


class WrongAudience(DomainError):
    """The token is good, but for another audience: a till's token opens no wallet."""

    status = 403
    title = "This door is for others"
    title_zh = "此接口不面向该身份"


class WrongRole(DomainError):
    """The token is a merchant's, but its role may not do this: a cashier issues no keys."""

    status = 403
    title = "Your role may not do this"
    title_zh = "当前角色无此权限"


class WrongOffice(DomainError):
    """The officer is known, but this belongs to another office: only finance sees bank accounts."""

    status = 403
    title = "Not your office"
    title_zh = "无此岗位权限"


class DevelopmentOnly(DomainError):
    """Development sign-in is switched off in production."""

    status = 403
    title = "Not in production"
    title_zh = "生产环境不可用"


class CitizenNotFound(DomainError):
    """No citizen has this name or id."""

    status = 404
    title = "Unknown citizen"
    title_zh = "居民不存在"


class OfficerNotFound(DomainError):
    """No officer has this name."""

    status = 404
    title = "Unknown officer"
    title_zh = "工作人员不存在"


class CardTaken(DomainError):
    """The card is linked to somebody at this time; one card belongs to one person at a time."""

    title = "The card is linked already"
    title_zh = "该卡已被绑定"


class LinkNotFound(DomainError):
    """You have no such link."""

    status = 404
    title = "No such link"
    title_zh = "绑定不存在"


class PersonLeft(DomainError):
    """The account's owner asked to be forgotten, and was; nothing new can begin for it."""

    status = 410
    title = "This account was deleted"
    title_zh = "账户已注销"
