"""A till's key is shown once, opens while it may, and is dead when it is dead."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from app.database import savepoint
from app.merchants import counter, equip, keep_store, sign_in, tills
from app.merchants.counter import Counter, is_live
from app.merchants.errors import (
    StoreCodeTaken,
    StoreNotFound,
    TillKeyRefused,
    TillNotFound,
    TillRevoked,
)
from app.people.errors import NotSignedIn
from app.people.seats import Role, Seat
from tests import make
from tests.make import NOON
from tests.merchants import front_door
from tests.merchants.front_door import place


async def shop(tx):
    """A merchant with a store and a till."""
    merchant = await make.merchant(tx)
    store = await front_door.store(tx, merchant.id, code="main")
    return merchant, store, await front_door.till(tx, merchant.id, store.id)


async def rotate(tx, merchant_id, till_id, *, minutes=15, now=NOON):
    """The manager gives the till a new key."""
    return await equip.rotate(
        tx, merchant_id=merchant_id, till_id=till_id, overlap=timedelta(minutes=minutes),
        actor="staff:x", now=now,
    )  # fmt: skip


async def revoke(tx, merchant_id, till_id, *, now=NOON):
    """The manager closes the till."""
    await equip.revoke(tx, merchant_id=merchant_id, till_id=till_id, actor="staff:x", now=now)


async def opens(tx, key, *, now=NOON):
    """Whether a key opens something now."""
    try:
        await sign_in.sign_in(tx, key=key, now=now)
    except TillKeyRefused:
        return False
    return True


async def test_a_key_says_whose_till_it_is(tx):
    """Merchant, store, till and the key itself come out, as a cashier's seat."""
    merchant, store, issued = await shop(tx)
    merchant_id, seat = await sign_in.sign_in(tx, key=issued.key, now=NOON)
    assert merchant_id == merchant.id
    assert (seat.role, seat.store_id, seat.till_id) == (Role.cashier, store.id, issued.till_id)
    assert await is_live(tx, merchant_id=merchant.id, seat=seat, now=NOON)


async def test_nothing_that_opens_is_kept(tx):
    """Neither the tables nor the audit hold the key; six symbols of it are all."""
    _, _, issued = await shop(tx)
    for table in ("till", "till_key", "audit_record"):
        for (row,) in await (await tx.execute(f"SELECT t::text FROM {table} t")).fetchall():
            assert issued.key[5:31] not in row
            assert issued.key not in row
    assert issued.key not in repr(issued)


async def test_unknown_and_foreign_keys_open_nothing(tx):
    """A well-formed key that nobody issued is refused like any other."""
    from app.merchants import secret_codes

    await shop(tx)
    assert not await opens(tx, secret_codes.fresh("till").text)


async def test_both_keys_are_good_during_the_overlap_and_one_after(tx):
    """The old key ends when it was said, to the second; the new one stays."""
    merchant, _, old = await shop(tx)
    new = await rotate(tx, merchant.id, old.till_id)
    last = NOON + timedelta(minutes=15) - timedelta(seconds=1)
    assert [await opens(tx, each.key, now=last) for each in (old, new)] == [True, True]
    late = NOON + timedelta(minutes=15)
    assert [await opens(tx, each.key, now=late) for each in (old, new)] == [False, True]
    shown = await tills.page(tx, merchant_id=merchant.id, after=None, limit=9, now=NOON)
    assert shown[0].key_prefixes == [old.prefix, new.prefix]


async def test_a_leaked_key_ends_at_once(tx):
    """Without an overlap the old key, and a token made with it, are dead in the same moment."""
    merchant, _, old = await shop(tx)
    _, seat = await sign_in.sign_in(tx, key=old.key, now=NOON)
    new = await rotate(tx, merchant.id, old.till_id, minutes=0)
    assert [await opens(tx, each.key) for each in (old, new)] == [False, True]
    assert not await is_live(tx, merchant_id=merchant.id, seat=seat, now=NOON)


async def test_two_keys_at_most_are_good(tx):
    """A second rotation within the overlap ends the first key then, not later."""
    merchant, _, first = await shop(tx)
    second = await rotate(tx, merchant.id, first.till_id)
    third = await rotate(tx, merchant.id, first.till_id)
    assert [await opens(tx, each.key) for each in (first, second, third)] == [False, True, True]


async def test_a_key_that_has_ended_stays_as_it_ended(tx):
    """A rotation an hour later neither opens it again nor rewrites when it ended."""
    merchant, _, first = await shop(tx)
    await rotate(tx, merchant.id, first.till_id, minutes=0)
    await rotate(tx, merchant.id, first.till_id, minutes=60, now=NOON + timedelta(hours=1))
    assert not await opens(tx, first.key)
    rows = await tx.execute("SELECT ends_at FROM till_key WHERE prefix = %s", (first.prefix,))
    assert await rows.fetchone() == (NOON,)


async def test_a_revoked_till_is_dead_for_ever(tx):
    """All keys and tokens end; nothing can be done to it any more, and its code stays used."""
    merchant, store, old = await shop(tx)
    new = await rotate(tx, merchant.id, old.till_id)
    _, seat = await sign_in.sign_in(tx, key=new.key, now=NOON)
    await revoke(tx, merchant.id, old.till_id)
    assert [await opens(tx, each.key) for each in (old, new)] == [False, False]
    assert not await is_live(tx, merchant_id=merchant.id, seat=seat, now=NOON)
    for late in (rotate, revoke):
        with pytest.raises(TillRevoked):
            await late(tx, merchant.id, old.till_id)
    shown = (await tills.page(tx, merchant_id=merchant.id, after=None, limit=9, now=NOON))[0]
    assert (shown.state, shown.key_prefixes) == ("revoked", [])
    with pytest.raises(StoreCodeTaken):
        await equip.issue(
            tx, merchant_id=merchant.id, store_id=store.id, code=shown.code, label="x",
            actor="staff:x", now=NOON,
        )  # fmt: skip


