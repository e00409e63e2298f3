"""People with points, and how they come to live together."""

import secrets
from datetime import timedelta

from app.people import households
from app.people.register import register_citizen
from tests import make
from tests.make import NOON

DAY = timedelta(days=1)
CODES = b"s" * 32
"""What codes of households are digested with."""


async def citizens(tx, number):
    """Accounts of citizens with points."""
    found = []
    for _ in range(number):
        person = await register_citizen(
            tx, nickname=secrets.token_hex(8), district_code="321102", now=NOON - 99 * DAY
        )
        await make.points(tx, person.account_id, 9_000)
        found.append(person.account_id)
    return found


async def together(tx, accounts, *, code=None):
    """Make them live together; the household's code."""
    if code is None:
        first, *accounts = accounts
        made = await households.open_household(tx, account_id=first, key=CODES, now=NOON)
        code = made.text
    for each in accounts:
        await households.join(tx, account_id=each, code=code, key=CODES, now=NOON)
    return code


async def move_in(tx, account_id, code):
    """Join the household whose code it is."""
    await households.join(tx, account_id=account_id, code=code, key=CODES, now=NOON)


async def move_out(tx, account_id):
    """Leave the household."""
    await households.leave(tx, account_id=account_id, now=NOON)
