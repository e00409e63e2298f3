"""Who waits in a line or a draw that is taken back is told once, and counted once."""

import asyncio
from datetime import timedelta

import pytest

from app.ids import new_id
from app.ledger import balances
from app.rewards import offers_jobs, queue, queue_step, queue_tend, withdraw_run, withdraw_tell
from app.rewards.queue_tables import TicketState
from app.rewards.tables import Mode
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, sound
from tests.rewards.test_withdraw import clock, take_back


async def tickets_of(committing, mode, people=3):
    """A withdrawn offer with a line or a draw, and those who wait for it."""
    draws_at = NOON + timedelta(hours=1) if mode is Mode.lottery else None
    async with committing.writing() as tx:
        waiting = [await make.rich(tx, 100) for _ in range(people)]
        offer = await make.offer(tx, mode=mode, per_citizen=1, draws_at=draws_at)
        for each in waiting:
            await queue.take_ticket(
                tx, account_id=each, offer_id=offer.id, coupon_key=KEY, now=NOON
            )
        await take_back(tx, offer)
    return offer, waiting


async def ensure_told_once(committing, offer, waiting):
    """Each has the points, one message and a ticket that says why; each is counted once."""
    async with committing.snapshot() as tx:
        told = await tx.execute("SELECT account_id, facts FROM outbox WHERE template = %s", (
            withdraw_tell.TEMPLATE,))  # fmt: skip
        assert sorted((row[0], row[1]["points"]) for row in await told.fetchall()) == sorted(
            (each, 100) for each in waiting
        )
        for each in waiting:
            assert (await balances.balance(tx, account_id=each)).available == 100
            found = await queue.ticket(tx, account_id=each, offer_id=offer.id)
            assert found.state is TicketState.withdrawn
        done = await withdraw_run.progress(tx, offer_id=offer.id)
        assert (done.released, done.points) == (len(waiting), 100 * len(waiting))
        await sound(tx)


@pytest.mark.parametrize("mode", [Mode.queue, Mode.lottery])
async def test_tickets_of_a_withdrawn_offer_return_too(committing, live_client, keys, mode):
    """Whoever waits for it has the points back, is told as a coupon's holder is, and counts."""
    offer, waiting = await tickets_of(committing, mode)

    assert await withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock) == 3
    assert await withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock) == 0

    await ensure_told_once(committing, offer, waiting)
    seen = await live_client.get(
        f"/v1/me/tickets/{offer.id}", headers=make.citizen_headers(keys, waiting[0])
    )
    assert seen.json()["state"] == "withdrawn"
    left = await live_client.post(
        f"/v1/me/tickets/{offer.id}/leave", headers=make.citizen_headers(keys, waiting[0])
    )
    assert (left.status_code, left.json()["state"]) == (409, "withdrawn")
    report = await live_client.get(
        f"/v1/admin/offers/{offer.id}/withdrawal", headers=make.officer_headers(keys, new_id())
    )
    assert (report.json()["released"], report.json()["points"]) == (3, 300)


async def test_a_killed_withdrawal_tells_no_ticket_twice(committing, monkeypatch):
    """Whatever of a chunk was done when it died is undone with it, and the rest is done once."""
    offer, waiting = await tickets_of(committing, Mode.queue)
    async with committing.writing() as tx:
        assert await queue_step.step(tx, offer_id=offer.id, limit=1, now=NOON) == 1

    async def dying(tx, **said):
        await tell(tx, **said)
        raise ConnectionError

    tell = withdraw_tell.tell
    with monkeypatch.context() as patch:
        patch.setattr(withdraw_tell, "tell", dying)
        with pytest.raises(ConnectionError):
            await withdraw_run.make_whole(committing, offer_id=offer.id, clock=clock)
    await asyncio.gather(
        offers_jobs.resume(committing, clock=clock),
        queue_tend.tend_once(committing, clock=clock),
    )
    await queue_tend.tend_once(committing, clock=clock)

    await ensure_told_once(committing, offer, waiting)
