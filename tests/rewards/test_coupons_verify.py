"""`puhui verify` finds what is broken among coupons, sales, undone sales and refunds."""

from uuid import uuid4

import pytest

from app.ids import bucket_of
from app.rewards import coupons_verify, offline, verify
from app.rewards.offline import Batch
from tests import make
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import KEY

PLANTED_SALE = """
INSERT INTO scan (merchant_id, order_no, bucket, account_id, redemption_id, points, scanned_at,
                  cycle, actor, offline)
SELECT merchant_id, 'planted', bucket, account_id, id, points, created_at, 1, '', false
  FROM redemption r WHERE state = 1 AND undone = 0
"""
PLANTED_UNDO = """
INSERT INTO coupon_undo (merchant_id, order_no, id, bucket, account_id, redemption_id, points,
                         actor, undone_at)
SELECT merchant_id, order_no, gen_random_uuid(), bucket, account_id, redemption_id, points, '',
       scanned_at FROM scan WHERE order_no = 'R-1'
"""
PLANTED_COUPON = """
INSERT INTO redemption (bucket, account_id, id, unit, offer_id, merchant_id, contra, points,
                        coupon_digest, state, created_at, held_until, slot, face_value_fen,
                        refunded_points)
SELECT (bucket + 1) % 1024, account_id + 1, gen_random_uuid(), unit, offer_id, merchant_id, contra,
       points, coupon_digest, 1, created_at, held_until, slot, face_value_fen, 0
  FROM redemption WHERE state = 1 AND account_id % 1024 < 1023 LIMIT 1
"""
PLANTED_ITEM = """
INSERT INTO offline_item (merchant_id, batch_id, place, id, order_no, accepted_at, outcome,
                          points, made_at)
SELECT merchant_id, batch_id, 99, gen_random_uuid(), 'planted', made_at, 'redeemed', 0, made_at
  FROM offline_item
"""
BREAKAGES = [
    ("rewards.sales_have_one_entry_each", PLANTED_SALE),
    ("rewards.spent_redemptions_have_one_live_sale", PLANTED_SALE),
    (
        "rewards.spent_redemptions_have_one_live_sale",
        "UPDATE redemption SET state = 3 WHERE state = 2",
    ),
    ("rewards.spent_redemptions_have_one_live_sale", PLANTED_UNDO),
    ("rewards.undone_sales_are_refunded", PLANTED_UNDO),
    (
        "rewards.undone_sales_are_refunded",
        "UPDATE redemption SET undone = undone + 1 WHERE state = 1",
    ),
    (
        "rewards.refunds_are_what_the_ledger_says",
        "UPDATE redemption SET refunded_points = refunded_points + 1 WHERE state = 2",
    ),
    (
        "rewards.refunds_are_what_the_ledger_says",
        "UPDATE redemption SET refunded_points = 1 WHERE state = 1",
    ),
    ("rewards.coupon_digests_are_unique", PLANTED_COUPON),
    ("rewards.offline_coupons_are_sales", PLANTED_ITEM),
]


async def a_days_work(tx):
    """One of everything: held, undone, refunded in part, taken offline."""
    offer = await make.offer(tx, stock=9)
    # Whose coupon stays held is not of the last bucket: `PLANTED_COUPON` needs one beside it.
    people = sorted(make.strangers(4), key=bucket_of)
    for each in people:
        await make.points(tx, each, offer.points)
    held = [await shop.held(tx, offer=offer, account_id=each) for each in people]
    _, undone, refunded, away = held
    await shop.take(tx, undone, order_no="U-1")
    await shop.take_back(tx, undone, order_no="U-1")
    await shop.take(tx, refunded, order_no="R-1")
    await shop.give(tx, refunded, 30, order_no="R-1")
    item = offline.read_item(place=0, order_no="O-1", accepted_at=NOON, coupon=away.code)
    await offline.take_batch(
        tx,
        merchant_id=offer.merchant.id,
        batch=Batch(uuid4(), uuid4(), b"f", [item]),
        desk=shop.LEFT,
        coupon_key=KEY,
        now=NOON,
    )


@pytest.mark.parametrize(("name", "breakage"), BREAKAGES)
async def test_each_check_sees_its_breach(tx, name, breakage):
    """A single wrong row is counted by the check that is there for it."""
    await a_days_work(tx)
    before = {check.name: check for check in await verify.breaches(tx)}
    assert set(coupons_verify.CHECKS) <= set(before)
    assert all(before[each].rows >= 1 for each in coupons_verify.CHECKS)
    assert [check for check in before.values() if check.breaches] == []

    await tx.execute(breakage)

    after = {check.name: check for check in await verify.breaches(tx)}
    assert after[name].breaches >= 1


def test_every_check_has_a_breach():
    """A check that nothing can break proves nothing."""
    assert {name for name, _ in BREAKAGES} == set(coupons_verify.CHECKS)
