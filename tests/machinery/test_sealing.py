"""`puhui keys rotate`: step by step, resumable, while others seal; the old key is needed no more."""

import asyncio
from datetime import UTC, datetime

from app import sealing
from app.ids import new_id
from app.people import data_keys
from app.people.vault import Vault

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
