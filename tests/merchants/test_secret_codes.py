"""Keys and codes are made once, and a typing error is told without a look into the database."""

import pytest

from app.merchants import secret_codes
from app.merchants.errors import SecretUnreadable
from app.merchants.secret_codes import STAFF, SYMBOLS, TILL, digest_of, fresh


def test_a_secret_leads_to_its_digest_however_it_is_typed():
    """Small letters, spaces, dashes, full-width letters, I for 1 and O for 0 are understood."""
    secret = fresh(TILL)
    head, body = secret.text.split("_")
    assert (head, len(body)) == ("till", 33)
    assert body.startswith(secret.prefix)
    wide = "".join(chr(ord(each) + 0xFEE0) for each in body)
    spelt = body.replace("1", "I").replace("0", "O")
    dashed = "-".join(body[n : n + 5] for n in range(0, 33, 5))
    for typed in (secret.text, f"TILL_{body.lower()}", f"till_{wide}", f"till_{spelt}",
                  f" till_{dashed} "):  # fmt: skip
        assert digest_of(TILL, typed) == secret.digest


def test_every_single_wrong_symbol_is_a_typing_error():
    """Of all 33 * 31 ways to mistype one symbol of a key, not one is looked up."""
    text = fresh(TILL).text
    for place in range(5, len(text)):
        for other in set(SYMBOLS) - {text[place]}:
            with pytest.raises(SecretUnreadable):
                digest_of(TILL, text[:place] + other + text[place + 1 :])


def test_neighbours_that_changed_places_are_a_typing_error():
    """Two symbols typed in the wrong order are found, wherever they stand."""
    text = fresh(STAFF).text
    for place in range(6, len(text) - 1):
        if text[place] != text[place + 1]:
            swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
            with pytest.raises(SecretUnreadable):
                digest_of(STAFF, swapped)


@pytest.mark.parametrize("typed", ["", "till", "till_", "till_" + "0" * 33, "x" * 500, "till_\x00", "卡_1"])  # fmt: skip
def test_rubbish_is_unreadable(typed):
    """Nothing that is not ours gets as far as a digest."""
    with pytest.raises(SecretUnreadable):
        digest_of(TILL, typed)


def test_one_kind_is_not_another():
    """The code of an invitation is no key of a till, even with the word exchanged."""
    code = fresh(STAFF).text
    for typed in (code, code.replace("staff_", "till_")):
        with pytest.raises(SecretUnreadable):
            digest_of(TILL, typed)


def test_a_secret_is_never_printed():
    """Neither the secret's nor its parts' text stands in what a log would show."""
    secret = fresh(TILL)
    assert secret.text not in repr(secret)
    assert secret.text.split("_")[1] not in repr(secret)


def test_secrets_do_not_repeat():
    """A thousand secrets are a thousand, and use the whole alphabet."""
    texts = {secret_codes.fresh(TILL).text for _ in range(1_000)}
    assert len(texts) == 1_000
    assert set("".join(each[5:] for each in texts)) == set(SYMBOLS)
