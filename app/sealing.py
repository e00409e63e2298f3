"""``puhui keys rotate``: everything that an older master key wraps or seals is done anew.

First a key with a higher number is added to ``PUHUI_KEYS__MASTER`` and every process restarted, so
that all can open both. Then this command runs, while the service serves; it may be killed and run
again, also twice at once. When it says that nothing is left, the old key may go.
"""

import asyncio

import typer

from app.clock import utc_now
from app.database import Database
from app.demo.servers import Found, opened, servers
from app.merchants import seal_contacts
from app.people import data_keys, proofs_asked
from app.people.vault import Vault, vault_for
from app.sign_in import reseal
from app.telling import out, told

STEP = 2_000

keys = typer.Typer(help="Keys of the vault.", no_args_is_help=True)


@keys.callback()
def _keys() -> None:
    """A command of one verb stays a group."""


@keys.command("rotate")
def rotate() -> None:
    """Wrap persons' keys, and seal what waits, under the newest master key."""
    with told(), servers() as found:
        persons, fields = asyncio.run(_rotate(found))
        number = vault_for(found.keys).current
        out.print(
            f"主密钥 {number}:已更换 {persons:,} 个个人密钥、{fields:,} 个字段 ·"
            f" master key {number}: {persons:,} persons' keys wrapped anew,"
            f" {fields:,} fields sealed anew; nothing is left under older keys"
        )


async def _rotate(found: Found) -> tuple[int, int]:
    async with opened(found, patient=True) as database:
        return await rotate_all(database, vault=vault_for(found.keys))


async def rotate_all(database: Database, *, vault: Vault, step: int = STEP) -> tuple[int, int]:
    """Step by step until nothing is left; how many keys and fields were done.

    Args:
        database: opens one transaction for each step.
        vault: has the newest master key, and those that older texts need.
        step: rows of a transaction.

    """
    persons = fields = 0
    began_at, done = utc_now(), 1
    while done:
        async with database.writing() as tx:
            done = await data_keys.rewrap(tx, vault=vault, limit=step)
        persons += done
        seconds = max((utc_now() - began_at).total_seconds(), 1)
        if done and persons % (10 * step) == 0:
            out.print(f"{persons:,} ({persons / seconds:,.0f}/s)")
    for each in (proofs_asked.reseal, reseal.reseal, seal_contacts.reseal):
        done = 1
        while done:
            async with database.writing() as tx:
                done = await each(tx, vault=vault, limit=step)
            fields += done
    return persons, fields
