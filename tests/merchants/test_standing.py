"""One officer stops a merchant at once; two let it go on."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.approvals.errors import SameHands
from app.database import savepoint
from app.merchants import directory, history, standing
from app.merchants.errors import (
    MerchantNotFound,
    MerchantSuspended,
    NotItsProposal,
    WrongMerchantState,
)
from tests import make
from tests.make import NOON
from tests.merchants import front_door
from tests.merchants.front_door import CHECKER, MAKER


async def suspend(tx, merchant_id, *, now=NOON):
    """An officer stops a merchant."""
    await standing.suspend(
        tx, merchant_id=merchant_id, reason="Complaints.", officer_id=MAKER, now=now
    )


async def resume(tx, merchant_id):
    """An officer asks to let it go on."""
    return await standing.resume(
        tx, merchant_id=merchant_id, reason="Settled.", officer_id=MAKER, now=NOON
    )


async def state(tx, merchant_id):
    """How a merchant stands."""
    return (await directory.by_id(tx, merchant_id=merchant_id)).state


async def test_a_suspended_merchant_is_not_active(tx):
    """The doors that offers and redemptions ask say no at once, and of several only the others."""
    stopped, other = await make.merchant(tx), await make.merchant(tx)
    assert await directory.active(tx, merchant_id=stopped.id)
    await suspend(tx, stopped.id)
    assert not await directory.active(tx, merchant_id=stopped.id)
    found = await directory.active_among(tx, merchant_ids=[stopped.id, other.id, uuid4()])
    assert found == {other.id}
    assert await directory.active_among(tx, merchant_ids=[]) == frozenset()
    await directory.ensure_active(tx, merchant_id=other.id)
    with pytest.raises(MerchantSuspended):
        await directory.ensure_active(tx, merchant_id=stopped.id)


async def test_two_officers_let_it_go_on(tx):
    """The proposal does nothing; approved by the same hands it is refused, by others it works."""
    merchant = await make.merchant(tx)
    await suspend(tx, merchant.id)
    proposal_id = await resume(tx, merchant.id)
    with pytest.raises(SameHands):
        async with savepoint(tx):
            await front_door.agree(tx, proposal_id, officer_id=MAKER)
    assert await state(tx, merchant.id) == "suspended"
    await front_door.agree(tx, proposal_id, officer_id=CHECKER)
    assert await state(tx, merchant.id) == "active"
    steps = await history.of(tx, subject=merchant.id)
    assert {(each.from_state, each.to_state) for each in steps} == {
        ("new", "active"),
        ("active", "suspended"),
        ("suspended", "active"),
    }


async def test_a_merchant_whose_manager_never_came_goes_back_to_waiting(tx):
    """Resuming gives back what was there, and no more."""
    merchant = await front_door.approved(tx)
    await suspend(tx, merchant.id)
    await front_door.agree(tx, await resume(tx, merchant.id))
    assert await state(tx, merchant.id) == "approved"


async def test_wrong_states_and_strangers_are_refused(tx):
    """Suspending twice, resuming what runs, and anything about nobody."""
    merchant = await make.merchant(tx)
    with pytest.raises(WrongMerchantState):
        await resume(tx, merchant.id)
    await suspend(tx, merchant.id)
    with pytest.raises(WrongMerchantState):
        await suspend(tx, merchant.id)
    for act in (suspend, resume):
        with pytest.raises(MerchantNotFound):
            await act(tx, uuid4())
    for payload in ({}, {"merchant_id": "x"}, {"merchant_id": str(uuid4())}):
        with pytest.raises(MerchantNotFound):
            await standing.apply(tx, payload=payload, now=NOON)


async def test_an_old_proposal_does_not_end_a_new_suspension(tx):
    """What two officers agreed on was about another suspension."""
    merchant = await make.merchant(tx)
    await suspend(tx, merchant.id)
    first, second = await resume(tx, merchant.id), await resume(tx, merchant.id)
    await front_door.agree(tx, first)
    with pytest.raises(WrongMerchantState):
        async with savepoint(tx):
            await front_door.agree(tx, second)
    await suspend(tx, merchant.id, now=NOON + timedelta(days=1))
    with pytest.raises(NotItsProposal):
        async with savepoint(tx):
            await front_door.agree(tx, second)
    assert await state(tx, merchant.id) == "suspended"


async def test_ten_suspensions_at_once_are_one(committing):
    """One officer stops it, nine are told; the history has one line for it."""
    async with committing.writing() as tx:
        merchant = await make.merchant(tx)

    async def stop():
        async with committing.writing() as tx:
            await suspend(tx, merchant.id)

    done = await asyncio.gather(*(stop() for _ in range(10)), return_exceptions=True)
    assert [type(each) for each in done].count(WrongMerchantState) == 9
    async with committing.reading() as tx:
        assert len(await history.of(tx, subject=merchant.id)) == 2
