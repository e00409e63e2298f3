"""Use case: contacts and accounts that are plain, or sealed under an older master key, are sealed.

Step by step, while the service serves: the worker does it each minute for what is plain, and
``puhui keys rotate`` for what an older key has sealed.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import procrastinate

from app.database import Database, Tx
from app.merchants.sealed import END_CHARS, NAME, NUMBER, PHONE, opened, sealed
from app.people.vault import Vault
from app.sign_in import reseal as devices

EVERY_MINUTE = "* * * * *"
STEP = 500
Patiently = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]
_FIELDS = (NAME, PHONE, NUMBER)


def promise(
    jobs: procrastinate.App, *, database: Database, vault: Vault | None, patiently: Patiently
) -> None:
    """Add this promise to the worker's, and the same of devices' names.

    A worker without keys leaves it to another one.

    Args:
        jobs: the worker's.
        database: opens the transactions.
        vault: seals.
        patiently: runs a step, and again when PostgreSQL was away.

    """

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="seal_contacts", queueing_lock="seal_contacts")
    async def _seal(timestamp: int) -> None:
        if vault is not None:
            await patiently(lambda: seal_plain(database, vault=vault))
            await patiently(lambda: devices.seal_plain(database, vault=vault))


async def seal_plain(database: Database, *, vault: Vault) -> int:
    """Seal what releases of before have written in plain text; how many rows."""
    done = 0
    for rows in (_plain_contacts, _plain_accounts):
        while True:
            async with database.writing() as tx:
                found = await rows(tx, vault, STEP)
            done += found
            if found < STEP:
                break
    return done


async def reseal(tx: Tx, *, vault: Vault, limit: int) -> int:
    """Seal at most ``limit`` rows of each kind anew; 0 when none is left, plain ones included.

    Args:
        tx: the caller's transaction.
        vault: has the newest master key, and those that older texts need.
        limit: rows of each kind.

    """
    facts = {"current": vault.current.to_bytes(2, "big"), "limit": limit}
    contacts = await (await tx.execute(_OLD_CONTACTS, facts, binary=True)).fetchall()
    await _keep_contacts(tx, vault, contacts)
    accounts = await (await tx.execute(_OLD_ACCOUNTS, facts, binary=True)).fetchall()
    await _keep_accounts(tx, vault, accounts)
    plain = await _plain_contacts(tx, vault, limit) + await _plain_accounts(tx, vault, limit)
    return len(contacts) + len(accounts) + plain


async def _plain_contacts(tx: Tx, vault: Vault, limit: int) -> int:
    rows = await (await tx.execute(_PLAIN_CONTACTS, {"limit": limit})).fetchall()
    await _keep_contacts(tx, vault, [(row[0], None, None, None, *row[1:]) for row in rows])
    return len(rows)


async def _plain_accounts(tx: Tx, vault: Vault, limit: int) -> int:
    rows = await (await tx.execute(_PLAIN_ACCOUNTS, {"limit": limit})).fetchall()
    await _keep_accounts(tx, vault, [(row[0], None, row[1]) for row in rows])
    return len(rows)


async def _keep_contacts(tx: Tx, vault: Vault, rows: list[Any]) -> None:
    for owner, *values in rows:
        kept, plain = values[:3], values[3:] or [None] * 3
        anew = [
            _anew(vault, owner, field, *pair)
            for field, *pair in zip(_FIELDS, kept, plain, strict=True)
        ]
        await tx.execute(_CONTACT, (*anew, owner))


async def _keep_accounts(tx: Tx, vault: Vault, rows: list[Any]) -> None:
    for owner, kept, plain in rows:
        number = opened(kept, plain, vault=vault, owner=owner, field=NUMBER)
        anew = sealed(number, vault=vault, owner=owner, field=NUMBER)
        await tx.execute(_ACCOUNT, (anew, number[-END_CHARS:], owner))


def _anew(vault: Vault, owner: UUID, field: str, kept: bytes | None, plain: str | None) -> bytes:
    value = opened(kept, plain, vault=vault, owner=owner, field=field)
    return sealed(value, vault=vault, owner=owner, field=field)


_PLAIN_CONTACTS = """
SELECT application_id, contact_name, phone, bank_account FROM merchant_contact
 WHERE contact_name IS NOT NULL LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_PLAIN_ACCOUNTS = """
SELECT id, bank_account FROM payout_account
 WHERE bank_account IS NOT NULL LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
# A sealed text's fourth and fifth byte name its master key (`app.people.vault`).
_OLD_CONTACTS = """
SELECT application_id, contact_name_sealed, phone_sealed, bank_account_sealed
  FROM merchant_contact
 WHERE substring(contact_name_sealed FROM 4 FOR 2) <> %(current)s
 LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_OLD_ACCOUNTS = """
SELECT id, bank_account_sealed, NULL FROM payout_account
 WHERE substring(bank_account_sealed FROM 4 FOR 2) <> %(current)s
 LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_CONTACT = """
UPDATE merchant_contact
   SET contact_name_sealed = %s, phone_sealed = %s, bank_account_sealed = %s,
       contact_name = NULL, phone = NULL, bank_account = NULL
 WHERE application_id = %s
"""
_ACCOUNT = """
UPDATE payout_account
   SET bank_account_sealed = %s, bank_account_end = %s, bank_account = NULL
 WHERE id = %s
"""
