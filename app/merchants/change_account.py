"""Use cases: a merchant is to be paid elsewhere; two officers agree, it waits, it may be stopped.

Whoever can change where money goes can steal it. So one finance officer writes the account down,
another approves it, the merchant is told at once, and for a week it is still paid at the old one
and its managers may object. `app.main` wires `apply` in as what the proposal does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from app.approvals import proposals
from app.approvals.propose import propose
from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.merchants import history, rules, standing
from app.merchants.errors import (
    AccountChangeNotFound,
    AccountChangeWaiting,
    NotItsProposal,
    WrongAccountState,
)
from app.merchants.sealed import END_CHARS, NUMBER, opened, sealed
from app.merchants.tables_accounts import AccountState as State
from app.people import officers
from app.people.vault import Vault

log = structlog.get_logger()

KIND = "merchants.change_account"
COOLING = timedelta(days=7)
"""How long after its approval a new account waits for its first payment."""
TOO_LATE = timedelta(minutes=1)
"""Before its first payment an objection is too late: a batch may be under way that saw it."""


@dataclass(frozen=True, slots=True, repr=False)
class Wished:
    """The new account. Never printed."""

    bank_name: str
    bank_holder: str
    bank_account: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change that waits for the second officer."""

    change_id: UUID
    proposal_id: UUID


