"""A shop with a counter: coupons in customers' hands, tills that take them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.ledger import balances
from app.rewards import coupons, rotating
from app.rewards.coupons_present import Presented, present
from app.rewards.coupons_rules import Desk
from app.rewards.refunds import Refunded, refund_sale
from app.rewards.scan import Scanned, scan
from app.rewards.undo import Undone, undo
from tests import make
from tests.make import NOON, Offer
from tests.rewards.counter import KEY, claim

LEFT, RIGHT = Desk("till:left"), Desk("till:right")


@dataclass(frozen=True)
class Held:
    """A coupon that can be used, and whose it is."""

    account_id: int
    offer: Offer
    id: UUID
    code: str
    held_until: datetime

    def live(self, at: datetime) -> str:
        """What the phone shows at a moment."""
        bucket = bucket_of(self.account_id)
        step = rotating.step_of(at)
        return rotating.live_code(KEY, bucket=bucket, redemption_id=self.id, step=step)


async def held(
    tx: Tx,
    *,
    offer: Offer | None = None,
    account_id: int | None = None,
    key: bytes = KEY,
    now: datetime = NOON,
) -> Held:
    """A coupon of 100 points; the citizen, unless named, has no others."""
    offer = offer or await make.offer(tx)
    account_id = account_id or await make.rich(tx, offer.points)
    made = await claim(tx, account_id, offer, now=now)
    code = coupons.code_of(key, bucket=bucket_of(account_id), redemption_id=made.redemption_id)
    return Held(account_id, offer, made.redemption_id, code, made.held_until)


async def ask(tx: Tx, coupon: Held, *, code: str = "", desk=LEFT, now=NOON) -> Presented:
    """A till looks at a coupon."""
    return await present(
        tx,
        merchant_id=coupon.offer.merchant.id,
        coupon=code or coupon.code,
        desk=desk,
        coupon_key=KEY,
        now=now,
    )


async def take(
    tx: Tx, coupon: Held, *, code: str = "", order_no: str = "A-1", desk=LEFT, now=NOON
) -> Scanned:
    """A till takes a coupon."""
    return await scan(
        tx,
        merchant_id=coupon.offer.merchant.id,
        order_no=order_no,
        coupon=code or coupon.code,
        now=now,
        desk=desk,
        coupon_key=KEY,
    )


async def take_back(tx: Tx, coupon: Held, *, order_no: str = "A-1", desk=LEFT, now=NOON) -> Undone:
    """A till takes a sale back."""
    merchant_id = coupon.offer.merchant.id
    return await undo(tx, merchant_id=merchant_id, order_no=order_no, desk=desk, now=now)


async def give(
    tx: Tx, coupon: Held, points: int, *, refund_no: str = "R-1", order_no: str = "A-1", now=NOON
) -> Refunded:
    """A manager gives points of a sale back."""
    return await refund_sale(
        tx,
        merchant_id=coupon.offer.merchant.id,
        order_no=order_no,
        refund_no=refund_no,
        points=points,
        actor="staff:x",
        now=now,
    )


async def purse(tx: Tx, coupon: Held) -> tuple[int, int, int]:
    """What the owner has: available, held, consumed."""
    balance = await balances.balance(tx, account_id=coupon.account_id)
    return balance.available, balance.held, balance.consumed


async def entries(tx: Tx, coupon: Held) -> list[tuple[int, int]]:
    """What the ledger says of the owner: contra and amount, in their order, without earnings."""
    rows = await tx.execute(
        "SELECT contra, amount FROM entry WHERE account_id = %s AND kind <> 1 ORDER BY seq",
        (coupon.account_id,),
    )
    return await rows.fetchall()
