"""Use case: names and second factors that an older master key sealed are sealed anew.

Step by step, while the service serves; `app.sealing` opens a transaction for each step.
"""

from app.database import Tx
from app.people.vault import Vault
from app.sign_in.credentials import FIELD


async def reseal(tx: Tx, *, vault: Vault, limit: int) -> int:
    """Seal at most ``limit`` names and as many secrets anew; 0 when none is left.

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
    return len(names) + len(secrets)


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
_FACTOR = "UPDATE credential SET totp_sealed = %(sealed)s WHERE person_id = %(owner)s"
