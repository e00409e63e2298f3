"""What can be right is accepted, and what cannot be is named."""

import pytest

from app.merchants import rules
from app.merchants.errors import ApplicationUnsound, WrongMerchantState

PUBLISHED = [
    "91350100M000100Y43",
    "91110000802100433B",
    "91110108551385082Q",
    "914403001922038216",
    "91330100799655058B",
    "91440300708461136T",
]
"""Codes of real companies and of the standard's own example."""


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_credit_codes_are_right(code):
    """Codes that the registries publish pass, in small letters and with spaces around as well."""
    assert rules.credit_code(f" {code.lower()} ") == code


def test_every_single_wrong_symbol_is_found():
    """Of all 18 * 30 ways to mistype one symbol, not one passes."""
    code, wrong = PUBLISHED[0], 0
    for place, symbol in enumerate(code):
        for other in set("0123456789ABCDEFGHJKLMNPQRTUWXY") - {symbol}:
            with pytest.raises(ApplicationUnsound) as refused:
                rules.credit_code(code[:place] + other + code[place + 1 :])
            assert refused.value.facts == {"field": "credit_code"}
            wrong += 1
    assert wrong == 18 * 30


@pytest.mark.parametrize(
    "code", ["", "91350100M000100Y4", "91350100M000100Y433", "9135010OM000100Y43", "91350100M000100Y4\n3"]
)  # fmt: skip
def test_what_has_not_the_shape_is_no_credit_code(code):
    """Too short, too long, a letter the alphabet leaves out, a line break inside."""
    with pytest.raises(ApplicationUnsound):
        rules.credit_code(code)


def test_a_bank_account_is_digits():
    """Spaces and dashes are dropped; letters, and too few or too many digits, are refused."""
    assert rules.bank_account("6222 0000-0000 1234") == "6222000000001234"
    for wrong in ("1234567", "1" * 31, "6222a0000000", "٦" * 10):
        with pytest.raises(ApplicationUnsound):
            rules.bank_account(wrong)


def test_categories_are_ours_and_different():
    """None, six, the same twice and an invented one are refused; order is kept."""
    assert rules.categories(["food", "cafe"]) == ["food", "cafe"]
    for wrong in ([], ["food", "food"], ["magic"], list(rules.CATEGORIES[:6])):
        with pytest.raises(ApplicationUnsound):
            rules.categories(wrong)


def test_only_the_agreement_in_force_can_be_accepted():
    """An older or invented version is refused."""
    assert rules.agreement(rules.AGREEMENT_VERSION) == rules.AGREEMENT_VERSION
    with pytest.raises(ApplicationUnsound):
        rules.agreement(rules.AGREEMENT_VERSION + 1)


def test_a_mask_shows_four_digits():
    """Nothing but the last four is left of an account."""
    assert rules.masked("6222000000001234") == "**** 1234"


def test_a_wrong_state_is_named():
    """The refusal says what the state is."""
    rules.ensure_state("applied", "applied", "checked")
    with pytest.raises(WrongMerchantState) as refused:
        rules.ensure_state("refused", "applied", "checked")
    assert refused.value.facts == {"state": "refused"}
