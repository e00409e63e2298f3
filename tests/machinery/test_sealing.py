"""`puhui keys rotate`: step by step, resumable, while others seal; the old key is needed no more."""

import asyncio
from datetime import UTC, datetime

from app import sealing
from app.ids import new_id
from app.merchants import account_changes, applications, seal_contacts
from app.people import data_keys
from app.people.vault import Vault
from app.sign_in import own_sessions
from app.sign_in import reseal as devices

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
BEFORE = Vault({1: OLD}, index_key=b"i" * 32)
BOTH = Vault({1: OLD, 2: NEW}, index_key=b"i" * 32)
AFTER = Vault({2: NEW}, index_key=b"i" * 32)


async def test_keys_rotate_while_the_service_serves(committing):
    """Two rotations, new people and somebody who leaves, all at once: every field opens after it."""
    people = [new_id() for _ in range(60)]
    async with committing.writing() as tx:
        sealed = {
            each: await BEFORE.seal_for(tx, value=str(each), owner=each, field="name", now=NOON)
            for each in people
        }
    leaving, fresh = people[0], new_id()

    async def serve():
        async with committing.writing() as tx:
            sealed[fresh] = await BOTH.seal_for(
                tx, value=str(fresh), owner=fresh, field="name", now=NOON
            )
        async with committing.writing() as tx:
            await data_keys.shred(tx, owner=leaving, now=NOON)

    done = await asyncio.gather(
        sealing.rotate_all(committing, vault=BOTH, step=7),
        sealing.rotate_all(committing, vault=BOTH, step=5),
        serve(),
    )
    assert 59 <= done[0][0] + done[1][0] <= 60
    assert await sealing.rotate_all(committing, vault=BOTH) == (0, 0)
    async with committing.writing() as tx:
        for owner, text in sealed.items():
            if owner != leaving:
                opened = await AFTER.open_for(tx, sealed=text, owner=owner, field="name")
                assert opened == str(owner).encode()
        assert await data_keys.shredded(tx, owners=people) == {leaving}


async def test_contacts_and_accounts_are_sealed_and_sealed_anew(committing):
    """Plain text of before is sealed, an older key's anew, twice at once, and it all opens after."""
    ids = [new_id() for _ in range(9)]
    async with committing.writing() as tx:
        for each in ids:
            await tx.execute(_PLAIN_CONTACT, (each,))
            await tx.execute(_PLAIN_ACCOUNT, (each,))
    done = await asyncio.gather(
        *(seal_contacts.seal_plain(committing, vault=BEFORE) for _ in range(2))
    )
    assert sum(done) == 18
    dump = "SELECT string_agg(c::text || p::text, '') FROM merchant_contact c, payout_account p"
    async with committing.writing() as tx:
        kept = (await (await tx.execute(dump)).fetchone())[0]
        assert "王女士" not in kept
        assert "138 0013" not in kept
        assert "6222000000" not in kept
    assert (await sealing.rotate_all(committing, vault=BOTH, step=4))[1] == 18
    assert (await sealing.rotate_all(committing, vault=BOTH))[1] == 0
    async with committing.writing() as tx:
        contact = await applications.payout_account(
            tx, application_id=ids[0], officer_id=ids[1], vault=AFTER, now=NOON
        )
        assert (contact.contact_name, contact.phone) == ("王女士", "138 0013 8000")
        [change] = await account_changes.of(tx, merchant_id=ids[3], vault=AFTER, now=NOON)
        assert change.bank_account == "**** 1234"


async def test_devices_of_before_are_sealed_and_sealed_anew(committing):
    """A phone's plain name, mostly its owner's, is sealed in steps and opens under the new key."""
    person = new_id()
    async with committing.writing() as tx:
        await tx.execute(_PLAIN_DEVICES, {"person": person})
    assert await devices.seal_plain(committing, vault=BEFORE) == 3
    assert (await sealing.rotate_all(committing, vault=BOTH, step=2))[1] == 3
    async with committing.writing() as tx:
        rows = await (await tx.execute("SELECT s::text FROM sign_in_session s")).fetchall()
        assert not [row for (row,) in rows if "小林" in row]
        mine = await own_sessions.living(tx, account_id=1025, vault=AFTER, now=NOON)
        assert {each.device_name for each in mine} == {"小林的手机"}


_PLAIN_DEVICES = """
INSERT INTO sign_in_session (id, audience, person_id, account_id, device, device_name, platform,
                             began_at, renewed_at, ends_at, refresh_digest, refresh_ends_at)
SELECT gen_random_uuid(), 'citizen', %(person)s, 1025, '', '小林的手机', 'web', '2026-03-01',
       '2026-03-01', '2026-05-01', '', '2026-05-01' FROM generate_series(1, 3)
"""
_PLAIN_CONTACT = """
INSERT INTO merchant_contact (application_id, contact_name, phone, bank_name, bank_holder,
                              bank_account)
VALUES (%s, '王女士', '138 0013 8000', 'b', 'h', '6222000000001234')
"""
_PLAIN_ACCOUNT = """
INSERT INTO payout_account (id, merchant_id, bank_name, bank_holder, bank_account, state, reason,
                            proposal_id, proposed_by, proposed_at)
SELECT i, i, 'b', 'h', '6222000000001234', 'proposed', 'r', i, i, now() FROM (SELECT %s::uuid) AS t (i)
"""
