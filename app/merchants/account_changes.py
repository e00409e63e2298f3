"""Door: how a merchant's bank account was changed, masked; for officers and for its own people."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.merchants import rules
from app.merchants.sealed import NUMBER, opened
from app.people.vault import Vault


@dataclass(frozen=True, slots=True)
class Change:
    """A change and how far it has come.

    ``state`` is proposed, refused, approved (it waits until ``pays_from``), stopped, in_force, or
    replaced by a later one.
    """

    id: UUID
    bank_name: str
    bank_holder: str
    bank_account: str
    state: str
    reason: str
    proposal_id: UUID
    proposed_by: UUID
    proposed_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    pays_from: datetime | None
    ended_by: str | None
    ended_at: datetime | None


async def of(tx: Tx, *, merchant_id: UUID, vault: Vault, now: datetime) -> list[Change]:
    """Every change of a merchant's account, the newest first; they are few.

    Args:
        tx: a reading connection.
        merchant_id: whose.
        vault: opens the numbers.
        now: when (UTC); an approved account is in force from its moment on.

    """
    rows = await tx.execute(_OF, {"merchant_id": merchant_id, "now": now})
    return [
        Change(
            change_id,
            bank,
            holder,
            rules.masked(opened(kept, plain, vault=vault, owner=change_id, field=NUMBER)),
            *rest,
        )
        async for change_id, bank, holder, kept, plain, *rest in rows
    ]


# A proposal that was rejected is marked as refused when the next change is proposed.
_OF = """
SELECT a.id, a.bank_name, a.bank_holder, a.bank_account_sealed, a.bank_account,
       CASE WHEN a.state = 'proposed' AND p.verdict = 'rejected' THEN 'refused'
            WHEN a.state <> 'approved' OR a.pays_from > %(now)s THEN a.state
            WHEN EXISTS (SELECT FROM payout_account l
                          WHERE l.merchant_id = a.merchant_id AND l.state = 'approved'
                            AND l.pays_from <= %(now)s
                            AND (l.pays_from, l.id) > (a.pays_from, a.id)) THEN 'replaced'
            ELSE 'in_force' END,
       a.reason, a.proposal_id, a.proposed_by, a.proposed_at, a.decided_by, a.decided_at,
       a.pays_from, a.ended_by, a.ended_at
  FROM payout_account a LEFT JOIN proposal p ON p.id = a.proposal_id
 WHERE a.merchant_id = %(merchant_id)s
 ORDER BY a.id DESC
"""
