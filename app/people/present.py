"""Whoever begins something for a person makes sure, under a lock, that the person has not left."""

from uuid import UUID

from app.database import Tx
from app.people import data_keys
from app.people.errors import PersonLeft


async def ensure_present(tx: Tx, *, account_id: int) -> UUID | None:
    """Hold the citizen's row until the transaction ends; the citizen's id, None for nobody.

    Raises:
        PersonLeft: this account belonged to somebody who was forgotten.

    """
    row = await (await tx.execute(_HOLD, (account_id,))).fetchone()
    if row is None:
        return None
    owner: UUID = row[0]
    # A statement of its own: it sees what the lock waited for.
    if await data_keys.shredded(tx, owners=[owner]):
        raise PersonLeft("This account was deleted.", "该账户已注销。")
    return owner


async def hold_alone(tx: Tx, *, account_id: int) -> None:
    """Wait until nobody begins anything for this person, and let nobody until we are done."""
    await tx.execute(_ALONE, (account_id,))


_ALONE = "SELECT id FROM citizen WHERE account_id = %s FOR UPDATE"
_HOLD = "SELECT id FROM citizen WHERE account_id = %s FOR KEY SHARE"
"""Many may hold it at once; changing the nickname waits for all of them."""
