"""Door: where merchants are paid, for many at once; masked, or, for finance, in full."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.merchants import history, rules


@dataclass(frozen=True, slots=True)
class Account:
    """A bank, in whose name, and the number."""

    bank_name: str
    bank_holder: str
    bank_account: str


async def masked(tx: Tx, *, merchant_ids: Collection[UUID]) -> dict[UUID, Account]:
    """The accounts of those merchants that have one, all but the last digits hidden."""
    found = await _accounts(tx, merchant_ids)
    return {
        merchant_id: Account(each.bank_name, each.bank_holder, rules.masked(each.bank_account))
        for merchant_id, each in found.items()
    }


async def in_full(
    tx: Tx, *, merchant_ids: Collection[UUID], officer_id: UUID, subject: str, now: datetime
) -> dict[UUID, Account]:
    """The same in full; that somebody looked, and for what, is kept."""
    await record(
        tx,
        actor=history.officer(officer_id),
        action="merchants.see_accounts",
        subject=subject,
        facts={"merchants": len(merchant_ids)},
        now=now,
    )
    return await _accounts(tx, merchant_ids)


async def _accounts(tx: Tx, merchant_ids: Collection[UUID]) -> dict[UUID, Account]:
    rows = await tx.execute(_ACCOUNTS, (list(merchant_ids),))
    return {row[0]: Account(*row[1:]) async for row in rows}


_ACCOUNTS = """
SELECT m.id, c.bank_name, c.bank_holder, c.bank_account
  FROM merchant m JOIN merchant_contact c USING (application_id)
 WHERE m.id = ANY (%b::uuid[])
"""
