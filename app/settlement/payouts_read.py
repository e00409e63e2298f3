"""Door: batches of payments and what became of them; for officers."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.settlement.payouts import no_batch


@dataclass(frozen=True, slots=True)
class Batch:
    """Payments that are approved together."""

    id: UUID
    state: str
    proposal_id: UUID
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    payouts: int
    fen: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment; the account is masked. ``days`` are those that it pays."""

    id: UUID
    merchant_id: UUID
    fen: int
    bank_name: str
    bank_holder: str
    bank_account: str
    state: str
    bank_reference: str | None
    reason: str | None
    days: list[date]


async def batches(tx: Tx, *, before: UUID | None, limit: int) -> list[Batch]:
    """At most ``limit`` batches, the newest first."""
    arguments = {"before": before or UUID(int=2**128 - 1), "limit": limit}
    return [Batch(*row) async for row in await tx.execute(_BATCHES, arguments)]


async def payments(tx: Tx, *, batch_id: UUID) -> list[Payment]:
    """The payments of a batch, in the bank file's order.

    Raises:
        PayoutNotFound: there is no such batch.

    """
    found = [Payment(*row) async for row in await tx.execute(_PAYMENTS, (batch_id,))]
    if not found:
        raise no_batch()
    return found


_BATCHES = """
SELECT id, state, proposal_id, proposed_by, proposed_at, decided_by, payouts, fen
  FROM payout_batch WHERE id < %(before)s ORDER BY id DESC LIMIT %(limit)s
"""
_PAYMENTS = """
SELECT p.id, p.merchant_id, p.fen, p.bank_name, p.bank_holder, p.bank_account, p.state,
       p.bank_reference, p.reason, array_agg(s.day ORDER BY s.day)
  FROM payout p JOIN payout_part t ON t.payout_id = p.id JOIN settlement s ON s.id = t.settlement_id
 WHERE p.batch_id = %s GROUP BY p.id ORDER BY p.id
"""
