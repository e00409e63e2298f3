"""Whoever left has no name to sign in with, and no session; keys may change while names wait."""

from app.people import forget
from app.people.vault import Vault
from app.sign_in import reseal, sessions
from app.sign_in.leave import leave
from app.sign_in.names import PHONE, Name, whose
from tests.make import NOON

OLD, NEW = b"o" * 32, b"n" * 32
BEFORE = Vault({1: OLD}, index_key=b"i" * 32)
BOTH = Vault({1: OLD, 2: NEW}, index_key=b"i" * 32)
AFTER = Vault({2: NEW}, index_key=b"i" * 32)
PHONE_OF_ANNA = (Name(PHONE, "+8613800138000"),)


async def test_a_number_is_free_again(tx):
    """The next one with the number is somebody new, and no session of the old one is left."""
    view, made = await whose(tx, names=PHONE_OF_ANNA, vault=BEFORE, now=NOON)
    assert made
    citizen_id = await forget.forget(tx, account_id=view.account_id, now=NOON)
    assert citizen_id == view.id
    await leave(tx, citizen_id=citizen_id, now=NOON)
    assert await sessions.end_all(tx, person_id=citizen_id, now=NOON) == 0
    again, made = await whose(tx, names=PHONE_OF_ANNA, vault=BEFORE, now=NOON)
    assert made
    assert again.account_id != view.account_id


async def test_names_are_sealed_anew(tx):
    """After it the newest master key alone opens the number, and nothing is done twice."""
    view, _ = await whose(tx, names=PHONE_OF_ANNA, vault=BEFORE, now=NOON)
    assert await reseal.reseal(tx, vault=BOTH, limit=10) == 1
    assert await reseal.reseal(tx, vault=BOTH, limit=10) == 0
    row = await (
        await tx.execute("SELECT sealed FROM sign_in_name WHERE citizen_id = %s", (view.id,))
    ).fetchone()
    assert AFTER.open(row[0], owner=view.id, field=PHONE) == PHONE_OF_ANNA[0].value
