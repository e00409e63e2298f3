"""Codes that change every half minute, so that a picture of a coupon is worth nothing.

Behind the coupon's code stands a dot and eight symbols: a keyed digest of the redemption and of
the half minute. A till accepts the half minute of its question and the two beside it; each takes
a coupon once. A phone asks for the codes of the next minutes and shows them without network.
Never: stored; what is kept of a code that was used is its half minute.

Source: RFC 6238 (time steps, one step either way for clocks that differ).
"""

import hmac
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.rewards import coupons
from app.rewards.errors import CodeStale, LiveCodeNeeded

STEP_S = 30
AHEAD_MINUTES = 10
"""For how long a phone without network can show codes that it asked for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SYMBOLS = 8
_PURPOSE = b"puhui live code 1"


def step_of(at: datetime) -> int:
    """The number of the half minute in which a moment lies."""
    return (at - _EPOCH) // timedelta(seconds=STEP_S)


def begins_at(step: int) -> datetime:
    """The first moment of a half minute (UTC)."""
    return _EPOCH + step * timedelta(seconds=STEP_S)


def live_part(key: bytes, *, bucket: int, redemption_id: UUID, step: int) -> str:
    """The eight symbols of one half minute.

    Args:
        key: the service's coupon key.
        bucket: the citizen's.
        redemption_id: whose coupon.
        step: which half minute, `step_of`.

    """
    message = _PURPOSE + bucket.to_bytes(2, "big") + redemption_id.bytes + step.to_bytes(8, "big")
    mac = hmac.digest(key, message, "sha256")
    return coupons.as_symbols(int.from_bytes(mac[:5], "big"), _SYMBOLS)


def live_code(key: bytes, *, bucket: int, redemption_id: UUID, step: int) -> str:
    """What a phone shows during one half minute."""
    code = coupons.code_of(key, bucket=bucket, redemption_id=redemption_id)
    return f"{code}.{live_part(key, bucket=bucket, redemption_id=redemption_id, step=step)}"


def step_shown(
    key: bytes, *, bucket: int, redemption_id: UUID, live: str | None, moments: Collection[datetime]
) -> int:
    """Which half minute a code belongs to, if it may be shown at one of the moments.

    Args:
        key: the service's coupon key.
        bucket: the citizen's.
        redemption_id: whose coupon.
        live: what stood behind the dot.
        moments: now, and when this till was shown the coupon, if that is a minute ago at most.

    Raises:
        LiveCodeNeeded: there was nothing behind the dot.
        CodeStale: it belongs to another time, or is made up.

    """
    if live is None:
        raise LiveCodeNeeded(
            "This coupon's code changes every 30 seconds: scan it from the phone's coupon page.",
            "该券使用动态码(每 30 秒更新),请扫描手机券页面上的实时二维码。",
        )
    found = None
    for step in {step_of(each) + beside for each in moments for beside in (-1, 0, 1)}:
        part = live_part(key, bucket=bucket, redemption_id=redemption_id, step=step)
        if hmac.compare_digest(part, live):
            found = step
    if found is None:
        raise stale()
    return found


def stale() -> CodeStale:
    """The refusal of a picture: a code of another half minute, or one that was used."""
    return CodeStale(
        "This code has been replaced: it is a picture, or was used. Ask for the live code.",
        "该动态码已失效(可能是截图或已被使用),请出示手机上的实时二维码。",
    )