async def change(
    tx: Tx,
    *,
    merchant_id: UUID,
    wished: Wished,
    reason: str,
    officer_id: UUID,
    vault: Vault,
    now: datetime,
) -> Proposed:
    """Write a new account down and ask another finance officer; the same again is the same.

    Args:
        tx: the caller's transaction.
        merchant_id: whose.
        wished: the account.
        reason: what was checked, for the second officer and the merchant.
        officer_id: the first officer.
        vault: seals the number.
        now: when (UTC).

    Raises:
        WrongOffice: not of finance.
        MerchantNotFound: none has this id.
        ApplicationUnsound: no account number.
        AccountChangeWaiting: another change waits for the second officer.

    """
    await officers.ensure_role(tx, officer_id=officer_id, role=officers.FINANCE)
    await standing.lock(tx, merchant_id=merchant_id)
    number = rules.bank_account(wished.bank_account)
    row = (wished.bank_name, wished.bank_holder, reason, officer_id)
    waiting = await (await tx.execute(_WAITING, (merchant_id,))).fetchone()
    if waiting is not None:
        change_id, proposal_id, kept, plain, *known = waiting
        decided = await proposals.decision(tx, proposal_id=proposal_id)
        if decided is None or decided.verdict != "rejected":
            before = opened(kept, plain, vault=vault, owner=change_id, field=NUMBER)
            if (before, *known) == (number, *row):
                return Proposed(change_id, proposal_id)
            raise AccountChangeWaiting(
                "Another account waits for the second officer; decide that proposal first.",
                "已有一项收款账户变更待审批,请先处理该提案。",
            )
        assert decided.decided_by is not None, "a verdict has somebody who gave it"
        by = history.officer(decided.decided_by)
        await _end(tx, change_id, State.refused, by=by, now=now)
    change_id = new_id()
    payload = {"change_id": str(change_id), "merchant_id": str(merchant_id)}
    proposal_id = await propose(
        tx, kind=KIND, payload=payload, reason=reason, officer_id=officer_id, now=now
    )
    kept = sealed(number, vault=vault, owner=change_id, field=NUMBER)
    held = (change_id, merchant_id, kept, number[-END_CHARS:], *row[:3])
    await tx.execute(_PROPOSE, (*held, proposal_id, officer_id, now))
    await _keep(tx, change_id, merchant_id, "propose", by=history.officer(officer_id), now=now)
    return Proposed(change_id, proposal_id)


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Let the account that the proposal names be paid once it has waited.

    Args:
        tx: the transaction of the approval.
        payload: ``{"change_id": "<uuid>", "merchant_id": "<uuid>"}``, as `change` wrote it.
        now: when (UTC).

    Raises:
        AccountChangeNotFound: there is no such change.
        WrongAccountState: it was stopped, or is decided.
        NotItsProposal: it was proposed by hand, beside the change.
        WrongOffice: the second officer is not of finance.

    """
    try:
        change_id = UUID(str(payload.get("change_id")))
    except ValueError as error:
        raise _unknown() from error
    row = await (await tx.execute(_LOCK, (change_id,))).fetchone()
    if row is None:
        raise _unknown()
    merchant_id, state, proposal_id, _ = row
    if state != State.proposed:
        raise _wrong(state)
    decided = await proposals.decision(tx, proposal_id=proposal_id)
    if decided is None or decided.verdict != "approved" or decided.decided_by is None:
        raise NotItsProposal(
            "Approve the proposal that was made with the change.", "请审批与该变更一同生成的提案。"
        )
    await officers.ensure_role(tx, officer_id=decided.decided_by, role=officers.FINANCE)
    await tx.execute(_APPROVE, (decided.decided_by, now, now + COOLING, change_id))
    by = history.officer(decided.decided_by)
    await _keep(tx, change_id, merchant_id, "approve", by=by, now=now)


async def stop(tx: Tx, *, merchant_id: UUID, change_id: UUID, actor: str, now: datetime) -> None:
    """The merchant did not ask for this: nothing is ever paid there. Twice is once.

    Raises:
        AccountChangeNotFound: the merchant has no such change.
        WrongAccountState: it was refused, or is paid already.

    """
    row = await (await tx.execute(_LOCK, (change_id,))).fetchone()
    if row is None or row[0] != merchant_id:
        raise _unknown()
    _, state, _, pays_from = row
    if state == State.stopped:
        return
    if state == State.approved and pays_from <= now + TOO_LATE:
        raise _wrong("in_force")
    if state == State.refused:
        raise _wrong(state)
    await _end(tx, change_id, State.stopped, by=actor, now=now)
    await _keep(tx, change_id, merchant_id, "stop", by=actor, now=now)


async def _end(tx: Tx, change_id: UUID, state: State, *, by: str, now: datetime) -> None:
    await tx.execute(_END, (state.value, by, now, change_id))


async def _keep(
    tx: Tx, change_id: UUID, merchant_id: UUID, verb: str, *, by: str, now: datetime
) -> None:
    await record(
        tx,
        actor=by,
        action=f"merchants.{verb}_account",
        subject=f"payout_account:{change_id}",
        facts={"merchant": str(merchant_id)},
        now=now,
    )
    log.info("payout_account_moved", change_id=str(change_id), verb=verb)


def _unknown() -> AccountChangeNotFound:
    return AccountChangeNotFound(
        "No change of a bank account has this id.", "没有该编号的收款账户变更。"
    )


def _wrong(state: str) -> WrongAccountState:
    return WrongAccountState(
        f"The change is `{state}`; this cannot be done any more.",
        f"该变更当前状态为 {state},无法执行该操作。",
        state=state,
    )


_WAITING = """
SELECT id, proposal_id, bank_account_sealed, bank_account, bank_name, bank_holder, reason,
       proposed_by
  FROM payout_account WHERE merchant_id = %s AND state = 'proposed' FOR UPDATE
"""
_PROPOSE = """
INSERT INTO payout_account (id, merchant_id, bank_account_sealed, bank_account_end, bank_name,
                            bank_holder, reason, proposal_id, proposed_by, proposed_at, state)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'proposed')
"""
_LOCK = """
SELECT merchant_id, state, proposal_id, pays_from FROM payout_account WHERE id = %s FOR UPDATE
"""
_APPROVE = """
UPDATE payout_account SET state = 'approved', decided_by = %s, decided_at = %s, pays_from = %s
 WHERE id = %s
"""
_END = "UPDATE payout_account SET state = %s, ended_by = %s, ended_at = %s WHERE id = %s"
