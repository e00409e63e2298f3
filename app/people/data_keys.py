"""Use cases: a person's own key is made, used, wrapped anew, and destroyed.

A destroyed key leaves its row, so that none is ever made again for somebody who left: that row is
how the rooms know that a person is gone.
"""

import os
from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.database import Tx

DATA_KEY_BYTES = 32
STEP = 2_000


class VaultError(Exception):
    """A sealed text cannot be opened: changed, moved, or its key is gone. Never shown."""


class KeyShreddedError(VaultError):
    """The person's key was destroyed, as they asked."""


class Wraps(Protocol):
    """What wraps keys: the vault (`app.people.vault`), which is built on this file."""

    current: int

    def wrap(self, data_key: bytes, *, owner: UUID) -> bytes:
        """A person's key under the current master key."""
        ...

    def unwrap(self, wrapped: bytes, *, owner: UUID) -> bytes:
        """A person's key again."""
        ...


async def of(tx: Tx, *, vault: Wraps, owner: UUID, now: datetime) -> bytes:
    """A person's key, made if there is none; two who make it at once get the same.

    Raises:
        KeyShreddedError: it was destroyed.

    """
    fresh = vault.wrap(os.urandom(DATA_KEY_BYTES), owner=owner)
    await tx.execute(_MAKE, {"owner": owner, "now": now, "master": vault.current, "wrapped": fresh})
    return await existing(tx, vault=vault, owner=owner)


async def existing(tx: Tx, *, vault: Wraps, owner: UUID) -> bytes:
    """A person's key.

    Raises:
        KeyShreddedError: it was destroyed, or never made.

    """
    row = await (await tx.execute(_ONE, (owner,))).fetchone()
    if row is None or row[0] is None:
        raise KeyShreddedError("this person's key is not there")
    return vault.unwrap(bytes(row[0]), owner=owner)


async def shred(tx: Tx, *, owner: UUID, now: datetime) -> bool:
    """Destroy a person's key for ever; False if that was done before."""
    found = await tx.execute(_SHRED, {"owner": owner, "now": now})
    return found.rowcount == 1


async def shredded(tx: Tx, *, owners: Collection[UUID]) -> set[UUID]:
    """Those of the persons who left."""
    rows = await tx.execute(_SHREDDED, (list(owners),))
    return {owner async for (owner,) in rows}


async def rewrap(tx: Tx, *, vault: Wraps, limit: int = STEP) -> int:
    """Wrap at most ``limit`` keys anew under the current master key; 0 when none is left.

    What is left to do is what the rows say, so a run that was killed goes on where it stopped,
    and two runs at once share the work.
    """
    rows = await (await tx.execute(_OLD, {"current": vault.current, "limit": limit})).fetchall()
    if not rows:
        return 0
    anew = [vault.wrap(vault.unwrap(bytes(old), owner=owner), owner=owner) for owner, old in rows]
    owners = [owner for owner, _ in rows]
    await tx.execute(_REWRAP, {"owners": owners, "anew": anew, "master": vault.current})
    return len(rows)


_MAKE = """
INSERT INTO data_key (owner, made_at, master_id, wrapped)
VALUES (%(owner)s, %(now)s, %(master)s, %(wrapped)s) ON CONFLICT (owner) DO NOTHING
"""
_ONE = "SELECT wrapped FROM data_key WHERE owner = %s"
_SHRED = """
INSERT INTO data_key (owner, made_at, shredded_at) VALUES (%(owner)s, %(now)s, %(now)s)
ON CONFLICT (owner) DO UPDATE
   SET wrapped = NULL, master_id = NULL, shredded_at = excluded.shredded_at
 WHERE data_key.shredded_at IS NULL
"""
_SHREDDED = """
SELECT owner FROM data_key WHERE owner = ANY(%s::uuid[]) AND shredded_at IS NOT NULL
"""
_OLD = """
SELECT owner, wrapped FROM data_key
 WHERE master_id <> %(current)s ORDER BY master_id, owner LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_REWRAP = """
UPDATE data_key d SET wrapped = t.anew, master_id = %(master)s
  FROM unnest(%(owners)s::uuid[], %(anew)s::bytea[]) AS t (owner, anew)
 WHERE d.owner = t.owner
"""
