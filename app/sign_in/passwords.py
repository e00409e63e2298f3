"""Which passwords are refused: those that a guesser would try first. Pure decisions, no list.

What is easy to guess is taken away: names, words that everybody uses, rows of the keyboard, runs
and repetitions, also with digits in place of letters. What is left has to be long enough by itself.

Source: NIST SP 800-63B, section 5.1.1.2; OWASP ASVS 4.0, 2.1.7.
"""

import re
import unicodedata
from collections.abc import Sequence

from app.sign_in.errors import PasswordWeak

DISTINCT_MIN = 6
LEFT_CHARS_MIN = 8
NAME_CHARS_MIN = 4
RUN_CHARS = 4
WORDS = [
    "administrator",
    "admin",
    "password",
    "passwort",
    "passwd",
    "password",
    "pass",
    "puhui",
    "welcome",
    "letmein",
    "changeme",
    "default",
    "secret",
    "login",
    "officer",
    "merchant",
    "manager",
    "master",
    "root",
    "user",
    "test",
    "guest",
    "qwerty",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "zhenjiang",
    "mima",
    "woaini",
    "nihao",
]
ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
)
_SWAPS = str.maketrans("0134578@$!l", "oieastbasii")
"""Letters that digits stand for; i and l are one, for 1 is either."""


def ensure_strong(password: str, *, names: Sequence[str] = ()) -> None:
    """Refuse a password that holds a name, or little beside what everybody guesses.

    Args:
        password: as it was typed.
        names: under which its owner signs in.

    Raises:
        PasswordWeak: `field` is the one to change.

    """
    plain = _plain(password)
    swapped = _swapped(password)
    for name in names:
        whole = plain == _plain(name)
        held = _plain(name) in plain or _swapped(name) in swapped
        if whole or (held and len(_plain(name)) >= NAME_CHARS_MIN):
            raise PasswordWeak(
                "A password may not hold the name you sign in with.",
                "密码不能包含登录名。",
                field="password",
            )
    left = min(_left(plain), _left(swapped), key=len)
    if len(set(plain)) < DISTINCT_MIN or len(left) < LEFT_CHARS_MIN:
        raise PasswordWeak(
            "This password is easy to guess; take several words that do not belong together.",
            "密码过于常见或简单,请使用几个互不相关的词语组合。",
            field="password",
        )


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in folded if each.isalnum())


def _swapped(text: str) -> str:
    return _plain(text.casefold().translate(_SWAPS))


def _left(plain: str) -> str:
    """What remains without words, rows, runs and repetitions, and without digits at the ends."""
    for word in sorted({*WORDS, *map(_swapped, WORDS)}, key=len, reverse=True):
        plain = plain.replace(word, " ")
    for row in ROWS:
        for line in (row, row[::-1]):
            for size in range(len(line), RUN_CHARS - 1, -1):
                for start in range(len(line) - size + 1):
                    plain = plain.replace(line[start : start + size], " ")
    plain = re.sub(r"(.+?)\1{2,}", r"\1", plain)  # aaaa, abcabcabc
    return re.sub(r"^\d+|\d+$", "", plain.replace(" ", ""))
