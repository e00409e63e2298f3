"""A phone number as people type it becomes the one way in which it is known (E.164)."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from app.sign_in.errors import PhoneUnreadable

REGION = "CN"
CHARS_MAX = 32
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def e164(typed: str) -> str:
    """``138 0013 8000`` -> ``+8613800138000``; without a country it is China's.

    Raises:
        PhoneUnreadable: it cannot be a mobile number.

    """
    try:
        number = phonenumbers.parse(typed, REGION)
    except NumberParseException as error:
        raise _refused() from error
    if not phonenumbers.is_valid_number(number) or number.extension is not None:
        raise _refused()
    if phonenumbers.number_type(number) not in _MOBILE:
        raise _refused()
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _refused() -> PhoneUnreadable:
    return PhoneUnreadable(
        "Send a mobile number, with its country unless it is China's: +8613800138000.",
        "请输入手机号码;非中国大陆号码请加国家代码,例如 +8613800138000。",
    )
