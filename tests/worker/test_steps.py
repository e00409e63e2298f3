"""What the worker does each minute: safe to repeat, and one failure stops nobody else."""

from datetime import timedelta

import pytest

from app import worker
from app.ids import bucket_of, new_id
from app.jobs import later
from app.ledger import balances
from app.notices.enqueue import enqueue
from app.rewards import release
from app.rewards.redeem import redeem
from tests import make
from tests.make import NOON

TOMORROW = NOON + timedelta(hours=24)


class Kept:
    """A channel that keeps what it is given, or refuses it."""

    def __init__(self, *, broken: bool = False) -> None:
        self.messages = []
        self.broken = broken

    async def send(self, messages):
        if self.broken:
            raise OSError("the push service is away")
        self.messages += messages


async def held(database, citizens: int):
    """Citizens of different buckets who let a coupon run out."""
    async with database.writing() as tx:
        offer = await make.offer(tx, stock=100)
        people = make.strangers(citizens)
        for each in people:
            await make.points(tx, each, 1_000)
            await redeem(tx, account_id=each, offer_id=offer.id, coupon_key=b"k" * 32, now=NOON)
    return people


async def test_late_holds_of_all_buckets_come_back(committing):
    """One call frees every late hold, bucket by bucket; a second one finds nothing."""
    people = await held(committing, 5)

    assert await worker.release_late_holds(committing, now=NOON) == 0
    assert await worker.release_late_holds(committing, now=TOMORROW) == 5
    assert await worker.release_late_holds(committing, now=TOMORROW) == 0

    async with committing.reading() as tx:
        for each in people:
            assert (await balances.balance(tx, account_id=each)).held == 0


async def test_a_bucket_that_fails_does_not_stop_the_others(committing, monkeypatch):
    """It is logged, left as it was, and found again in the next minute."""
    people = await held(committing, 5)
    unlucky = bucket_of(people[2])
    real = release.release_late

    async def fails_once(tx, *, bucket, limit, now):
        released = await real(tx, bucket=bucket, limit=limit, now=now)
        if bucket == unlucky:
            raise RuntimeError("planted")
        return released

    monkeypatch.setattr(release, "release_late", fails_once)
    assert await worker.release_late_holds(committing, now=TOMORROW) == 4
    monkeypatch.undo()
    assert await worker.release_late_holds(committing, now=TOMORROW) == 1


async def test_the_outbox_is_emptied(database):
    """Every promised message is sent, in steps, and then gone."""
    async with database.writing() as tx:
        facts = {make.account(): {"points": n} for n in range(1_203)}
        await enqueue(tx, template="points_earned", facts_of=facts, now=NOON)
    channel = Kept()

    assert await worker.deliver_notices(database, channel=channel) == 1_203

    assert {each.account_id for each in channel.messages} == set(facts)
    assert await worker.deliver_notices(database, channel=channel) == 0


async def test_a_channel_that_fails_keeps_the_messages(database):
    """Nothing is lost while the push service is away."""
    async with database.writing() as tx:
        await enqueue(tx, template="points_earned", facts_of={make.account(): {}}, now=NOON)
    with pytest.raises(OSError, match="away"):
        await worker.deliver_notices(database, channel=Kept(broken=True))
    channel = Kept()
    assert await worker.deliver_notices(database, channel=channel) == 1


async def test_months_to_come_have_their_partitions(committing):
    """Running it every day makes each month once."""
    await worker.ensure_partitions(committing)
    await worker.ensure_partitions(committing)
    async with committing.reading() as tx:
        rows = await tx.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'entry'::regclass"
            " AND inhrelid::regclass::text >= to_char(now() AT TIME ZONE 'UTC', '\"entry_\"YYYY_MM')"
        )
        assert (await rows.fetchone())[0] == worker.MONTHS_AHEAD + 2  # this month, and the rest


async def test_no_commit_no_job(database):
    """A promise made in a transaction that is undone was never made."""
    with pytest.raises(RuntimeError):
        async with database.writing() as tx:
            await later(tx, task="pay_out", payout_id=str(new_id()))
            raise RuntimeError("planted")
    async with database.writing() as tx:
        job_id = await later(tx, task="pay_out", after=timedelta(minutes=5), payout_id="7")
        rows = await tx.execute(
            "SELECT id, task_name, args, scheduled_at - now() FROM queue.procrastinate_jobs"
        )
        [(found, task, arguments, wait)] = await rows.fetchall()
    assert (found, task, arguments) == (job_id, "pay_out", {"payout_id": "7"})
    assert timedelta(minutes=4) < wait < timedelta(minutes=6)
