"""Use case: a till takes coupons, and the merchant is owed their points. Once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.merchants import directory
from app.rewards import coupons, coupons_found, coupons_rules, rotating, rules
from app.rewards.coupons_found import Found, Goods
from app.rewards.coupons_rules import Desk
from app.rewards.errors import SaleRepeated, SaleUndone
from app.rewards.scan_spend import Taken, other_coupon, spend

SALES_MAX = 20
"""Coupons in one call."""
_NOBODY = Desk("-")


@dataclass(frozen=True, slots=True)
class Scanned(Goods):
    """A coupon that was spent, and the merchant's own number for the sale."""

    order_no: str
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class Sale:
    """One coupon, as it was scanned or typed, and the merchant's own number for it."""

    order_no: str
    coupon: str


async def scan(
    tx: Tx,
    *,
    merchant_id: UUID,
    order_no: str,
    coupon: str,
    now: datetime,
    desk: Desk = _NOBODY,
    coupon_key: bytes = b"",
) -> Scanned:
    """Spend one coupon in favour of the merchant; `scan_many` of a single sale.

    Raises:
        DomainError: as `scan_many`.

    """
    sale = Sale(order_no, coupon)
    [scanned] = await scan_many(
        tx, merchant_id=merchant_id, sales=[sale], now=now, desk=desk, coupon_key=coupon_key
    )
    return scanned


async def scan_many(
    tx: Tx,
    *,
    merchant_id: UUID,
    sales: Sequence[Sale],
    now: datetime,
    desk: Desk,
    coupon_key: bytes,
) -> list[Scanned]:
    """Spend all of the coupons or none; the same order numbers answer the same.

    The redemptions are locked first, by the codes' digests and by the merchant, so of many tills
    one is paid and the others see what it did. Then balances, then the order numbers.

    Args:
        tx: the caller's transaction.
        merchant_id: whose till it is; another merchant's coupon does not exist for it.
        sales: at most `SALES_MAX`; a retry sends the same order numbers again.
        now: when (UTC).
        desk: who stands at the counter.
        coupon_key: the key that codes are worked out with, for those that rotate.

    Raises:
        CouponUnreadable: it cannot be one of our codes.
        CouponMistyped: its check symbol does not fit.
        CouponNotFound: this merchant has no such coupon.
        MerchantCodeInstead: the offer hands out the merchant's own codes.
        CouponElsewhere: it is bound to other stores.
        CouponAtOtherTill: another till has it in hand.
        CouponNotOpen: spent under another number, cancelled, or too late.
        LiveCodeNeeded: its code rotates.
        CodeStale: the live code is old, or was used.
        OrderNumberUsed: a number stands for another coupon.
        SaleUndone: the sale under this number was undone.
        SaleRepeated: a coupon or a number is named twice.
        MerchantSuspended: the merchant may not take coupons now.

    """
    assert len(sales) <= SALES_MAX, "the edge bounds what one call asks for"
    asked = [coupons.read(each.coupon) for each in sales]
    _ensure_distinct(sales, asked)
    locked = await coupons_found.lock(tx, merchant_id=merchant_id, asked=asked)
    before = await sold(tx, merchant_id=merchant_id, order_nos=[each.order_no for each in sales])
    taken = []
    for sale, code in zip(sales, asked, strict=True):
        found = locked.get((code.bucket, code.digest))
        if found is None:
            raise coupons_found.not_found()
        if sale.order_no in before:
            ensure_same(before[sale.order_no], sale.order_no, found.id)
        else:
            step = _usable(found, code.live, desk=desk, coupon_key=coupon_key, now=now)
            taken.append(Taken(sale.order_no, found, step))
    if taken:
        await directory.ensure_active(tx, merchant_id=merchant_id)
        await spend(tx, merchant_id=merchant_id, taken=taken, now=now, desk=desk)
    answers = {order_no: scanned for order_no, (scanned, _) in before.items()}
    answers |= {each.order_no: _scanned(each, now) for each in taken}
    return [answers[each.order_no] for each in sales]


async def sold(
    tx: Tx, *, merchant_id: UUID, order_nos: Sequence[str]
) -> Mapping[str, tuple[Scanned, bool]]:
    """What these order numbers stand for, and whether it was undone.

    Read in a statement after the lock, so a twin's work is seen.
    """
    rows = await tx.execute(_BEFORE, (merchant_id, list(order_nos)))
    found = [(Scanned(*row[:-1]), row[-1]) async for row in rows]
    return {scanned.order_no: (scanned, undone) for scanned, undone in found}


def ensure_same(known: tuple[Scanned, bool], order_no: str, redemption_id: UUID) -> None:
    """Refuse an order number that stands for something else.

    Raises:
        OrderNumberUsed: for another coupon.
        SaleUndone: for a sale that was undone.

    """
    scanned, undone = known
    if scanned.redemption_id != redemption_id:
        raise other_coupon(order_no)
    if undone:
        raise SaleUndone(
            "The sale under this order number was undone; take the coupon under a new number.",
            "该订单号的核销已撤销,请使用新的订单号重新核销。",
        )


def _usable(
    found: Found, live: str | None, *, desk: Desk, coupon_key: bytes, now: datetime
) -> int | None:
    """The half minute of its live code; refuses a coupon that cannot be spent here and now."""
    coupons_rules.ensure_coupon(merchant_code=found.merchant_code)
    rules.ensure_usable(found.state, found.held_until, now)
    coupons_rules.ensure_here(found.store_ids, desk=desk)
    coupons_rules.ensure_free(found.presented_at, found.presented_by, desk=desk, now=now)
    return live_step(found, live, desk=desk, coupon_key=coupon_key, now=now)


def live_step(
    found: Found, live: str | None, *, desk: Desk, coupon_key: bytes, now: datetime
) -> int | None:
    """The half minute of a live code, None where the code does not rotate.

    A code that this till was shown within the last minute is as good as one shown now.

    Raises:
        LiveCodeNeeded: only the part that does not change was shown.
        CodeStale: it belongs to another time.

    """
    if not found.rotating:
        return None
    assert coupon_key, "who takes rotating codes has the key"
    moments = {now}
    if found.presented_by == desk.actor and coupons_rules.in_hand(found.presented_at, now):
        assert found.presented_at is not None
        moments.add(found.presented_at)
    return rotating.step_shown(
        coupon_key, bucket=found.bucket, redemption_id=found.id, live=live, moments=moments
    )


def _ensure_distinct(sales: Sequence[Sale], asked: Sequence[coupons.Coupon]) -> None:
    numbers = {each.order_no for each in sales}
    digests = {(each.bucket, each.digest) for each in asked}
    if not len(numbers) == len(digests) == len(sales):
        raise SaleRepeated(
            "Name each coupon and each order number once in a call.",
            "同一请求中每个券码和订单号只能出现一次。",
        )


def _scanned(taken: Taken, now: datetime) -> Scanned:
    found = taken.found
    return Scanned(
        order_no=taken.order_no,
        **found.goods,
        scanned_at=now,
    )


_BEFORE = """
SELECT s.redemption_id, r.offer_id, o.title_zh, o.title_en, s.points, k.code, k.name_zh, k.name_en,
       s.order_no, s.scanned_at,
       EXISTS (SELECT FROM coupon_undo u
                WHERE u.merchant_id = s.merchant_id AND u.order_no = s.order_no)
  FROM scan s
  JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                   AND r.id = s.redemption_id
  JOIN offer o ON o.id = r.offer_id
  JOIN unit k ON k.id = r.unit
 WHERE s.merchant_id = %s AND s.order_no = ANY (%s)
"""
