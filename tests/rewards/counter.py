"""Short ways to say what happens at the counter, and what must be true afterwards."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.rewards import coupons, verify
from app.rewards.redeem import Redeemed, redeem
from app.rewards.scan import Scanned, scan
from tests.make import NOON, Offer

KEY = b"c" * 32
"""The coupon key of the fixtures."""


async def claim(tx: Tx, account_id: int, offer: Offer, *, now: datetime = NOON) -> Redeemed:
    """The citizen claims a unit."""
    return await redeem(tx, account_id=account_id, offer_id=offer.id, coupon_key=KEY, now=now)


def code(account_id: int, redemption_id: UUID) -> str:
    """The coupon of a redemption."""
    return coupons.code_of(KEY, bucket=bucket_of(account_id), redemption_id=redemption_id)


async def till(
    tx: Tx, offer: Offer, coupon: str, *, order_no: str = "A-1", now: datetime = NOON
) -> Scanned:
    """The offer's merchant scans a coupon."""
    return await scan(tx, merchant_id=offer.merchant.id, order_no=order_no, coupon=coupon, now=now)


@dataclass(frozen=True)
class Left:
    """What is left of an offer, and of a citizen's allowance."""

    units: int
    used: int


async def left(tx: Tx, offer_id, account_id) -> Left:
    """Units in stock, and units of this offer that the account holds or has spent."""
    stock = await tx.execute(
        "SELECT sum(remaining)::int FROM offer_stock WHERE offer_id = %s", (offer_id,)
    )
    use = await tx.execute(
        "SELECT used FROM offer_use WHERE bucket = %s AND subject = %s AND offer_id = %s AND kind = 10",
        (account_id % 1024, account_id, offer_id),
    )
    units, used = await stock.fetchone(), await use.fetchone()
    return Left(units[0], used[0] if used else 0)


async def sound(tx: Tx) -> None:
    """Every invariant of the room holds, and was looked at."""
    checks = await verify.breaches(tx)
    assert [check for check in checks if check.breaches] == []
    assert all(check.rows > 0 for check in checks[:3])
