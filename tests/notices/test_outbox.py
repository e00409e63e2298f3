"""Messages are promised with their cause, and sent until they are gone."""

import asyncio

import pytest

from app.notices.deliver import ConsoleChannel, deliver
from app.notices.enqueue import enqueue
from tests.city import NOON


class Collecting:
    """A channel that remembers what it was given."""

    def __init__(self):
        self.messages = []

    async def send(self, messages):
        """Remember."""
        self.messages += messages


class Failing:
    """A channel that is down."""

    async def send(self, messages):
        """Refuse."""
        raise ConnectionError(f"{len(messages)} not sent")


async def test_a_message_is_sent_and_let_go(tx):
    """One message to each account, with its numbers; afterwards the outbox is empty."""
    facts = {1025: {"points": 18}, 2050: {"points": 57}}
    await enqueue(tx, template="points_earned", facts_of=facts, now=NOON)
    channel = Collecting()

    assert await deliver(tx, channel=channel) == 2
    assert await deliver(tx, channel=channel) == 0
    assert {message.account_id: message.facts for message in channel.messages} == facts


async def test_no_commit_no_message(database, connection):
    """A cause that is undone takes its promise along."""
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as tx:
            await enqueue(tx, template="x", facts_of={1025: {}}, now=NOON)
            raise ZeroDivisionError
    assert await deliver(connection, channel=ConsoleChannel()) == 0


async def test_a_channel_that_is_down_loses_nothing(committing):
    """What could not be sent is there the next time."""
    async with committing.writing() as tx:
        await enqueue(tx, template="x", facts_of={1025: {}}, now=NOON)
    with pytest.raises(ConnectionError):
        async with committing.writing() as tx:
            await deliver(tx, channel=Failing())
    channel = Collecting()
    async with committing.writing() as tx:
        assert await deliver(tx, channel=channel) == 1


async def test_two_workers_send_different_messages(committing):
    """Side by side, each message is sent once."""
    async with committing.writing() as tx:
        facts_of = {1024 * n + n: {} for n in range(1, 101)}
        await enqueue(tx, template="x", facts_of=facts_of, now=NOON)
    channel = Collecting()

    async def work():
        async with committing.writing() as tx:
            return await deliver(tx, channel=channel, limit=60)

    sent = await asyncio.gather(work(), work(), work())
    assert sum(sent) == 100
    assert len({message.id for message in channel.messages}) == 100
