"""Where a merchant is paid changes by two people, after a week, and not behind its back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.approvals import decide
from app.approvals.errors import SameHands
from app.approvals.propose import propose
from app.main import ACTIONS
from app.merchants import account_changes, accounts, change_account
from app.merchants.change_account import COOLING, KIND
from app.merchants.errors import (
    AccountChangeNotFound,
    AccountChangeWaiting,
    NotItsProposal,
    WrongAccountState,
)
from app.people.errors import WrongOffice
from app.people.register import register_officer
from app.people.seats import Role
from app.settlement import payouts, payouts_pay
from tests.make import NOON, VAULT, merchant_headers, officer_headers
from tests.merchants import front_door
from tests.merchants.moving import NEW, agree, asked, finance, moved
from tests.settlement.books import DAY, NIGHT
from tests.settlement.paying import approve, clean, owed, payments, proposed

OLD_DIGITS, NEW_DIGITS = "6222000000001234", "6222000000009876"


async def paid_at(tx, merchant_id, now):
    """The last digits of the account at which the merchant is paid."""
    return (await accounts.masked(tx, merchant_ids=[merchant_id], vault=VAULT, now=now))[
        merchant_id
    ].bank_account


async def states(tx, merchant_id, now=NOON):
    """How far each change has come, the newest first."""
    return [
        each.state
        for each in await account_changes.of(tx, merchant_id=merchant_id, vault=VAULT, now=now)
    ]


async def test_a_new_account_waits_a_week(tx):
    """Until a week after the approval the old one is paid; from that moment on the new one."""
    merchant = await front_door.onboarded(tx)
    made = await asked(tx, merchant.id)
    assert await states(tx, merchant.id) == ["proposed"]
    approved_at = NOON + timedelta(days=2)
    await agree(tx, made, now=approved_at)
    due = approved_at + COOLING
    before = due - timedelta(microseconds=1)
    assert await paid_at(tx, merchant.id, before) == "**** 1234"
    assert await states(tx, merchant.id, before) == ["approved"]
    assert await paid_at(tx, merchant.id, due) == "**** 9876"
    assert await states(tx, merchant.id, due) == ["in_force"]
    await moved(tx, merchant.id, now=due)
    assert await states(tx, merchant.id, due + COOLING) == ["in_force", "replaced"]


async def test_two_officers_of_finance_are_needed(database, tx):
    """Nobody of another office writes it down or agrees, and nobody agrees with themselves."""
    merchant, maker = await front_door.onboarded(tx), await finance(tx)
    clerk = await register_officer(tx, name=f"c-{uuid4()}", role="reviewer", now=NOON)
    with pytest.raises(WrongOffice):
        await asked(tx, merchant.id, by=clerk)
    made = await asked(tx, merchant.id, by=maker)
    for officer_id, refusal in ((maker, SameHands), (clerk, WrongOffice)):
        with pytest.raises(refusal):
            async with database.writing() as part:
                await agree(part, made, by=officer_id)
    payload = {"change_id": str(made.change_id), "merchant_id": str(merchant.id)}
    forged = await propose(tx, kind=KIND, payload=payload, reason="x", officer_id=uuid4(), now=NOON)
    with pytest.raises(NotItsProposal):
        async with database.writing() as part:
            await decide.approve(
                part, proposal_id=forged, officer_id=maker, actions=ACTIONS, now=NOON
            )
    assert await states(tx, merchant.id) == ["proposed"]


async def test_one_change_at_a_time_and_the_same_is_the_same(tx):
    """Sent twice it is one proposal; another one waits until the first is decided or rejected."""
    merchant, maker = await front_door.onboarded(tx), await finance(tx)
    made = await asked(tx, merchant.id, by=maker)
    assert await asked(tx, merchant.id, by=maker) == made
    with pytest.raises(AccountChangeWaiting):
        await asked(tx, merchant.id)
    await decide.reject(tx, proposal_id=made.proposal_id, officer_id=await finance(tx), now=NOON)
    assert await states(tx, merchant.id) == ["refused"]
    again = await asked(tx, merchant.id)
    assert await states(tx, merchant.id) == ["proposed", "refused"]
    assert again.change_id != made.change_id


async def test_the_merchant_may_object_until_the_first_payment(database, tx):
    """An objection ends a change for ever, before or after its approval; afterwards it is late."""
    merchant, other = await front_door.onboarded(tx), await front_door.onboarded(tx)

    async def stop(made, *, whose=merchant, now=NOON):
        async with database.writing() as part:
            await change_account.stop(
                part, merchant_id=whose.id, change_id=made.change_id, actor="staff:x", now=now
            )

    first = await asked(tx, merchant.id)
    with pytest.raises(AccountChangeNotFound):
        await stop(first, whose=other)
    await stop(first)
    with pytest.raises(WrongAccountState):
        async with database.writing() as part:
            await agree(part, first)
    second = await moved(tx, merchant.id)
    await stop(second, now=NOON + COOLING - timedelta(seconds=61))
    await stop(second, now=NOON + COOLING)  # twice is once, late or not
    assert await paid_at(tx, merchant.id, NOON + 2 * COOLING) == "**** 1234"
    third = await moved(tx, merchant.id)
    with pytest.raises(WrongAccountState):
        await stop(third, now=NOON + COOLING - timedelta(seconds=60))
    assert await states(tx, merchant.id, NOON + COOLING) == ["in_force", "stopped", "stopped"]


async def test_a_payment_keeps_the_account_it_was_proposed_with(database, tx):
    """A batch of before the change is exported to the old account after it; the next to the new."""
    ours, maker, checker = await owed(database, tx)
    made = await proposed(tx, maker)
    await approve(tx, made, checker)
    await moved(tx, ours.merchant.id, now=NIGHT)
    later = NIGHT + COOLING

    async def exported(batch):
        file = await payouts_pay.bank_file(
            tx, batch_id=batch.batch_id, officer_id=maker, vault=VAULT, now=later
        )
        return file.content.decode()

    assert OLD_DIGITS in await exported(made)
    assert NEW_DIGITS not in await exported(made)
    [payment] = await payments(tx, made)
    await payouts_pay.mark_returned(
        tx, payout_id=payment.id, reason="Account closed.", officer_id=maker, now=later
    )
    second = await payouts.propose_batch(
        tx, through=DAY, reason="Weekly.", officer_id=maker, vault=VAULT, now=later
    )
    await decide.approve(
        tx, proposal_id=second.proposal_id, officer_id=checker, actions=ACTIONS, now=later
    )
    assert NEW_DIGITS in await exported(second)
    assert [each.bank_account for each in await payments(tx, second)] == ["**** 9876"]
    await clean(tx)


async def test_everybody_is_told_and_nobody_sees_the_number(app, client, keys, tx):
    """Over HTTP: two officers, the notice in two languages, an objection; for others it is 404."""
    merchant, other = await front_door.onboarded(tx), await front_door.onboarded(tx)
    maker, checker = [officer_headers(keys, await finance(tx)) for _ in range(2)]
    path = f"/v1/admin/merchants/{merchant.id}/payout-account-changes"
    body = {
        "bank_name": NEW.bank_name,
        "bank_holder": NEW.bank_holder,
        "bank_account": NEW.bank_account,
        "reason": "Letter with seal.",
    }
    made = await client.post(path, json=body, headers=maker)
    assert made.status_code == 201, made.text
    assert (await client.post(path, json=body, headers=maker)).json() == made.json()
    wrong = await client.post(path, json=body | {"bank_account": "x"}, headers=maker)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "application-unsound")
    nobody = path.replace(str(merchant.id), str(uuid4()))
    assert (await client.post(nobody, json=body, headers=maker)).status_code == 404
    approval = f"/v1/admin/proposals/{made.json()['proposal_id']}/approve"
    assert (await client.post(approval, headers=checker)).status_code == 200

    own = "/v1/merchant/payout-account-changes"
    told = {}
    for language in ("en", "zh-CN"):
        desk = merchant_headers(keys, merchant.id, role=Role.accountant, language=language)
        answer = await client.get(own, headers=desk)
        [told[language]] = answer.json()["items"]
        assert NEW_DIGITS not in answer.text
    assert told["en"]["state"] == "approved"
    assert "2026-03-08" in told["en"]["notice"]
    assert "异议" in told["zh-CN"]["notice"]
    listed = await client.get(path, headers=checker)
    assert NEW_DIGITS not in listed.text
    assert listed.json()["items"][0]["decided_by"] is not None
    proposals = await client.get("/v1/admin/proposals", headers=checker)
    assert NEW_DIGITS not in proposals.text

    objection = f"{own}/{made.json()['change_id']}/object"
    foreign = await client.post(objection, headers=merchant_headers(keys, other.id))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "account-change-not-found")
    clerk = merchant_headers(keys, merchant.id, role=Role.accountant)
    assert (await client.post(objection, headers=clerk)).status_code == 403
    for _ in range(2):
        done = await client.post(objection, headers=merchant_headers(keys, merchant.id))
        assert done.status_code == 204
    assert await states(tx, merchant.id) == ["stopped"]


async def test_finance_sees_the_account_that_is_paid(client, keys, tx):
    """In full it is the new one, once its week is over."""
    merchant, desk = await front_door.onboarded(tx), await finance(tx)
    await moved(tx, merchant.id, now=NOON - COOLING)
    path = f"/v1/admin/merchants/{merchant.id}/payout-account"
    answer = await client.post(path, headers=officer_headers(keys, desk))
    assert answer.json()["bank_account"] == NEW_DIGITS
