"""Builders of payments: a closed day that is owed, a batch, and who agrees to it."""

from app.approvals import decide
from app.main import ACTIONS
from app.settlement import payouts, payouts_read, verify
from tests.make import VAULT
from tests.merchants import front_door
from tests.settlement.books import DAY, NIGHT, finance, sell, stall
from tests.settlement.books import close as close_day

PAYABLE = 501 + 200
"""Of 1,001 fen the government pays 501 and the carbon revenue 200."""


async def owed(database, tx, *, sales: int = 2):
    """A merchant with a bank account, a closed day and two officers of finance."""
    ours = await stall(tx, by=await front_door.onboarded(tx))
    for n in range(sales):
        await sell(tx, ours, f"A-{n}")
    await close_day(database)
    return ours, await finance(tx), await finance(tx)


async def proposed(tx, officer_id, *, through=DAY):
    """A batch that waits."""
    return await payouts.propose_batch(
        tx, through=through, reason="Weekly.", officer_id=officer_id, vault=VAULT, now=NIGHT
    )


async def approve(tx, made, officer_id):
    """The second officer presses the button."""
    await decide.approve(
        tx, proposal_id=made.proposal_id, officer_id=officer_id, actions=ACTIONS, now=NIGHT
    )


async def payments(tx, made):
    """What became of a batch's payments."""
    return await payouts_read.payments(tx, batch_id=made.batch_id)


async def clean(tx):
    """No check of the room finds anything."""
    assert [each for each in await verify.checks(tx) if each.breaches] == []
