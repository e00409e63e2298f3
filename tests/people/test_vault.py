"""What names a person is sealed: it opens for its owner and field alone, and can be shredded."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.ids import new_id
from app.people import data_keys
from app.people.data_keys import KeyShreddedError, VaultError
from app.people.vault import Suite, Vault, vault_for

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
ANNA, BORIS = UUID(int=1), UUID(int=2)
PHONE = "+8613812345678"
OLD, NEW = {1: b"o" * 32}, {1: b"o" * 32, 2: b"n" * 32}
both_suites = pytest.mark.parametrize("suite", Suite)


def vault(masters=OLD, suite=Suite.aes) -> Vault:
    """A vault with known keys."""
    return Vault(masters, index_key=b"i" * 32, suite=suite)


@both_suites
def test_a_sealed_field_opens_for_its_owner_and_field_alone(suite):
    """Whoever swaps two rows' or two columns' sealed texts gets nothing but an error."""
    sealed = vault(suite=suite).seal(PHONE, owner=ANNA, field="phone")
    assert vault(suite=suite).open(sealed, owner=ANNA, field="phone") == PHONE
    assert PHONE.encode() not in sealed
    for owner, field in ((BORIS, "phone"), (ANNA, "name")):
        with pytest.raises(VaultError):
            vault().open(sealed, owner=owner, field=field)


@both_suites
def test_every_bit_of_a_sealed_field_is_guarded(suite):
    """A change of any byte, of how it says it was sealed too, is refused."""
    sealed = vault(suite=suite).seal("lin", owner=ANNA, field="name")
    for place in range(len(sealed)):
        harmed = bytearray(sealed)
        harmed[place] ^= 1
        with pytest.raises(VaultError):
            vault().open(bytes(harmed), owner=ANNA, field="name")
    with pytest.raises(VaultError):
        vault().open(sealed[:-1], owner=ANNA, field="name")
    with pytest.raises(VaultError):
        vault().open(b"", owner=ANNA, field="name")


def test_the_same_field_is_never_sealed_alike():
    """Equal phones cannot be told from their sealed texts."""
    seals = Counter(vault().seal(PHONE, owner=ANNA, field="phone") for _ in range(200))
    assert len(seals) == 200


def test_a_blind_index_finds_equals_and_says_no_more():
    """Equal values of a kind meet; another kind, value or key gives other digests."""
    index = vault().index("phone", PHONE)
    assert index == vault(NEW, Suite.sm4).index("phone", PHONE)
    others = [
        vault().index("phone", PHONE[:-1]),
        vault().index("name", PHONE),
        Vault(OLD, index_key=b"j" * 32).index("phone", PHONE),
    ]
    assert len({index, *others}) == 4


def test_the_newest_master_key_seals_and_old_ones_open(keys):
    """After a key is added nothing is lost; without its key a field stays shut."""
    before = vault(OLD).seal(PHONE, owner=ANNA, field="phone")
    after = vault(NEW).seal(PHONE, owner=ANNA, field="phone")
    assert vault(NEW).open(before, owner=ANNA, field="phone") == PHONE
    assert (vault(NEW).is_current(before), vault(NEW).is_current(after)) == (False, True)
    with pytest.raises(VaultError):
        vault(OLD).open(after, owner=ANNA, field="phone")
    earliest = vault_for(keys).seal(PHONE, owner=ANNA, field="phone")
    later = vault_for(replace(keys, masters=NEW, suite="sm4"))
    assert (later.current, later.suite) == (2, Suite.sm4)
    assert later.open(earliest, owner=ANNA, field="phone") == PHONE


@both_suites
async def test_a_destroyed_key_leaves_noise(tx, suite):
    """What was sealed with a person's key cannot be opened, nor a new key made, when it is gone."""
    safe, mine, theirs = vault(suite=suite), new_id(), new_id()
    sealed = {
        owner: await safe.seal_for(tx, value="lin", owner=owner, field="name", now=NOON)
        for owner in (mine, theirs)
    }
    assert await safe.open_for(tx, sealed=sealed[mine], owner=mine, field="name") == b"lin"

    assert await data_keys.shred(tx, owner=mine, now=NOON)
    assert not await data_keys.shred(tx, owner=mine, now=NOON)

    with pytest.raises(KeyShreddedError):
        await safe.open_for(tx, sealed=sealed[mine], owner=mine, field="name")
    with pytest.raises(KeyShreddedError):
        await safe.seal_for(tx, value="lin", owner=mine, field="name", now=NOON)
    assert await safe.open_for(tx, sealed=sealed[theirs], owner=theirs, field="name") == b"lin"
    assert await data_keys.shredded(tx, owners=[mine, theirs]) == {mine}
    with pytest.raises(VaultError):
        await safe.open_for(tx, sealed=sealed[mine], owner=theirs, field="name")


async def test_a_rotation_that_stops_goes_on_where_it_stopped(tx):
    """Keys are wrapped anew step by step; at the end the old master key is needed no more."""
    people = [new_id() for _ in range(5)]
    sealed = [
        await vault(OLD).seal_for(tx, value="lin", owner=each, field="name", now=NOON)
        for each in people
    ]
    await data_keys.shred(tx, owner=people[0], now=NOON)

    assert await data_keys.rewrap(tx, vault=vault(NEW), limit=3) == 3
    assert await data_keys.rewrap(tx, vault=vault(NEW), limit=3) == 1
    assert await data_keys.rewrap(tx, vault=vault(NEW), limit=3) == 0

    only_new = vault({2: NEW[2]})
    for owner, text in list(zip(people, sealed, strict=True))[1:]:
        assert await only_new.open_for(tx, sealed=text, owner=owner, field="name") == b"lin"
    with pytest.raises(KeyShreddedError):
        await only_new.open_for(tx, sealed=sealed[0], owner=people[0], field="name")
