"""Builders of merchants that are paid elsewhere."""

from uuid import UUID, uuid4

from app.approvals import decide
from app.database import Tx
from app.main import ACTIONS
from app.merchants import change_account
from app.merchants.change_account import Proposed, Wished
from app.people import officers
from app.people.register import register_officer
from tests.make import NOON, VAULT

NEW = Wished("新银行", "街角咖啡有限公司", "6222 0000 0000 9876")


async def finance(tx: Tx) -> UUID:
    """An officer of finance whom nobody else has."""
    return await register_officer(tx, name=f"f-{uuid4()}", role=officers.FINANCE, now=NOON)


async def asked(tx: Tx, merchant_id: UUID, *, by: UUID | None = None, now=NOON) -> Proposed:
    """A change that waits for the second officer."""
    return await change_account.change(
        tx,
        merchant_id=merchant_id,
        wished=NEW,
        reason="Letter with seal.",
        officer_id=by or await finance(tx),
        vault=VAULT,
        now=now,
    )


async def agree(tx: Tx, made: Proposed, *, by: UUID | None = None, now=NOON) -> None:
    """The second officer presses the button."""
    officer_id = by or await finance(tx)
    await decide.approve(
        tx, proposal_id=made.proposal_id, officer_id=officer_id, actions=ACTIONS, now=now
    )


async def moved(tx: Tx, merchant_id: UUID, *, now=NOON) -> Proposed:
    """A change on which two agreed; it pays in a week."""
    made = await asked(tx, merchant_id, now=now)
    await agree(tx, made, now=now)
    return made
