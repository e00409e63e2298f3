"""Door: where merchants are paid, for many at once; masked, or, for finance, in full.

A merchant is paid where it applied with, until a change that two officers agreed on has waited
its days. A payment keeps the account it was proposed with.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.merchants import history, rules
from app.merchants.sealed import NUMBER, opened
from app.people.vault import Vault


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A bank, in whose name, and the number; ``id`` is None for the one of the application."""

    id: UUID | None
    bank_name: str
    bank_holder: str
    bank_account: str


async def masked(
    tx: Tx, *, merchant_ids: Collection[UUID], vault: Vault, now: datetime
) -> dict[UUID, Account]:
    """The accounts at which merchants are paid now, all but the last digits hidden."""
    arguments = {"merchants": list(merchant_ids), "now": now}
    found = await _read(tx, _NOW, arguments, vault)
    return {
        merchant_id: replace(each, bank_account=rules.masked(each.bank_account))
        for merchant_id, each in found.items()
    }


async def in_full(
    tx: Tx,
    *,
    payees: Mapping[UUID, UUID | None],
    officer_id: UUID,
    subject: str,
    vault: Vault,
    now: datetime,
) -> dict[UUID, Account]:
    """Accounts in full; that somebody looked, and for what, is kept.

    Args:
        tx: the caller's transaction.
        payees: merchants, and the `Account.id` that was shown when they were to be paid.
        officer_id: who looks.
        subject: for what, for the audit.
        vault: opens the numbers.
        now: when (UTC).

    """
    await record(
        tx,
        actor=history.officer(officer_id),
        action="merchants.see_accounts",
        subject=subject,
        facts={"merchants": len(payees)},
        now=now,
    )
    arguments = {"merchants": list(payees), "accounts": list(payees.values())}
    return await _read(tx, _THESE, arguments, vault)


async def _read(
    tx: Tx, sql: str, arguments: Mapping[str, Any], vault: Vault
) -> dict[UUID, Account]:
    rows = await tx.execute(sql, arguments)
    return {
        merchant_id: Account(
            account_id,
            bank,
            holder,
            opened(kept, plain, vault=vault, owner=account_id or application_id, field=NUMBER),
        )
        async for merchant_id, account_id, application_id, bank, holder, kept, plain in rows
    }


_NOW = """
SELECT m.id, a.id, c.application_id, coalesce(a.bank_name, c.bank_name),
       coalesce(a.bank_holder, c.bank_holder),
       CASE WHEN a.id IS NULL THEN c.bank_account_sealed ELSE a.bank_account_sealed END,
       CASE WHEN a.id IS NULL THEN c.bank_account ELSE a.bank_account END
  FROM merchant m
  LEFT JOIN merchant_contact c USING (application_id)
  LEFT JOIN LATERAL (
    SELECT p.* FROM payout_account p
     WHERE p.merchant_id = m.id AND p.state = 'approved' AND p.pays_from <= %(now)s
     ORDER BY p.pays_from DESC, p.id DESC LIMIT 1) AS a ON true
 WHERE m.id = ANY (%(merchants)b::uuid[]) AND coalesce(a.id, c.application_id) IS NOT NULL
"""
_THESE = """
SELECT m.id, t.account_id, c.application_id, coalesce(a.bank_name, c.bank_name),
       coalesce(a.bank_holder, c.bank_holder),
       coalesce(a.bank_account_sealed, c.bank_account_sealed),
       coalesce(a.bank_account, c.bank_account)
  FROM unnest(%(merchants)b::uuid[], %(accounts)b::uuid[]) AS t (merchant_id, account_id)
  JOIN merchant m ON m.id = t.merchant_id
  LEFT JOIN merchant_contact c ON t.account_id IS NULL AND c.application_id = m.application_id
  LEFT JOIN payout_account a ON a.id = t.account_id AND a.merchant_id = m.id
 WHERE coalesce(a.id, c.application_id) IS NOT NULL
"""
