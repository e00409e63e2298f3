"""Use case: names, second factors and devices that an older master key sealed are sealed anew.

Step by step, while the service serves; `app.sealing` opens a transaction for each step.
"""

from typing import Any

from app.database import Database, Tx
from app.people.vault import Vault
from app.sign_in.credentials import FIELD
from app.sign_in.own_sessions import called
from app.sign_in.sessions import DEVICE, PUSH

STEP = 500


async def reseal(tx: Tx, *, vault: Vault, limit: int) -> int:
    """Seal at most ``limit`` of each kind anew, plain devices too; 0 when none is left.

    Args:
        tx: the caller's transaction.
        vault: has the newest master key, and those that older texts need.
        limit: rows of each table.

    """
    facts = {"current": vault.current.to_bytes(2, "big"), "limit": limit}
    names = await (await tx.execute(_NAMES, facts, binary=True)).fetchall()
    for kind, digest, owner, sealed in names:
        text = vault.open(sealed, owner=owner, field=kind)
        anew = vault.seal(text, owner=owner, field=kind)
        await tx.execute(_NAME, {"kind": kind, "digest": digest, "sealed": anew})
    secrets = await (await tx.execute(_FACTORS, facts, binary=True)).fetchall()
    for owner, sealed in secrets:
        text = vault.open(sealed, owner=owner, field=FIELD)
        anew = vault.seal(text, owner=owner, field=FIELD)
        await tx.execute(_FACTOR, {"owner": owner, "sealed": anew})
    devices = await (await tx.execute(_DEVICES, facts, binary=True)).fetchall()
    await _seal_devices(tx, vault, devices)
    plain = await _plain_devices(tx, vault, limit)
    return len(names) + len(secrets) + len(devices) + plain


async def seal_plain(database: Database, *, vault: Vault) -> int:
    """Seal the devices' names that releases of before have written in plain text; how many."""
    done, found = 0, STEP
    while found == STEP:
        async with database.writing() as tx:
            found = await _plain_devices(tx, vault, STEP)
        done += found
    return done


async def _plain_devices(tx: Tx, vault: Vault, limit: int) -> int:
    rows = await (await tx.execute(_PLAIN, {"limit": limit})).fetchall()
    await _seal_devices(tx, vault, rows)
    return len(rows)


async def _seal_devices(tx: Tx, vault: Vault, rows: list[Any]) -> None:
    for session_id, owner, sealed, plain, push in rows:
        name = called(vault, owner, sealed, plain)
        to = None if push is None else vault.open(bytes(push), owner=owner, field=PUSH)
        facts = {
            "id": session_id,
            "sealed": vault.seal(name, owner=owner, field=DEVICE),
            "push": None if to is None else vault.seal(to, owner=owner, field=PUSH),
        }
        await tx.execute(_DEVICE, facts)


# A sealed text's fourth and fifth byte name its master key (`app.people.vault`).
_NAMES = """
SELECT kind, digest, citizen_id, sealed FROM sign_in_name
 WHERE substring(sealed FROM 4 FOR 2) <> %(current)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_NAME = """
UPDATE sign_in_name SET sealed = %(sealed)s WHERE kind = %(kind)s AND digest = %(digest)s
"""
_FACTORS = """
SELECT person_id, totp_sealed FROM credential
 WHERE substring(totp_sealed FROM 4 FOR 2) <> %(current)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DEVICES = """
SELECT id, person_id, device_sealed, device_name, push_sealed FROM sign_in_session
 WHERE substring(device_sealed FROM 4 FOR 2) <> %(current)s
    OR substring(push_sealed FROM 4 FOR 2) <> %(current)s
 LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_PLAIN = """
SELECT id, person_id, NULL, device_name, push_sealed FROM sign_in_session
 WHERE device_name <> '' LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DEVICE = """
UPDATE sign_in_session SET device_sealed = %(sealed)s, device_name = '', push_sealed = %(push)s
 WHERE id = %(id)s
"""
_FACTOR = "UPDATE credential SET totp_sealed = %(sealed)s WHERE person_id = %(owner)s"
