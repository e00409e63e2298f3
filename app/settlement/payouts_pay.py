"""Use cases: the bank's file of an approved batch, and what the bank did: paid, or sent back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
import structlog

from app.audit.record import record
from app.database import Tx, savepoint
from app.merchants import accounts
from app.people import officers
from app.people.vault import Vault
from app.settlement import files
from app.settlement.errors import BankReferenceUsed, PayoutNotFound
from app.settlement.payouts import no_batch, wrong_state
from app.settlement.tables_payouts import PayoutState as State

log = structlog.get_logger()

BANK_FILE = "bank.csv"
_HEADER = ("payout_id", "merchant_id", "bank", "holder", "account", "fen", "currency")


@dataclass(frozen=True, slots=True, repr=False)
class BankFile:
    """What is sent to the bank: accounts in full, and a manifest that shows none."""

    content: bytes
    manifest: bytes


async def bank_file(
    tx: Tx, *, batch_id: UUID, officer_id: UUID, vault: Vault, now: datetime
) -> BankFile:
    """The payments that were approved, as the bank takes them; the same each time.

    Args:
        tx: the caller's transaction: that somebody saw whole accounts is kept.
        batch_id: which.
        officer_id: who, of finance.
        vault: opens the accounts.
        now: when (UTC).

    Raises:
        WrongOffice: not of finance.
        PayoutNotFound: there is no such batch.
        WrongPayoutState: it is not approved.

    """
    await officers.ensure_role(tx, officer_id=officer_id, role=officers.FINANCE)
    row = await (await tx.execute(_BATCH, (batch_id,))).fetchone()
    if row is None:
        raise no_batch()
    if row[0] != State.approved:
        raise wrong_state(row[0])
    due = [each async for each in await tx.execute(_APPROVED, (batch_id,))]
    full = await accounts.in_full(
        tx,
        payees={merchant_id: account_id for _, merchant_id, _, account_id in due},
        officer_id=officer_id,
        subject=f"payout_batch:{batch_id}",
        vault=vault,
        now=now,
    )
    rows = []
    for payout_id, merchant_id, fen, _ in due:
        to = full[merchant_id]
        whose = (to.bank_name, to.bank_holder, to.bank_account)
        rows.append((str(payout_id), str(merchant_id), *whose, fen, "CNY"))
    content = files.table(_HEADER, rows)
    facts = {
        "format": "puhui-bank-1",
        "batch_id": str(batch_id),
        "payouts": len(rows),
        "fen": sum(fen for _, _, fen, _ in due),
        "proposed_by": str(row[1]),
        "approved_by": str(row[2]),
    }
    return BankFile(content, files.manifest_of(facts, {BANK_FILE: content}))


async def mark_paid(
    tx: Tx, *, payout_id: UUID, bank_reference: str, officer_id: UUID, now: datetime
) -> None:
    """Note that the bank has paid; the same reference again changes nothing.

    Raises:
        WrongOffice: not of finance.
        PayoutNotFound: there is no such payment.
        WrongPayoutState: it is not approved, was sent back, or was paid under another reference.
        BankReferenceUsed: the reference stands for another payment.

    """
    await officers.ensure_role(tx, officer_id=officer_id, role=officers.FINANCE)
    state, reference = await _lock(tx, payout_id)
    if state == State.paid and reference == bank_reference:
        return
    if state != State.approved:
        raise wrong_state(state)
    arguments = {
        "id": payout_id,
        "reference": bank_reference,
        "actor": f"officer:{officer_id}",
        "now": now,
    }
    try:
        async with savepoint(tx):
            await tx.execute(_PAID, arguments)
    except psycopg.errors.UniqueViolation as error:
        raise BankReferenceUsed(
            "This reference stands for another payment; look at the bank's statement again.",
            "该银行流水号已对应其他付款,请核对银行回单。",
        ) from error
    await _record(tx, payout_id, "settlement.paid", officer_id, now)


async def mark_returned(
    tx: Tx, *, payout_id: UUID, reason: str, officer_id: UUID, now: datetime
) -> None:
    """Note that the bank sent it back; its days go into the next batch. Twice is once.

    Raises:
        WrongOffice: not of finance.
        PayoutNotFound: there is no such payment.
        WrongPayoutState: it is not approved, or was paid.

    """
    await officers.ensure_role(tx, officer_id=officer_id, role=officers.FINANCE)
    state, _ = await _lock(tx, payout_id)
    if state == State.returned:
        return
    if state != State.approved:
        raise wrong_state(state)
    actor = f"officer:{officer_id}"
    arguments = {"id": payout_id, "reason": reason, "actor": actor, "now": now}
    await tx.execute(_RETURNED, arguments)
    await tx.execute(_FREE, arguments)
    await _record(tx, payout_id, "settlement.returned", officer_id, now)


async def _lock(tx: Tx, payout_id: UUID) -> tuple[str, str | None]:
    row = await (await tx.execute(_LOCK, (payout_id,))).fetchone()
    if row is None:
        raise PayoutNotFound("No payment has this id.", "没有该编号的付款。")
    return row[0], row[1]


async def _record(tx: Tx, payout_id: UUID, action: str, officer_id: UUID, now: datetime) -> None:
    subject, actor = f"payout:{payout_id}", f"officer:{officer_id}"
    await record(tx, actor=actor, action=action, subject=subject, now=now)
    log.info("payout_moved", payout_id=str(payout_id), action=action)


_BATCH = "SELECT state, proposed_by, decided_by FROM payout_batch WHERE id = %s"
_APPROVED = """
SELECT id, merchant_id, fen, payout_account_id FROM payout
 WHERE batch_id = %s AND approved_at IS NOT NULL ORDER BY id
"""
_LOCK = "SELECT state, bank_reference FROM payout WHERE id = %s FOR UPDATE"
_PAID = """
UPDATE payout SET state = 'paid', bank_reference = %(reference)s, resolved_by = %(actor)s,
       resolved_at = %(now)s WHERE id = %(id)s
"""
_RETURNED = """
UPDATE payout SET state = 'returned', reason = %(reason)s, resolved_by = %(actor)s,
       resolved_at = %(now)s WHERE id = %(id)s
"""
_FREE = "UPDATE payout_part SET live = false WHERE payout_id = %(id)s"
