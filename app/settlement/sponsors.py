"""Door: the spendings behind a settlement, as the ledger's attribution of sponsors asks for them.

Whose points paid for a coupon is not kept here: it is a join of intervals over the book of points
(an account's earnings and spendings lie on one axis), made when somebody asks.
"""

from uuid import UUID

from app.database import Tx
from app.settlement import lines
from app.settlement.tables import LineKind

Spending = tuple[int, UUID]
"""An account, and the ref under which the book of points knows that it spent."""


async def spendings(tx: Tx, *, settlement_id: UUID) -> list[Spending]:
    """What the settlement's sales are called in the book of points, in the file's order."""
    found = await lines.of_settlements(tx, settlement_ids=[settlement_id])
    return [
        (line.account_id, line.ref)
        for line in found.get(settlement_id, [])
        if line.kind == LineKind.sale
    ]
