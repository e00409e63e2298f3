"""Citizens hear of the points they earned: every one once, and of nothing else."""

import pytest

from app.ledger import follow
from app.ledger.units import POINTS
from app.reductions.announce import CONSUMER, announce, announce_all
from tests import city
from tests.city import NOON, ride


class Entries:
    """Windows of entries, one after another, as the ledger's door hands them out."""

    def __init__(self, *windows):
        self.windows = list(windows)
        self.at = 0

    async def window(self, _, *, consumer, **_options):
        assert consumer == CONSUMER
        left = self.windows[self.at :]
        return follow.Window(self.at, self.at + 1, len(left[0])) if left else None

    async def earned(self, _, *, after_xid, **_options):
        return self.windows[after_xid]

    async def advance(self, _, *, upto_xid, **_options):
        self.at = upto_xid


async def messages(tx):
    """What is promised to whom."""
    rows = await tx.execute("SELECT account_id, template, facts FROM outbox ORDER BY account_id")
    return await rows.fetchall()


async def test_one_message_for_all_of_a_window(tx, monkeypatch):
    """An account hears once, of the sum; points of another unit are none of this message's."""
    entries = Entries([(1025, POINTS, 18, 1), (1025, POINTS + 1, 500, 1), (2050, POINTS, 7, 2)])
    for name in ("window", "earned", "advance"):
        monkeypatch.setattr(follow, name, getattr(entries, name))

    assert await announce(tx, now=NOON) == 2
    assert await announce(tx, now=NOON) is None
    assert await messages(tx) == [
        (1025, "points_earned", {"points": 18}),
        (2050, "points_earned", {"points": 7}),
    ]


async def test_a_window_that_fails_is_told_again(tx, monkeypatch):
    """The messages and the cursor go together: what was undone is told by the next try."""
    entries = Entries([(1025, POINTS, 18, 1)])

    async def away(*_arguments, **_options):
        raise ConnectionError

    for name in ("window", "earned"):
        monkeypatch.setattr(follow, name, getattr(entries, name))
    monkeypatch.setattr(follow, "advance", away)
    with pytest.raises(ConnectionError):
        async with tx.transaction():
            await announce(tx, now=NOON)
    assert await messages(tx) == []

    monkeypatch.setattr(follow, "advance", entries.advance)
    assert await announce(tx, now=NOON) == 1
    assert len(await messages(tx)) == 1


async def test_windows_follow_one_another_until_none_is_left(tx, database, monkeypatch):
    """The worker's minute tells of everything that has been booked."""
    entries = Entries([(1025, POINTS, 18, 1)], [], [(1025, POINTS, 5, 1), (2050, POINTS, 7, 1)])
    for name in ("window", "earned", "advance"):
        monkeypatch.setattr(follow, name, getattr(entries, name))
    assert await announce_all(database, clock=lambda: NOON) == 3
    assert len(await messages(tx)) == 3


async def test_crediting_itself_promises_no_message(tx):
    """The credit path writes no message: the entries are what is told of."""
    await city.programme(tx)
    await city.citizen(tx)
    await city.one(tx, ride())
    assert await messages(tx) == []
