"""A company applies, one officer checks, a second approves; in that order, once, and by two."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from app.approvals import decide, propose
from app.approvals.errors import ProposalDecided, SameHands
from app.database import savepoint
from app.merchants import applications, apply, check, directory, history
from app.merchants.errors import (
    AlreadyApplied,
    ApplicationNotFound,
    ApplicationUnsound,
    MerchantCodeTaken,
    NotItsProposal,
    WrongMerchantState,
)
from tests import make
from tests.make import NOON, VAULT
from tests.merchants import front_door
from tests.merchants.front_door import CHECKER, MAKER


async def refuse(tx, application_id):
    """An officer turns the application down."""
    await check.refuse(
        tx, application_id=application_id, reason="No licence.", officer_id=CHECKER, now=NOON
    )


async def test_two_officers_make_a_merchant(tx):
    """What was applied for is what the merchant is; it is not active before its manager comes."""
    waiting = await front_door.checked(tx)
    await front_door.agree(tx, waiting.proposal_id)
    merchant = await directory.by_code(tx, code=waiting.code)
    assert (merchant.name_zh, merchant.name_en) == ("街角咖啡", "Corner Coffee")
    assert (merchant.category, merchant.district_code) == ("cafe", "321102")
    assert merchant.state == "approved"
    assert not await directory.active(tx, merchant_id=merchant.id)
    application = await applications.by_id(tx, application_id=waiting.id)
    assert (application.state, application.checked_by, application.decided_by) == (
        "approved",
        MAKER,
        CHECKER,
    )


async def test_every_step_is_kept_with_who_and_why(tx):
    """History and audit tell the same story: applied, checked, approved."""
    waiting = await front_door.checked(tx)
    await front_door.agree(tx, waiting.proposal_id)
    steps = await history.of(tx, subject=waiting.id)
    assert [(each.from_state, each.to_state) for each in steps] == [
        ("new", "applied"),
        ("applied", "checked"),
        ("checked", "approved"),
    ]
    assert [each.actor for each in steps] == ["public", f"officer:{MAKER}", f"officer:{CHECKER}"]
    rows = await tx.execute(
        "SELECT action FROM audit_record WHERE subject = %s ORDER BY id",
        (f"application:{waiting.id}",),
    )
    assert [row[0] async for row in rows] == [
        "merchants.applied",
        "merchants.checked",
        "merchants.approved",
    ]


async def test_the_same_application_again_is_the_same(tx):
    """A retry gets the first answer; other details of the same company are refused."""
    first = front_door.asked()
    application_id = await apply.apply(tx, asked=first, vault=VAULT, now=NOON)
    assert await apply.apply(tx, asked=first, vault=VAULT, now=NOON) == application_id
    other = front_door.asked(credit_code=first.credit_code, bank_account="99999999")
    with pytest.raises(AlreadyApplied):
        await apply.apply(tx, asked=other, vault=VAULT, now=NOON)


async def test_ten_applications_at_once_are_one(committing):
    """Of ten impatient clicks one application is made, and all are told its number."""
    asked = front_door.asked()

    async def click():
        async with committing.writing() as tx:
            return await apply.apply(tx, asked=asked, vault=VAULT, now=NOON)

    assert len(set(await asyncio.gather(*(click() for _ in range(10))))) == 1
    async with committing.reading() as tx:
        rows = await tx.execute("SELECT count(*) FROM merchant_contact")
        assert await rows.fetchone() == (1,)


async def test_an_unsound_application_leaves_nothing(tx):
    """A wrong check symbol is refused before anything is written."""
    with pytest.raises(ApplicationUnsound):
        await apply.apply(
            tx, asked=front_door.asked(credit_code="91350100M000100Y44"), vault=VAULT, now=NOON
        )
    assert await applications.page(tx, state="applied", after=None, limit=5) == []


async def test_the_first_officer_cannot_be_the_second(tx):
    """Same hands are refused, and the application still waits."""
    waiting = await front_door.checked(tx)
    with pytest.raises(SameHands):
        await front_door.agree(tx, waiting.proposal_id, officer_id=MAKER)
    assert (await applications.by_id(tx, application_id=waiting.id)).state == "checked"


@pytest.mark.parametrize("own", ["waits", "rejected"])
async def test_a_proposal_written_by_hand_approves_nothing(tx, own):
    """The checker cannot have a colleague propose and then approve what he checked himself."""
    waiting = await front_door.checked(tx)
    if own == "rejected":
        await decide.reject(tx, proposal_id=waiting.proposal_id, officer_id=CHECKER, now=NOON)
    by_hand = await propose.propose(
        tx,
        kind=check.KIND,
        payload={"application_id": str(waiting.id)},
        reason="a favour",
        officer_id=CHECKER,
        now=NOON,
    )
    with pytest.raises(NotItsProposal):
        async with savepoint(tx):
            await front_door.agree(tx, by_hand, officer_id=MAKER)
    assert (await applications.by_id(tx, application_id=waiting.id)).state == "checked"


@pytest.mark.parametrize("payload", [{}, {"application_id": "x"}, {"application_id": str(uuid4())}])
async def test_a_proposal_about_nothing_is_refused(tx, payload):
    """A missing, malformed or unknown id is no application."""
    with pytest.raises(ApplicationNotFound):
        await check.apply(tx, payload=payload, now=NOON)


async def test_a_rejected_check_may_be_made_again(tx):
    """After the second officer said no, the first may check anew; the old proposal stays closed."""
    waiting = await front_door.checked(tx)
    with pytest.raises(WrongMerchantState):  # it still waits for the second officer
        await front_door.checked(tx, application_id=waiting.id)
    await decide.reject(tx, proposal_id=waiting.proposal_id, officer_id=CHECKER, now=NOON)
    again = await front_door.checked(tx, application_id=waiting.id)
    with pytest.raises(ProposalDecided):
        await front_door.agree(tx, waiting.proposal_id)
    await front_door.agree(tx, again.proposal_id)
    assert (await directory.by_code(tx, code=again.code)).state == "approved"


Step = Callable[..., Awaitable[object]]
LATE: dict[str, Step] = {
    "check": lambda tx, waiting: front_door.checked(tx, application_id=waiting.id),
    "refuse": lambda tx, waiting: refuse(tx, waiting.id),
    "approve": lambda tx, waiting: check.apply(
        tx, payload={"application_id": str(waiting.id)}, now=NOON
    ),
}


@pytest.mark.parametrize("step", LATE)
@pytest.mark.parametrize("end", ["approved", "refused"])
async def test_what_is_decided_stays_decided(tx, step, end):
    """After approval and after refusal, nothing more can be done to an application."""
    waiting = await front_door.checked(tx)
    if end == "approved":
        await front_door.agree(tx, waiting.proposal_id)
    else:
        await refuse(tx, waiting.id)
    with pytest.raises(WrongMerchantState) as late:
        await LATE[step](tx, waiting)
    assert late.value.facts == {"state": end}


async def test_what_was_not_checked_cannot_be_approved(tx):
    """The second officer does not come first."""
    application_id = await front_door.applied(tx)
    with pytest.raises(WrongMerchantState):
        await check.apply(tx, payload={"application_id": str(application_id)}, now=NOON)


async def test_after_a_refusal_a_company_may_apply_anew(tx):
    """The refused application stays as it is; the new one goes its own way."""
    asked = front_door.asked()
    first = await apply.apply(tx, asked=asked, vault=VAULT, now=NOON)
    await refuse(tx, first)
    second = await apply.apply(tx, asked=asked, vault=VAULT, now=NOON)
    assert second != first
    assert (await applications.by_id(tx, application_id=first)).refusal == "No licence."


async def test_a_merchants_code_is_its_own(tx):
    """A code in use is refused when it is checked, and again when it was taken meanwhile."""
    known = await make.merchant(tx)
    with pytest.raises(MerchantCodeTaken):
        async with savepoint(tx):
            await front_door.checked(tx, code=known.code)
    one = await front_door.checked(tx, code="same-code")
    other = await front_door.checked(tx, code="same-code")
    await front_door.agree(tx, one.proposal_id)
    with pytest.raises(MerchantCodeTaken):
        async with savepoint(tx):
            await front_door.agree(tx, other.proposal_id)
    assert (await applications.by_id(tx, application_id=other.id)).state == "checked"


async def test_two_second_officers_at_once_make_one_merchant(committing):
    """Of five officers who approve together, one does; the others are told."""
    async with committing.writing() as tx:
        waiting = await front_door.checked(tx)

    async def press():
        async with committing.writing() as tx:
            await front_door.agree(tx, waiting.proposal_id, officer_id=uuid4())

    done = await asyncio.gather(*(press() for _ in range(5)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["NoneType"] + ["ProposalDecided"] * 4


async def test_refusal_and_approval_at_once_is_one_of_them(committing):
    """However the race ends, an application is refused or a merchant, never both."""
    for _ in range(5):
        async with committing.writing() as tx:
            waiting = await front_door.checked(tx)

        async def approve(proposal_id=waiting.proposal_id):
            async with committing.writing() as tx:
                await front_door.agree(tx, proposal_id)

        async def turn_down(application_id=waiting.id):
            async with committing.writing() as tx:
                await refuse(tx, application_id)

        done = await asyncio.gather(approve(), turn_down(), return_exceptions=True)
        assert [type(each) for each in done].count(WrongMerchantState) == 1
        async with committing.reading() as tx:
            found = await directory.page(tx, after=None, state=None, limit=100)
            state = (await applications.by_id(tx, application_id=waiting.id)).state
            assert (state == "approved") == (waiting.code in {each.code for each in found})


async def test_the_account_is_masked_but_for_finance(tx):
    """A list shows four digits; the whole account is read by a door of its own, and that is kept."""
    waiting = await front_door.checked(tx)
    contact = await applications.contact(tx, application_id=waiting.id, vault=VAULT)
    assert contact.contact_name == "王**"
    assert (contact.phone, contact.bank_account) == ("**** 0000", "**** 1234")
    whole = await applications.payout_account(
        tx, application_id=waiting.id, officer_id=CHECKER, vault=VAULT, now=NOON
    )
    assert whole.bank_account == "6222000000001234"
    assert whole.bank_account not in repr(whole)
    row = await tx.execute("SELECT actor FROM audit_record WHERE action = 'merchants.see_account'")
    assert await row.fetchone() == (f"officer:{CHECKER}",)
