"""Decisions of the merchants' room: values in, a value or a refusal out.

Source: GB 32100-2015 (unified social credit code: alphabet, weights, check symbol);
GB/T 2260 (district codes).
"""

import re
from collections.abc import Sequence

from app.merchants.errors import ApplicationUnsound, WrongMerchantState

CATEGORIES = (
    "cafe", "food", "transport", "books", "leisure", "repair", "home", "retail", "other",
)  # fmt: skip
CATEGORIES_MAX = 5
AGREEMENT_VERSION = 1
"""The merchants' agreement that is in force; an application accepts this one."""

_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = re.compile(rf"[{_SYMBOLS}]{{2}}[0-9]{{6}}[{_SYMBOLS}]{{10}}")
_ACCOUNT = re.compile(r"[0-9]{8,30}")


def check_symbol(first: str) -> str:
    """The last symbol of a unified social credit code, from the 17 before it."""
    total = sum(_SYMBOLS.index(symbol) * pow(3, n, 31) for n, symbol in enumerate(first))
    return _SYMBOLS[-total % 31]


def credit_code(text: str) -> str:
    """The unified social credit code in what was typed, in capitals.

    Raises:
        ApplicationUnsound: it is none: shape, alphabet or check symbol.

    """
    code = text.strip().upper()
    if _SHAPE.fullmatch(code) is None or check_symbol(code[:17]) != code[17]:
        raise _unsound(
            "credit_code", "is no unified social credit code", "不是有效的统一社会信用代码"
        )
    return code


def bank_account(text: str) -> str:
    """The digits of a bank account in what was typed.

    Raises:
        ApplicationUnsound: it has other characters, or too few or too many digits.

    """
    digits = re.sub(r"[ -]", "", text)
    if _ACCOUNT.fullmatch(digits) is None:
        raise _unsound("bank_account", "has 8 to 30 digits", "应为 8 至 30 位数字")
    return digits


def categories(chosen: Sequence[str]) -> list[str]:
    """What it sells, the main thing first.

    Raises:
        ApplicationUnsound: none, too many, the same twice, or one that is not ours.

    """
    if not 1 <= len(chosen) <= CATEGORIES_MAX or len(set(chosen)) != len(chosen):
        raise _unsound("categories", "names 1 to 5 different ones", "应为 1 至 5 个不同类目")
    if not set(chosen) <= set(CATEGORIES):
        known = ", ".join(CATEGORIES)
        raise _unsound("categories", f"may be: {known}", f"可选:{known}")
    return list(chosen)


def agreement(version: int) -> int:
    """The version of the agreement, if it is the one in force.

    Raises:
        ApplicationUnsound: it is another.

    """
    if version != AGREEMENT_VERSION:
        now = AGREEMENT_VERSION
        raise _unsound("agreement_version", f"in force is {now}", f"现行版本为 {now}")
    return version


def masked(secret: str) -> str:
    """A number of which only the last four digits are shown."""
    return f"**** {secret[-4:]}"


def masked_name(name: str) -> str:
    """A name of which only the first letter is shown."""
    return f"{name[:1]}**"


def ensure_state(state: str, *allowed: str) -> None:
    """Refuse what does not follow from this state.

    Raises:
        WrongMerchantState: it is none of ``allowed``.

    """
    if state not in allowed:
        wanted = ", ".join(allowed)
        raise WrongMerchantState(
            f"It is {state}; this needs it to be: {wanted}.",
            f"当前状态为 {state},该操作要求状态为:{wanted}。",
            state=state,
        )


def _unsound(field: str, english: str, chinese: str) -> ApplicationUnsound:
    return ApplicationUnsound(f"`{field}` {english}.", f"字段 {field}:{chinese}。", field=field)
