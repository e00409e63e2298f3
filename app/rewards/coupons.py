"""Coupon codes: worked out from a key and the redemption's id, so that none is ever stored.

A code is ``c1.`` and 26 symbols of Crockford's base 32: two symbols name the bucket, so a till's
question goes straight to the citizen's part of the database, and 24 are a keyed digest of 120
bits, which nobody without the key can guess. What is stored is a digest of the code. A coupon
that was lost is therefore shown again, never issued again.

On paper and aloud a code has a 27th symbol that checks the others. A code that rotates has eight
more behind a dot (`app.rewards.rotating`).
Never: logged, or kept in an idempotent answer.

Source: Crockford, "Base 32" (the symbols, the check symbol modulo 37, and the letters that are
read as digits); RFC 2104 (HMAC), RFC 7693 (BLAKE2).
"""

import base64
import hashlib
import hmac
import io
import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

import segno

from app.ids import BUCKETS
from app.rewards.errors import CouponMistyped, CouponUnreadable

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECKS = SYMBOLS + "*~$=U"
PREFIX = "c1."
CODE_CHARS = len(PREFIX) + 26
TYPED_CHARS_MAX = 80
"""What a person may type or paste, spaces and dashes included."""

_BUCKET_SYMBOLS = 2
_MAC_SYMBOLS = 24
_MAC_BYTES = _MAC_SYMBOLS * 5 // 8
_PURPOSE = b"puhui coupon c1"
_IGNORED = re.compile(r"[\s\-\u2010-\u2015\u2212_]+")
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "。": "."})
_CROCKFORDS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", SYMBOLS.encode())
"""From the library's symbols to ours: both are five bits each, the highest first."""
_LIVE_SYMBOLS = 8
_SHAPE = re.compile(
    rf"C1\.?([{SYMBOLS}]{{{_BUCKET_SYMBOLS + _MAC_SYMBOLS}}})([{re.escape(CHECKS)}])?"
    rf"(?:\.([{SYMBOLS}]{{{_LIVE_SYMBOLS}}}))?"
)
_GROUP = 4


@dataclass(frozen=True, slots=True, repr=False)
class Coupon:
    """A code that was read: where to look, and what to look for. Never printed.

    ``live`` is what changes every half minute, None where there is no such part.
    """

    bucket: int
    digest: bytes
    live: str | None = None


def code_of(key: bytes, *, bucket: int, redemption_id: UUID) -> str:
    """The code of a redemption: 29 characters, the same each time it is asked.

    Args:
        key: the service's coupon key, 32 bytes or more.
        bucket: 0 to 1023, the citizen's.
        redemption_id: whose code it is.

    """
    assert 0 <= bucket < BUCKETS, "ten bits name a bucket"
    message = _PURPOSE + bucket.to_bytes(2, "big") + redemption_id.bytes
    mac = hmac.digest(key, message, "sha256")[:_MAC_BYTES]
    symbols = base64.b32encode(mac).translate(_CROCKFORDS).decode()
    return PREFIX + as_symbols(bucket, _BUCKET_SYMBOLS) + symbols


def digest(code: str) -> bytes:
    """What is stored of a code: 16 bytes, from which the code cannot be found again."""
    return hashlib.blake2b(code.encode(), digest_size=16, person=_PURPOSE).digest()


def read(typed: str) -> Coupon:
    """What a till scanned or a person typed.

    Small letters, full-width letters, spaces and dashes are understood; I and L are read as 1,
    O as 0.

    Raises:
        CouponUnreadable: it cannot be one of our codes.
        CouponMistyped: its check symbol does not fit.

    """
    found = None
    if len(typed) <= TYPED_CHARS_MAX:
        plain = _IGNORED.sub("", unicodedata.normalize("NFKC", typed)).upper()
        found = _SHAPE.fullmatch(plain.translate(_READ_AS))
    if found is None:
        raise CouponUnreadable(
            "A coupon code is c1. and 26 letters or digits; scan it again.",
            "券码由 c1. 和 26 位字母数字组成,请重新扫描。",
        )
    symbols, check, live = found.groups()
    if check is not None and check != check_symbol(symbols):
        raise CouponMistyped(
            "One of the symbols is wrong: the last one checks the others. Read it again.",
            "券码有误:末位校验符不符,请核对后重新输入。",
        )
    return Coupon(_number(symbols[:_BUCKET_SYMBOLS]), digest(PREFIX + symbols), live)


def check_symbol(symbols: str) -> str:
    """The symbol behind a code: it tells every wrong symbol, and any two that changed places."""
    return CHECKS[_number(symbols) % len(CHECKS)]


def spelled(code: str) -> str:
    """A code to read aloud or type: with its check symbol, in groups of four."""
    symbols = code.removeprefix(PREFIX)
    symbols += check_symbol(symbols)
    groups = [symbols[at : at + _GROUP] for at in range(0, len(symbols), _GROUP)]
    return f"{PREFIX} {' '.join(groups)}"


def qr_svg(code: str) -> bytes:
    """The code as a QR picture that any screen can show: SVG, about 2 kB."""
    picture = io.BytesIO()
    qr = segno.make_qr(code, error="m")
    qr.save(picture, kind="svg", scale=8, border=4, light="white", xmldecl=False)
    return picture.getvalue()


def qr_png(code: str) -> bytes:
    """The same as PNG, for programs that cannot draw SVG."""
    picture = io.BytesIO()
    segno.make_qr(code, error="m").save(picture, kind="png", scale=8, border=4)
    return picture.getvalue()


def _number(symbols: str) -> int:
    """What the symbols say as a number, five bits each."""
    number = 0
    for symbol in symbols:
        number = number * 32 + SYMBOLS.index(symbol)
    return number


def as_symbols(number: int, length: int) -> str:
    """``number`` in ``length`` symbols, five bits each, the highest first."""
    return "".join(SYMBOLS[number >> 5 * place & 31] for place in reversed(range(length)))
