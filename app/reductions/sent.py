"""Door: the evidence behind acts, as the providers sent it, and its erasure.

An act knows where its line lies; a line does not say whose it is. What remains of an act when
its line is gone, by retention or by erasure, is what the formulas read, and the id.
"""

from uuid import UUID

from app.database import Tx
from app.intake import evidence
from app.intake.evidence import Place, Sent


async def of_account(tx: Tx, *, account_id: int) -> dict[UUID, Sent]:
    """Every record that is still kept of a citizen, by the id of its act."""
    places = await _places(tx, account_id)
    found = await evidence.of_places(tx, places=places.values())
    return {act_id: found[place] for act_id, place in places.items() if place in found}


async def erase_account(tx: Tx, *, account_id: int) -> int:
    """Take a citizen's records out of all blocks; returns how many there were.

    The blocks are written anew without them; the acts stay, and what they came to.
    """
    places = await _places(tx, account_id)
    return await evidence.erase(tx, places=places.values())


async def _places(tx: Tx, account_id: int) -> dict[UUID, Place]:
    rows = await tx.execute(_PLACES, {"account": account_id})
    return {found: (block, line) async for found, block, line in rows}


_PLACES = """
SELECT id, block_no, line
  FROM (SELECT id, block_no, line FROM reduction WHERE account_id = %(account)s
        UNION ALL
        SELECT id, block_no, line FROM held_activity WHERE account_id = %(account)s) AS acts
 WHERE block_no > 0
"""
