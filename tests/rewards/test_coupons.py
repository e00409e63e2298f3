"""Coupon codes: worked out, never stored; read generously, guessed by nobody."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rewards import coupons
from app.rewards.errors import CouponMistyped, CouponUnreadable

KEY = b"k" * 32
ids = st.uuids()
buckets = st.integers(0, 1023)


@given(bucket=buckets, redemption_id=ids)
def test_a_code_names_its_bucket_and_its_digest(bucket: int, redemption_id: UUID):
    """What a till reads is exactly what was worked out, for every bucket and id."""
    code = coupons.code_of(KEY, bucket=bucket, redemption_id=redemption_id)

    assert re.fullmatch(r"c1\.[0-9A-HJKMNP-TV-Z]{26}", code)
    assert len(code) == coupons.CODE_CHARS <= 32
    assert coupons.read(code) == coupons.Coupon(bucket, coupons.digest(code))
    assert code == coupons.code_of(KEY, bucket=bucket, redemption_id=redemption_id)


@given(
    bucket=buckets,
    redemption_id=ids,
    gaps=st.lists(st.sampled_from(["", " ", "-", "\u2013", "\u3000"]), min_size=29, max_size=29),
    small=st.lists(st.booleans(), min_size=29, max_size=29),
    twins=st.lists(st.sampled_from("1ILil"), min_size=29, max_size=29),
    rounds=st.lists(st.sampled_from("0Oo"), min_size=29, max_size=29),
)
def test_a_code_survives_a_person_who_types_it(
    *, bucket, redemption_id, gaps, small, twins, rounds
):
    """Case, spaces, dashes, and letters that look like digits do not matter."""
    code = coupons.code_of(KEY, bucket=bucket, redemption_id=redemption_id)
    typed = "".join(
        gap + {"1": one, "0": zero}.get(symbol, symbol.lower() if is_small else symbol)
        for symbol, gap, is_small, one, zero in zip(code, gaps, small, twins, rounds, strict=True)
    )
    assert coupons.read(typed) == coupons.read(code)


def test_full_width_letters_and_the_chinese_full_stop_are_read():
    """A Chinese keyboard in full-width mode types the same coupon."""
    code = coupons.code_of(KEY, bucket=5, redemption_id=uuid4())
    wide = "".join(chr(ord(c) + 0xFEE0) if c != "." else "。" for c in code)
    assert coupons.read(wide) == coupons.read(code)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "c1.",
        "c2." + "0" * 26,
        "c1." + "0" * 25,
        "c1." + "0" * 28,
        "c1." + "U" * 26,
        "c1." + "0" * 25 + "\x00",
        "https://example.com/c1." + "0" * 26,
        " " * 5_000,
        "一杯咖啡",
    ],
)
def test_what_is_no_code_is_refused_with_a_sentence(typed: str):
    """The till learns what a code looks like."""
    with pytest.raises(CouponUnreadable, match="26 letters or digits"):
        coupons.read(typed)


def test_the_key_makes_the_code():
    """Who knows the redemption's id but not the key cannot work the code out."""
    redemption_id = uuid4()
    one = coupons.code_of(KEY, bucket=1, redemption_id=redemption_id)
    other = coupons.code_of(b"j" * 32, bucket=1, redemption_id=redemption_id)
    assert one[:5] == other[:5]
    assert one[5:] != other[5:]


def test_a_code_does_not_show_in_print():
    """A coupon that was read does not leak into a log through its repr."""
    code = coupons.code_of(KEY, bucket=1, redemption_id=uuid4())
    assert code[5:] not in repr(coupons.read(code))


def test_the_picture_is_a_small_svg():
    """A phone can show it without a library, and it holds no script."""
    picture = coupons.qr_svg(coupons.code_of(KEY, bucket=1, redemption_id=uuid4())).decode()
    assert picture.startswith("<svg")
    assert "script" not in picture
    assert len(picture) < 5_000


def test_the_spelled_code_is_read_back():
    """27 symbols in groups of four, the last one checks the others; no check is fine too."""
    code = coupons.code_of(KEY, bucket=777, redemption_id=uuid4())
    spelled = coupons.spelled(code)
    assert [len(group) for group in spelled.split()] == [3, 4, 4, 4, 4, 4, 4, 3]
    assert coupons.read(spelled) == coupons.read(spelled.lower()) == coupons.read(code)


def test_every_wrong_symbol_is_told():
    """Whichever of the 26 symbols is mistyped, whatever is typed instead."""
    code = coupons.code_of(KEY, bucket=5, redemption_id=uuid4())
    plain = coupons.spelled(code).replace(" ", "")
    for place in range(3, 29):
        for symbol in set(coupons.SYMBOLS) - {plain[place]}:
            with pytest.raises(CouponMistyped):
                coupons.read(plain[:place] + symbol + plain[place + 1 :])


def test_two_symbols_that_changed_places_are_told():
    """The commonest slip after a wrong symbol."""
    code = coupons.code_of(KEY, bucket=5, redemption_id=uuid4())
    plain = coupons.spelled(code).replace(" ", "")
    for place in range(3, 28):
        swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
        if swapped != plain:
            with pytest.raises(CouponMistyped):
                coupons.read(swapped)


def test_the_png_is_a_picture():
    """Programs that cannot draw SVG get the same as PNG."""
    assert coupons.qr_png("c1." + "0" * 26).startswith(b"\x89PNG\r\n\x1a\n")