async def test_a_strangers_till_does_not_exist(tx):
    """Another merchant can neither rotate nor revoke it, nor put one into the store."""
    merchant, store, issued = await shop(tx)
    stranger = await make.merchant(tx)
    for act in (rotate, revoke):
        with pytest.raises(TillNotFound):
            await act(tx, stranger.id, issued.till_id)
    with pytest.raises(StoreNotFound):
        await front_door.till(tx, stranger.id, store.id)
    assert await tills.page(tx, merchant_id=stranger.id, after=None, limit=9, now=NOON) == []
    assert await opens(tx, issued.key)
    with pytest.raises(TillNotFound):
        await rotate(tx, merchant.id, uuid4())


async def test_the_tills_of_a_closed_store_rest(tx):
    """Closing stops the key and the token; opening again lets both work."""
    merchant, store, issued = await shop(tx)
    _, seat = await sign_in.sign_in(tx, key=issued.key, now=NOON)
    for state, lives in (("closed", False), ("open", True)):
        await keep_store.change(
            tx, merchant_id=merchant.id, store_id=store.id, place=place(code="main", state=state),
            actor="staff:x", now=NOON,
        )  # fmt: skip
        assert await opens(tx, issued.key) is lives
        assert await is_live(tx, merchant_id=merchant.id, seat=seat, now=NOON) is lives


async def test_a_seat_of_one_merchant_is_dead_at_another(tx):
    """A token whose merchant, store or till do not belong together is not live."""
    merchant, store, issued = await shop(tx)
    other, elsewhere, _ = await shop(tx)
    _, seat = await sign_in.sign_in(tx, key=issued.key, now=NOON)
    assert not await is_live(tx, merchant_id=other.id, seat=seat, now=NOON)
    moved = Seat(seat.role, elsewhere.id, seat.till_id, seat.key_id)
    assert not await is_live(tx, merchant_id=merchant.id, seat=moved, now=NOON)
    assert store.id == seat.store_id


async def test_what_was_live_is_believed_for_seconds_only(tx, database, monkeypatch):
    """With a memory the revocation is noticed when it ends; without one, at the next request."""
    merchant, _, issued = await shop(tx)
    _, seat = await sign_in.sign_in(tx, key=issued.key, now=NOON)
    clock = SimpleNamespace(monotonic=lambda: 1_000.0)
    monkeypatch.setattr(counter, "time", clock)
    believing, doubting = Counter(database, believed_s=1), Counter(database, believed_s=0)
    for each in (believing, doubting):
        await each.ensure_live(merchant_id=merchant.id, seat=seat, now=NOON)
    await revoke(tx, merchant.id, issued.till_id)
    await believing.ensure_live(merchant_id=merchant.id, seat=seat, now=NOON)
    with pytest.raises(NotSignedIn):
        await doubting.ensure_live(merchant_id=merchant.id, seat=seat, now=NOON)
    clock.monotonic = lambda: 1_001.0
    with pytest.raises(NotSignedIn):
        await believing.ensure_live(merchant_id=merchant.id, seat=seat, now=NOON)


async def test_rotations_at_once_leave_one_current_key(committing):
    """Ten managers rotate together: ten keys are made, the last one stays, one other is ending."""
    async with committing.writing() as tx:
        merchant, _, issued = await shop(tx)

    async def turn():
        async with committing.writing() as tx:
            return await rotate(tx, merchant.id, issued.till_id)

    keys = await asyncio.gather(*(turn() for _ in range(10)))
    async with committing.reading() as tx:
        assert sum([await opens(tx, each.key) for each in keys]) == 2
        late = NOON + timedelta(hours=1)
        assert sum([await opens(tx, each.key, now=late) for each in keys]) == 1


async def test_a_revocation_beats_a_rotation_at_the_same_time(committing):
    """However the race ends, no key opens a revoked till."""
    for _ in range(5):
        async with committing.writing() as tx:
            merchant, _, issued = await shop(tx)

        async def turn(ids=(merchant.id, issued.till_id)):
            async with committing.writing() as tx:
                return await rotate(tx, *ids)

        async def close(ids=(merchant.id, issued.till_id)):
            async with committing.writing() as tx:
                await revoke(tx, *ids)

        made, _ = await asyncio.gather(turn(), close(), return_exceptions=True)
        async with committing.reading() as tx:
            assert not await opens(tx, issued.key)
            assert isinstance(made, TillRevoked) or not await opens(tx, made.key)


async def test_two_tills_of_one_code_at_once_are_one(committing):
    """A double click issues one till; the other click is told to rotate."""
    async with committing.writing() as tx:
        merchant = await make.merchant(tx)
        store = await front_door.store(tx, merchant.id)

    async def click():
        async with committing.writing() as tx:
            return await equip.issue(
                tx, merchant_id=merchant.id, store_id=store.id, code="one", label="x",
                actor="staff:x", now=NOON,
            )  # fmt: skip

    done = await asyncio.gather(*(click() for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in done].count(StoreCodeTaken) == 4
    async with committing.writing() as tx, savepoint(tx):
        assert (
            len(await tills.page(tx, merchant_id=merchant.id, after=None, limit=9, now=NOON)) == 1
        )
