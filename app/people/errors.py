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


class NicknameUnsound(DomainError):
    """The nickname is too short, too long, holds strange signs, or looks like the programme's."""

    status = 422
    title = "This cannot be a nickname"
    title_zh = "昵称不符合要求"


class NicknameTaken(DomainError):
    """Somebody else has this nickname."""

    title = "The nickname is taken"
    title_zh = "昵称已被使用"


class BirthYearSaid(DomainError):
    """You said your birth year before; only an officer can correct it."""

    title = "The birth year is said once"
    title_zh = "出生年份只能填写一次"


class BirthYearUnsound(DomainError):
    """Nobody who uses this service was born in this year."""

    status = 422
    title = "Not a year of birth"
    title_zh = "出生年份无效"


class MovedLately(DomainError):
    """The district was changed less than thirty days ago; `until` says when it may be again."""

    title = "The district was changed lately"
    title_zh = "区县近期已修改"


class ProfileChanged(DomainError):
    """The profile is not what your `If-Match` names any more; read it again."""

    status = 412
    title = "The profile has changed"
    title_zh = "资料已变更"


class HouseholdNotFound(DomainError):
    """You belong to no household."""

    status = 404
    title = "No household"
    title_zh = "尚未加入家庭"


class HouseholdTaken(DomainError):
    """You belong to a household already; leave it first."""

    title = "You belong to a household already"
    title_zh = "您已加入家庭"


class HouseholdLeft(DomainError):
    """You left a household less than thirty days ago; `until` says when you may join another."""

    title = "You left a household lately"
    title_zh = "近期曾退出家庭"


class HouseholdFull(DomainError):
    """A household has at most eight people."""

    title = "The household is full"
    title_zh = "家庭人数已满"


class JoinCodeUnknown(DomainError):
    """No household has this code, or it has run out; ask for a fresh one."""

    status = 404
    title = "No such code"
    title_zh = "邀请码无效或已过期"


class PersonLeft(DomainError):
    """The account's owner asked to be forgotten, and was; nothing new can begin for it."""

    status = 410
    title = "This account was deleted"
    title_zh = "账户已注销"


class GuardianNeeded(DomainError):
    """Below the age of 14 a guardian has to confirm before anything is agreed to."""

    status = 403
    title = "A guardian has to agree"
    title_zh = "须监护人同意"


class GuardianUnfit(DomainError):
    """Whoever confirms is not known to be an adult, or the child has its guardian already."""

    title = "The guardian does not fit"
    title_zh = "监护人不符合要求"


class WardNotFound(DomainError):
    """No child shows this code, or you are not this child's guardian."""

    status = 404
    title = "No such ward"
    title_zh = "未找到被监护人"


class ProofNeeded(DomainError):
    """This provider's cards are linked by proving that they are yours; see /v1/me/link-claims."""

    title = "Prove that the card is yours"
    title_zh = "请先验证卡证归属"


class LinkClaimNotFound(DomainError):
    """You have no such claim of a card."""

    status = 404
    title = "No such claim"
    title_zh = "绑定申请不存在"


class LinkClaimClosed(DomainError):
    """The claim was decided, cancelled, or its time or tries are over; make a new one."""

    title = "The claim is closed"
    title_zh = "绑定申请已关闭"


class ChallengeMissing(DomainError):
    """The provider has not said yet what would prove that the card is yours."""

    title = "Nothing to answer yet"
    title_zh = "数据提供方尚未发起验证"


class TooManyClaims(DomainError):
    """So many claims a day, for a person and for a card; then the next day has to be waited for."""

    status = 429
    title = "Too many claims today"
    title_zh = "今日绑定申请次数过多"
