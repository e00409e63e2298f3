"""Payments: two finance officers, every state tried wrong, twice and late; nothing paid twice."""

import asyncio
import json
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest

from app.approvals import decide, proposals
from app.approvals.errors import SameHands
from app.approvals.propose import propose
from app.main import ACTIONS
from app.merchants import standing
from app.people.errors import WrongOffice
from app.people.register import register_officer
from app.settlement import payouts, payouts_pay
from app.settlement.errors import (
    BankReferenceUsed,
    NothingToPay,
    NotTheBatchsProposal,
    PayoutNotFound,
    WrongPayoutState,
)
from tests import make
from tests.make import NOON, VAULT
from tests.merchants import front_door
from tests.settlement.books import (
    DAY,
    NEXT,
    NEXT_NIGHT,
    NIGHT,
    finance,
    read,
    refunded,
    sell,
    stall,
)
from tests.settlement.books import (
    close as close_day,
)
from tests.settlement.paying import PAYABLE, approve, clean, owed, payments, proposed


async def test_from_a_closed_day_to_the_banks_reference(database, tx):
    """One officer proposes, another approves, the bank's file is exported, the bank pays."""
    ours, maker, checker = await owed(database, tx)
    made = await proposed(tx, maker)
    assert (made.payouts, made.fen) == (1, 2 * PAYABLE)
    await approve(tx, made, checker)
    [payment] = await payments(tx, made)
    assert (payment.state, payment.days, payment.merchant_id) == (
        "approved",
        [DAY],
        ours.merchant.id,
    )
    assert payment.bank_account.endswith("1234")
    assert "62220000" not in payment.bank_account
    exported = await payouts_pay.bank_file(
        tx, batch_id=made.batch_id, officer_id=maker, vault=VAULT, now=NIGHT
    )
    assert b"6222000000001234" in exported.content
    told = json.loads(exported.manifest)
    assert (told["payouts"], told["fen"]) == (1, 2 * PAYABLE)
    assert told["files"][0]["sha256"] == sha256(exported.content).hexdigest()
    assert b"6222000000001234" not in exported.manifest
    for _ in range(2):  # twice is once
        await payouts_pay.mark_paid(
            tx, payout_id=payment.id, bank_reference="B-1", officer_id=checker, now=NIGHT
        )
    [paid] = await payments(tx, made)
    assert (paid.state, paid.bank_reference) == ("paid", "B-1")
    again = await payouts_pay.bank_file(
        tx, batch_id=made.batch_id, officer_id=maker, vault=VAULT, now=NIGHT
    )
    assert again == exported
    with pytest.raises(NothingToPay):
        await proposed(tx, maker)
    await clean(tx)


async def test_two_finance_officers_are_needed(database, tx):
    """The maker cannot approve, nor can an officer of another office propose, approve or pay."""
    _, maker, checker = await owed(database, tx)
    clerk = await register_officer(tx, name=f"c-{uuid4()}", role="reviewer", now=NOON)
    with pytest.raises(WrongOffice):
        await proposed(tx, clerk)
    made = await proposed(tx, maker)
    for officer_id, refusal in ((maker, SameHands), (clerk, WrongOffice)):
        with pytest.raises(refusal):
            async with database.writing() as part:
                await approve(part, made, officer_id)
    [payment] = await payments(tx, made)
    assert payment.state == "proposed"
    await approve(tx, made, checker)
    for act in (
        payouts_pay.mark_paid(
            tx, payout_id=payment.id, bank_reference="B-1", officer_id=clerk, now=NIGHT
        ),
        payouts_pay.mark_returned(
            tx, payout_id=payment.id, reason="x", officer_id=clerk, now=NIGHT
        ),
        payouts_pay.bank_file(tx, batch_id=made.batch_id, officer_id=clerk, vault=VAULT, now=NIGHT),
    ):
        with pytest.raises(WrongOffice):
            await act


async def test_every_step_in_the_wrong_state_is_refused(database, tx):
    """Before the approval nothing is exported or paid; after it, nothing is paid another way."""
    _, maker, checker = await owed(database, tx)
    made = await proposed(tx, maker)
    [payment] = await payments(tx, made)

    async def paid(reference="B-1", payout_id=payment.id):
        await payouts_pay.mark_paid(
            tx, payout_id=payout_id, bank_reference=reference, officer_id=checker, now=NIGHT
        )

    async def returned(payout_id=payment.id):
        await payouts_pay.mark_returned(
            tx, payout_id=payout_id, reason="closed", officer_id=checker, now=NIGHT
        )

    async def exported(batch_id=made.batch_id):
        await payouts_pay.bank_file(
            tx, batch_id=batch_id, officer_id=checker, vault=VAULT, now=NIGHT
        )

    for early in (paid, returned, exported):
        with pytest.raises(WrongPayoutState):
            await early()
    for unknown in (paid("B-1", uuid4()), returned(uuid4()), exported(uuid4())):
        with pytest.raises(PayoutNotFound):
            await unknown
    await approve(tx, made, checker)
    await paid()
    for late in (paid("B-2"), returned()):
        with pytest.raises(WrongPayoutState):
            await late
    payload = {"batch_id": str(made.batch_id), "payouts": 1, "fen": 2 * PAYABLE}
    with pytest.raises(WrongPayoutState):
        await payouts.apply(tx, payload=payload, now=NIGHT)
    for nonsense in ({}, {"batch_id": str(uuid4())}):
        with pytest.raises(PayoutNotFound):
            await payouts.apply(tx, payload=nonsense, now=NIGHT)


