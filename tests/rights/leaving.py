"""A citizen with a little of everything, and what the tests of leaving ask about them."""

from datetime import timedelta

from app.people.vault import Vault
from app.rights import requests, rules
from tests import city
from tests.city import NOON

VAULT = Vault({1: b"m" * 32}, index_key=b"i" * 32)
TODAY = NOON.date()
AFTER_GRACE = NOON + rules.GRACE
SETTLED = AFTER_GRACE + rules.SETTLES + timedelta(seconds=1)


async def anna(database):
    """Anna, with two credited acts and their 75 points; Boris has one in the same batch."""
    async with database.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx, "anna")
        await city.citizen(tx, "boris")
        await city.send(
            tx,
            city.ride("ride-1"),
            city.metro("metro-1", start=city.MORNING + timedelta(hours=2)),
            city.ride("ride-b", subject="card-boris"),
        )
    return anna


async def asks_to_leave(database, person, *, now=NOON):
    """The request, a week before it is carried out."""
    async with database.writing() as tx:
        return await requests.ask_deletion(tx, account_id=person.account_id, today=TODAY, now=now)


async def asks_for_a_copy(database, person, *, now=NOON):
    """The request for a copy."""
    async with database.writing() as tx:
        return await requests.ask_export(tx, account_id=person.account_id, today=TODAY, now=now)


async def value(database, sql, *arguments):
    """One value."""
    async with database.reading() as tx:
        row = await (await tx.execute(sql, arguments)).fetchone()
        return row[0]
