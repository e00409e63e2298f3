"""What citizens may call themselves, and what they may say of themselves: pure decisions."""

import unicodedata
from datetime import timedelta

from app.people.errors import NicknameUnsound

NICKNAME_CHARS = range(2, 21)
BORN_FIRST = 1900
MOVES_EVERY = timedelta(days=30)
"""Quotas of districts would mean little if one could live in another district each day."""
RESERVED = ("puhui", "普惠", "official", "官方", "admin", "管理员", "客服")
"""Nobody may look like the programme itself."""
_BETWEEN = frozenset(" _-·.")
PHONE_DIGITS_MIN = 7
"""Digits alone, as many as a telephone's, are nobody's name: others would learn the number."""


def nickname(typed: str) -> str:
    """A nickname as it is kept: one form of each letter, single spaces, none at the ends.

    Letters and digits of any script, and one of `` _-·.`` between two of them: nothing invisible,
    nothing that turns the direction of writing.

    Raises:
        NicknameUnsound: it is too short or too long, or holds something else.

    Source: Unicode Standard Annex 15, form NFKC.
    """
    name = unicodedata.normalize("NFKC", typed).strip(" ")
    plain = all(
        unicodedata.category(each)[0] in "LN"
        or (unicodedata.category(each) in {"Mn", "Mc"} and before not in _BETWEEN)
        or (each in _BETWEEN and before not in _BETWEEN)
        for before, each in zip(" " + name, name, strict=False)
    )
    if len(name) not in NICKNAME_CHARS or not plain or name[-1] in _BETWEEN:
        raise NicknameUnsound(
            "A nickname is 2 to 20 letters and digits; one space, dot, dash or underscore may stand"
            " between them.",
            "昵称为 2 至 20 个文字或数字,中间可用单个空格、点、横线或下划线。",
        )
    if any(word in name.casefold() for word in RESERVED):
        raise NicknameUnsound(
            "This nickname would look like the programme's own.", "该昵称易与官方账号混淆。"
        )
    digits = [each for each in name if each not in _BETWEEN]
    if len(digits) >= PHONE_DIGITS_MIN and all(each.isdigit() for each in digits):
        raise NicknameUnsound(
            "This looks like a telephone number; others see the nickname.",
            "昵称看起来像电话号码,他人可以看到昵称,请更换。",
        )
    return name
