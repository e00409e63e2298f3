"""Use cases: make a citizen or an officer known, and find them by name."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ids import account_number, new_id
from app.people.errors import CitizenNotFound, OfficerNotFound

DISTRICT_UNKNOWN = "000000"
"""The district of whoever has not said where they live: no code of GB/T 2260."""


FRIEND = "绿友"
"""What newcomers are called, with random digits behind it, until they choose a name themselves."""
_DIGITS = (4, 4, 6, 8, 17)
"""Short while short ones are free: each one that is taken draws a longer one."""


@dataclass(frozen=True, slots=True)
class CitizenView:
    """A citizen, and the account under which all else knows them."""

    id: UUID
    account_id: int
    nickname: str


async def register_citizen(
    tx: Tx, *, nickname: str, district_code: str, now: datetime
) -> CitizenView:
    """Make a citizen known; the same nickname again returns the same citizen."""
    n = await (await tx.execute("SELECT nextval('account_number')")).fetchone()
    assert n is not None
    await tx.execute(_CITIZEN, (new_id(), account_number(n[0]), nickname, district_code, now))
    return await citizen(tx, name=nickname)


async def register_newcomer(tx: Tx, *, citizen_id: UUID, now: datetime) -> CitizenView:
    """Make somebody known who has just proved a phone or a platform's id; they tell more later."""
    n = await (await tx.execute("SELECT nextval('account_number')")).fetchone()
    assert n is not None
    account_id = account_number(n[0])
    for digits in _DIGITS:
        nickname = f"{FRIEND} {secrets.randbelow(9 * 10 ** (digits - 1)) + 10 ** (digits - 1)}"
        row = (citizen_id, account_id, nickname, DISTRICT_UNKNOWN, now)
        if (await tx.execute(_NEWCOMER, row)).rowcount == 1:
            return CitizenView(citizen_id, account_id, nickname)
    raise AssertionError("seventeen random digits were taken")


async def citizen(tx: Tx, *, name: str) -> CitizenView:
    """Find a citizen by nickname or id.

    Raises:
        CitizenNotFound: nobody has it.

    """
    row = await (await tx.execute(_FIND_CITIZEN, (name, name))).fetchone()
    if row is None:
        raise CitizenNotFound(f"Nobody is called {name}.", f"没有名为 {name} 的居民。")
    return CitizenView(*row)


async def register_officer(tx: Tx, *, name: str, role: str, now: datetime) -> UUID:
    """Make an officer known; the same name again returns the same officer."""
    await tx.execute(_OFFICER, (new_id(), name, role, now))
    return await officer(tx, name=name)


async def officer(tx: Tx, *, name: str) -> UUID:
    """Find an officer by name.

    Raises:
        OfficerNotFound: nobody has it.

    """
    found = await find_officer(tx, name=name)
    if found is None:
        raise OfficerNotFound(f"No officer is called {name}.", f"没有名为 {name} 的工作人员。")
    return found


async def find_officer(tx: Tx, *, name: str) -> UUID | None:
    """The officer of this name, or None: who signs in is not told which it was."""
    row = await (await tx.execute("SELECT id FROM officer WHERE name = %s", (name,))).fetchone()
    return None if row is None else row[0]


_CITIZEN = """
INSERT INTO citizen (id, account_id, nickname, district_code, created_at)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (nickname) DO NOTHING
"""
# A nickname that was drawn before writes nothing, and is never somebody else's account.
_NEWCOMER = """
INSERT INTO citizen (id, account_id, nickname, district_code, created_at)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (nickname) DO NOTHING
"""
_FIND_CITIZEN = """
SELECT id, account_id, nickname FROM citizen WHERE nickname = %s OR id::text = %s
"""
_OFFICER = """
INSERT INTO officer (id, name, role, created_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO NOTHING
"""
