"""`puhui verify` finds what is wrong with merchants, and nothing where nothing is."""

import pytest

from app.merchants import standing, verify
from tests.make import NOON
from tests.merchants import front_door
from tests.merchants.front_door import MAKER
from tests.merchants.moving import moved

PLANTED = {
    "merchants.states_are_where_their_histories_end":
        "UPDATE merchant SET state = 'suspended', suspended_at = now()",
    "merchants.approved_by_two_officers":
        "UPDATE merchant_application SET decided_by = gen_random_uuid()",
    "merchants.applications_have_one_contact":
        "INSERT INTO merchant_contact (application_id, bank_name, bank_holder, contact_name_sealed,"
        " phone_sealed, bank_account_sealed) VALUES (gen_random_uuid(), 'x', 'x', 'x', 'x', 'x')",
    "merchants.contacts_and_accounts_are_sealed":
        "INSERT INTO merchant_contact VALUES (gen_random_uuid(), 'x', 'x', 'x', 'x', 'x')",
    "merchants.stores_have_a_merchant":
        "INSERT INTO store SELECT gen_random_uuid(), gen_random_uuid(), code, name_zh, name_en,"
        " address, district_code, latitude, longitude, opening_hours, state, created_at FROM store",
    "merchants.tills_stand_in_their_merchants_stores":
        "INSERT INTO till SELECT gen_random_uuid(), gen_random_uuid(), store_id, 'x', 'x',"
        " 'revoked', now(), now() FROM till",
    "merchants.active_tills_have_one_current_key": "UPDATE till_key SET ends_at = now()",
    "merchants.active_merchants_have_a_manager":
        "UPDATE merchant_staff SET state = 'removed', removed_at = now()",
    "merchants.new_accounts_were_agreed_by_two_and_waited":
        "UPDATE payout_account SET pays_from = decided_at + interval '6 days'",
}  # fmt: skip


async def town(tx):
    """One merchant with a store and a till, and one that waits."""
    merchant = await front_door.onboarded(tx)
    store = await front_door.store(tx, merchant.id)
    await front_door.till(tx, merchant.id, store.id)
    await front_door.checked(tx)
    await moved(tx, merchant.id)


async def test_a_sound_town_has_no_breach(tx):
    """Every check looks at something and finds nothing, suspended and resumed merchants included."""
    await town(tx)
    stopped = await front_door.onboarded(tx)
    await standing.suspend(tx, merchant_id=stopped.id, reason="x", officer_id=MAKER, now=NOON)
    checks = await verify.checks(tx)
    assert {each.name for each in checks} == set(PLANTED)
    assert [each for each in checks if each.breaches] == []
    assert all(each.rows > 0 for each in checks)


@pytest.mark.parametrize("name", PLANTED)
async def test_a_planted_breach_is_found(tx, name):
    """What the serving role could do by mistake is seen by the check that is about it."""
    await town(tx)
    await tx.execute(PLANTED[name])
    found = {each.name: each.breaches for each in await verify.checks(tx)}
    assert found[name] > 0
