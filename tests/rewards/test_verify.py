"""`puhui verify` finds what is broken in this room."""

import pytest

from app.rewards import verify
from tests import make
from tests.rewards.counter import claim, code, till

BREAKAGES = {
    "rewards.held_points_are_open_redemptions": "UPDATE balance SET held = held + 1",
    "rewards.stock_left_and_taken_is_initial": "UPDATE offer_stock SET remaining = remaining - 1",
    "rewards.uses_are_redemptions_within_the_limit": "UPDATE offer_use SET used = used + 1",
    "rewards.spent_redemptions_have_one_entry": (
        "UPDATE redemption SET state = 2, resolved_at = created_at WHERE state = 1"
    ),
    "rewards.spent_redemptions_have_one_scan": ("UPDATE redemption SET state = 3 WHERE state = 2"),
}


@pytest.mark.parametrize("name", BREAKAGES)
async def test_each_check_sees_its_breach(tx, name):
    """A single wrong row is counted by the check that is there for it."""
    anna = await make.rich(tx)
    offer = await make.offer(tx)
    await till(tx, offer, code(anna, (await claim(tx, anna, offer)).redemption_id))
    await claim(tx, anna, offer)
    before = {check.name: check for check in await verify.breaches(tx)}
    assert set(before) == set(BREAKAGES)
    assert all(check.rows >= 1 and check.breaches == 0 for check in before.values())

    await tx.execute(BREAKAGES[name])

    after = {check.name: check for check in await verify.breaches(tx)}
    assert after[name].breaches >= 1
