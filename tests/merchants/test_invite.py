"""People come in with a code that works once, and go when they are let go."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.merchants import directory, invite, secret_codes, staff, standing
from app.merchants.counter import is_live
from app.merchants.errors import (
    InvitationRefused,
    LastManager,
    ManagerThere,
    MerchantNotFound,
    StaffNotFound,
)
from app.people.seats import Role, Seat
from tests import make
from tests.make import NOON
from tests.merchants import front_door
from tests.merchants.front_door import MAKER, invited


async def accept(tx, code, *, now=NOON):
    """Whoever holds the code comes in."""
    return await invite.accept(tx, code=code, now=now)


async def remove(tx, merchant_id, staff_id):
    """The manager lets somebody go."""
    await invite.remove(tx, merchant_id=merchant_id, staff_id=staff_id, actor="staff:x", now=NOON)


async def again(tx, merchant_id, staff_id):
    """The manager sends a new code."""
    return await invite.invite_again(
        tx, merchant_id=merchant_id, staff_id=staff_id, actor="staff:x", now=NOON
    )


async def test_the_first_manager_makes_the_merchant_active(tx):
    """An approved merchant waits for its manager; with them it may publish and redeem."""
    merchant = await front_door.approved(tx)
    first = await invite.invite_manager(
        tx, merchant_id=merchant.id, name="王店长", actor=f"officer:{MAKER}", now=NOON
    )
    assert not await directory.active(tx, merchant_id=merchant.id)
    merchant_id, seat = await accept(tx, first.code)
    assert (merchant_id, seat) == (merchant.id, Seat(Role.manager, staff_id=first.staff_id))
    assert await directory.active(tx, merchant_id=merchant.id)
    with pytest.raises(ManagerThere):
        await invite.invite_manager(
            tx, merchant_id=merchant.id, name="x", actor=f"officer:{MAKER}", now=NOON
        )


@pytest.mark.parametrize("role", [Role.cashier, Role.accountant])
async def test_nobody_else_makes_a_merchant_active(tx, role):
    """A cashier or an accountant who comes first changes nothing about the merchant."""
    merchant = await front_door.approved(tx)
    _, seat = await accept(tx, (await invited(tx, merchant.id, role)).code)
    assert seat.role is role
    assert not await directory.active(tx, merchant_id=merchant.id)


async def test_a_manager_does_not_end_a_suspension(tx):
    """Whoever accepts while the merchant is suspended leaves it suspended."""
    merchant = await front_door.approved(tx)
    person = await invited(tx, merchant.id)
    await standing.suspend(tx, merchant_id=merchant.id, reason="x", officer_id=MAKER, now=NOON)
    await accept(tx, person.code)
    assert (await directory.by_id(tx, merchant_id=merchant.id)).state == "suspended"


async def test_a_code_works_once_and_in_time(tx):
    """Used, replaced, too old, of somebody let go, or never issued: all refused alike."""
    merchant = await make.merchant(tx)
    used, old, late, gone = [await invited(tx, merchant.id) for _ in range(4)]
    await accept(tx, used.code)
    new = await again(tx, merchant.id, old.staff_id)
    await remove(tx, merchant.id, gone.staff_id)
    for code in (used.code, old.code, gone.code, secret_codes.fresh("staff").text):
        with pytest.raises(InvitationRefused):
            await accept(tx, code)
    with pytest.raises(InvitationRefused):
        await accept(tx, late.code, now=NOON + invite.OPEN_FOR)
    await accept(tx, late.code, now=NOON + invite.OPEN_FOR - timedelta(seconds=1))
    await accept(tx, new.code)


async def test_the_code_is_kept_nowhere(tx):
    """Neither the table nor the audit holds what would let somebody in."""
    merchant = await make.merchant(tx)
    person = await invited(tx, merchant.id)
    for table in ("merchant_staff", "audit_record"):
        for (row,) in await (await tx.execute(f"SELECT t::text FROM {table} t")).fetchall():
            assert person.code[6:32] not in row
    assert person.code not in repr(person)


async def test_whoever_is_let_go_is_dead_at_once(tx):
    """The token's seat dies with the removal, and a role it never had is dead as well."""
    merchant = await make.merchant(tx)
    _, seat = await accept(tx, (await invited(tx, merchant.id, Role.cashier)).code)
    assert await is_live(tx, merchant_id=merchant.id, seat=seat, now=NOON)
    raised = Seat(Role.manager, staff_id=seat.staff_id)
    assert not await is_live(tx, merchant_id=merchant.id, seat=raised, now=NOON)
    await remove(tx, merchant.id, seat.staff_id)
    assert not await is_live(tx, merchant_id=merchant.id, seat=seat, now=NOON)
    await remove(tx, merchant.id, seat.staff_id)  # a lost answer is asked for again
    with pytest.raises(StaffNotFound):
        await again(tx, merchant.id, seat.staff_id)


async def test_the_last_manager_stays(tx):
    """Invited ones do not count; once a second one has come, the first may go."""
    merchant = await front_door.onboarded(tx)
    first = (await staff.page(tx, merchant_id=merchant.id, after=None, limit=9))[0]
    second = await invited(tx, merchant.id)
    with pytest.raises(LastManager):
        await remove(tx, merchant.id, first.id)
    await accept(tx, second.code)
    await remove(tx, merchant.id, first.id)
    with pytest.raises(LastManager):
        await remove(tx, merchant.id, second.staff_id)


async def test_a_strangers_people_do_not_exist(tx):
    """Another merchant sees nobody, removes nobody and renews nobody's code."""
    merchant, stranger = await make.merchant(tx), await make.merchant(tx)
    person = await invited(tx, merchant.id)
    for act in (remove, again):
        with pytest.raises(StaffNotFound):
            await act(tx, stranger.id, person.staff_id)
    assert await staff.page(tx, merchant_id=stranger.id, after=None, limit=9) == []
    assert (await accept(tx, person.code))[0] == merchant.id
    with pytest.raises(MerchantNotFound):
        await invited(tx, uuid4())


async def test_a_code_that_ten_people_use_at_once_lets_one_in(committing):
    """One comes in, nine are refused, and the merchant becomes active once."""
    async with committing.writing() as tx:
        merchant = await front_door.approved(tx)
        person = await invited(tx, merchant.id)

    async def come():
        async with committing.writing() as tx:
            return await accept(tx, person.code)

    done = await asyncio.gather(*(come() for _ in range(10)), return_exceptions=True)
    assert [type(each) for each in done].count(InvitationRefused) == 9
    async with committing.reading() as tx:
        assert await directory.active(tx, merchant_id=merchant.id)


async def test_two_managers_who_remove_each_other_leave_one(committing):
    """One of them is told to stay."""
    async with committing.writing() as tx:
        merchant = await front_door.onboarded(tx)
        await accept(tx, (await invited(tx, merchant.id)).code)
        one, other = await staff.page(tx, merchant_id=merchant.id, after=None, limit=9)

    async def sack(staff_id):
        async with committing.writing() as tx:
            await remove(tx, merchant.id, staff_id)

    done = await asyncio.gather(sack(one.id), sack(other.id), return_exceptions=True)
    assert [type(each) for each in done].count(LastManager) == 1
