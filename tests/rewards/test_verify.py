"""`puhui verify` finds what is broken in this room."""

from datetime import timedelta

import pytest

from app.rewards import codes_import, coupons, funding, pictures, queue, queue_step, verify
from app.rewards.funding_split import Share, Source
from app.rewards.queue_step import DRAW_GRACE
from app.rewards.tables import Delivery, Mode
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, claim, code, till

BREAKAGES = {
    "rewards.held_points_are_open_redemptions": "UPDATE balance SET held = held + 1",
    "rewards.stock_left_and_taken_is_initial": (
        "UPDATE offer_stock SET remaining = remaining - 1 WHERE remaining > 0"
    ),
    "rewards.uses_are_redemptions_within_the_limit": "UPDATE offer_use SET used = used + 1",
    "rewards.coupons_are_priced_in_the_offers_unit": "UPDATE offer SET unit = unit + 1",
    "rewards.offers_name_pictures_that_exist": (
        "UPDATE offer SET picture = '/v1/pictures/' || repeat('0', 64) WHERE picture <> ''"
    ),
    "rewards.codes_are_handed_out_once": (
        "UPDATE offer_code SET state = 1, redemption_id = NULL WHERE state = 2"
    ),
    "rewards.funding_left_and_paid_is_the_budget": (
        "UPDATE funding_slot SET remaining_fen = remaining_fen - 1 WHERE slot = 0"
    ),
    "rewards.funding_splits_are_whole": "UPDATE offer SET face_value_fen = face_value_fen + 1",
    "rewards.draws_are_what_their_seed_says": (
        "UPDATE ticket SET place = 4 - place WHERE place IN (1, 3)"
    ),
    "rewards.granted_tickets_are_redemptions": (
        "UPDATE ticket SET id = gen_random_uuid() WHERE state = 2"
    ),
}


async def a_days_work(tx):
    """One of everything: a coupon spent and one held, a subsidy, a code, a draw."""
    anna = await make.rich(tx)
    budget = await funding.open_budget(
        tx, source=Source.carbon, programme="2026", fen=9_000, now=NOON
    )
    shares = [Share(Source.carbon, 100, budget), Share(Source.merchant, 900)]
    kept = await pictures.keep(
        tx, content=coupons.qr_png("c1"), actor="officer:x", merchant_id=None, now=NOON
    )
    offer = await make.offer(tx, face_value_fen=1_000, funding=shares, picture=kept.path)
    await till(tx, offer, code(anna, (await claim(tx, anna, offer)).redemption_id))
    await claim(tx, anna, offer)

    coded = await make.offer(tx, stock=0, delivery=Delivery.merchant_code)
    codes = await codes_import.receive(tx, offer_id=coded.id, content=b"A\nB", key=KEY, now=NOON)
    await codes_import.import_some(tx, import_id=codes, limit=9, now=NOON)
    await claim(tx, anna, coded)

    draws_at = NOON + timedelta(hours=1)
    drawn = await make.offer(tx, mode=Mode.lottery, draws_at=draws_at, per_citizen=1, stock=2)
    for _ in range(3):
        await queue.take_ticket(
            tx, account_id=await make.rich(tx), offer_id=drawn.id, coupon_key=KEY, now=NOON
        )
    await queue_step.step(tx, offer_id=drawn.id, limit=9, now=draws_at + DRAW_GRACE)


@pytest.mark.parametrize("name", BREAKAGES)
async def test_each_check_sees_its_breach(tx, name):
    """A single wrong row is counted by the check that is there for it."""
    await a_days_work(tx)
    before = {check.name: check for check in await verify.breaches(tx)}
    assert set(BREAKAGES) <= set(before)
    assert all(before[each].rows >= 1 and before[each].breaches == 0 for each in BREAKAGES)

    await tx.execute(BREAKAGES[name])

    after = {check.name: check for check in await verify.breaches(tx)}
    assert after[name].breaches >= 1