async def test_a_proposal_written_by_hand_pays_nobody(database, tx):
    """Beside the batch's own proposal another one about it is refused when it is approved."""
    _, maker, checker = await owed(database, tx)
    made = await proposed(tx, maker)
    payload = {"batch_id": str(made.batch_id), "payouts": 1, "fen": 2 * PAYABLE}
    forged = await propose(
        tx, kind=payouts.KIND, payload=payload, reason="x", officer_id=uuid4(), now=NIGHT
    )
    with pytest.raises(NotTheBatchsProposal):
        async with database.writing() as part:
            await decide.approve(
                part, proposal_id=forged, officer_id=checker, actions=ACTIONS, now=NIGHT
            )
    assert (await proposals.decision(tx, proposal_id=made.proposal_id)).verdict is None


async def test_what_the_bank_sends_back_is_in_the_next_batch(database, tx):
    """A returned payment frees its days; a rejected proposal does so too."""
    _, maker, checker = await owed(database, tx)
    first = await proposed(tx, maker)
    with pytest.raises(NothingToPay):
        await proposed(tx, checker)
    await decide.reject(tx, proposal_id=first.proposal_id, officer_id=checker, now=NIGHT)
    second = await proposed(tx, maker)
    assert [each.state for each in await payments(tx, first)] == ["returned"]
    await approve(tx, second, checker)
    [payment] = await payments(tx, second)
    for _ in range(2):
        await payouts_pay.mark_returned(
            tx, payout_id=payment.id, reason="Account closed.", officer_id=maker, now=NIGHT
        )
    third = await proposed(tx, maker)
    assert (third.fen, len({first.batch_id, second.batch_id, third.batch_id})) == (2 * PAYABLE, 3)
    await clean(tx)


async def test_a_day_below_zero_is_carried_over(database, tx):
    """More refunds than sales pay nothing; the next good day pays what is left of both."""
    ours, maker, checker = await owed(database, tx, sales=1)
    await approve(tx, await proposed(tx, maker), checker)
    await refunded(tx, ours, "A-0", "R-0", 100, now=NOON + timedelta(days=1))
    assert await close_day(database, now=NEXT_NIGHT) == [NEXT]
    with pytest.raises(NothingToPay):
        await proposed(tx, maker, through=NEXT)
    for n in range(3):
        await sell(tx, ours, f"C-{n}", now=NOON + timedelta(days=2))
    await close_day(database, now=NEXT_NIGHT + timedelta(days=1))
    made = await proposed(tx, maker, through=NEXT + timedelta(days=1))
    assert made.fen == 3 * PAYABLE - PAYABLE
    [payment] = await payments(tx, made)
    assert payment.days == [NEXT, NEXT + timedelta(days=1)]
    await clean(tx)


async def test_a_suspended_merchant_waits(database, tx):
    """It is not proposed; suspended after the proposal, its payment returns when it is approved."""
    ours, maker, checker = await owed(database, tx)
    nobodys = await stall(tx, by=await make.merchant(tx))  # no bank account is known
    await sell(tx, nobodys, "A-1", now=NIGHT)
    made = await proposed(tx, maker)
    assert made.payouts == 1
    await standing.suspend(
        tx, merchant_id=ours.merchant.id, reason="x", officer_id=maker, now=NIGHT
    )
    await approve(tx, made, checker)
    [payment] = await payments(tx, made)
    assert (payment.state, payment.reason) == ("returned", "the merchant is suspended")
    with pytest.raises(NothingToPay):
        await proposed(tx, maker)
    exported = await payouts_pay.bank_file(
        tx, batch_id=made.batch_id, officer_id=maker, vault=VAULT, now=NIGHT
    )
    assert json.loads(exported.manifest)["payouts"] == 0
    await clean(tx)


async def test_a_reference_pays_one_payment(database, tx):
    """The bank's number of one payment is refused for another."""
    first = await stall(tx, by=await front_door.onboarded(tx))
    second = await stall(tx, by=await front_door.onboarded(tx))
    for each in (first, second):
        await sell(tx, each, "A-1")
    await close_day(database)
    maker, checker = await finance(tx), await finance(tx)
    made = await proposed(tx, maker)
    await approve(tx, made, checker)
    one, other = await payments(tx, made)

    async def paid(payout_id: UUID):
        await payouts_pay.mark_paid(
            tx, payout_id=payout_id, bank_reference="B-1", officer_id=maker, now=NIGHT
        )

    await paid(one.id)
    with pytest.raises(BankReferenceUsed):
        await paid(other.id)
    assert [each.state for each in await payments(tx, made)] == ["paid", "approved"]
    await clean(tx)


async def test_officers_who_propose_together_make_one_batch(committing):
    """Six proposals at once: one carries the days, five find nothing to pay."""
    async with committing.writing() as tx:
        ours = await stall(tx, by=await front_door.onboarded(tx))
        await sell(tx, ours, "A-1")
        makers = [await finance(tx) for _ in range(6)]
    await close_day(committing)

    async def attempt(officer_id):
        try:
            async with committing.writing() as tx:
                return (await proposed(tx, officer_id)).fen
        except NothingToPay:
            return None

    answers = await asyncio.gather(*(attempt(each) for each in makers))
    assert sorted(answers, key=str) == [PAYABLE, None, None, None, None, None]
    async with committing.snapshot() as tx:
        await clean(tx)


def test_the_bank_file_is_read_as_any_csv(tmp_path):
    """The reader of the tests agrees with the writer about a formula in a name."""
    from app.settlement import files

    content = files.table(("a", "b"), [("=1+1", -5), ("'x", 0)])
    assert content.decode("utf-8-sig") == "a,b\r\n'=1+1,-5\r\n''x,0\r\n"
    assert read(content + b"total\r\n1\r\n")[0][0] == {"a": "'=1+1", "b": "-5"}
