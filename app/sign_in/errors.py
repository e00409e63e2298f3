"""Refusals of signing in. None of them says whether a number or a name is known."""

from app.problems import DomainError


class PhoneUnreadable(DomainError):
    """This cannot be a mobile number: send it as +8613800138000, or without +86 for China."""

    status = 422
    title = "Not a phone number"
    title_zh = "手机号码格式不正确"


class TooManyCodes(DomainError):
    """Number, device or network asked for all the codes they may; see `retry_after_s`."""

    status = 429
    title = "Too many codes"
    title_zh = "验证码请求过于频繁"


class TooManyGuesses(DomainError):
    """This device, network or name failed too often; `retry_after_s` says when a try counts."""

    status = 429
    title = "Too many failed sign-ins"
    title_zh = "登录失败次数过多"


class CodeRefused(DomainError):
    """The code is wrong, used, too old, tried too often, or was sent to another device."""

    status = 401
    title = "The code does not fit"
    title_zh = "验证码无效"


class RefreshRefused(DomainError):
    """The refresh token is unknown, ended, or was used before; sign in again."""

    status = 401
    title = "The session has ended"
    title_zh = "登录已失效"


class SessionNotFound(DomainError):
    """You have no such session."""

    status = 404
    title = "No such session"
    title_zh = "登录会话不存在"


class LoginRefused(DomainError):
    """Name, password and second factor do not fit together; which of them is never said."""

    status = 401
    title = "Sign-in refused"
    title_zh = "登录信息不正确"


class PasswordWeak(DomainError):
    """The password holds your login name, or is one that a guesser tries first; choose another."""

    status = 422
    title = "Choose a stronger password"
    title_zh = "请设置更安全的密码"


class EnrolmentRefused(DomainError):
    """The enrolment code is unknown, used or too old; ask for a new one."""

    status = 401
    title = "The enrolment code does not fit"
    title_zh = "激活码无效"


class PlatformRefused(DomainError):
    """WeChat or Alipay does not accept the code: it is used, too old, or of another app."""

    status = 401
    title = "The platform refused the code"
    title_zh = "平台授权码无效"


class PlatformUnavailable(DomainError):
    """WeChat, Alipay or the message gateway does not answer, or is not set up here."""

    status = 503
    title = "The platform does not answer"
    title_zh = "第三方平台暂时不可用"
