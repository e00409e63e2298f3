"""Use cases: a finance officer proposes a batch of payments, another one approves it.

A merchant is paid what all its settlements that no payment carries come to. Where that is not
more than nothing, nothing is paid and the days are carried over. A suspended merchant waits, and
so does one whose bank account nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog

from app.approvals import proposals
from app.approvals.propose import propose
from app.database import Tx
from app.ids import new_id
from app.merchants import accounts, directory
from app.people import officers
from app.people.vault import Vault
from app.settlement.errors import (
    NothingToPay,
    NotTheBatchsProposal,
    PayoutNotFound,
    WrongPayoutState,
)
from app.settlement.tables_payouts import PayoutState as State

log = structlog.get_logger()

KIND = "settlement.pay_out"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A batch that waits for the second officer."""

    batch_id: UUID
    proposal_id: UUID
    payouts: int
    fen: int


async def propose_batch(
    tx: Tx, *, through: date, reason: str, officer_id: UUID, vault: Vault, now: datetime
) -> Proposed:
    """Propose to pay every merchant what it is owed for days up to and with ``through``.

    Args:
        tx: the caller's transaction.
        through: the last day that is paid.
        reason: why, for the second officer.
        officer_id: the first one, of finance.
        vault: opens the accounts, whose ends a payment keeps.
        now: when (UTC).

    Raises:
        WrongOffice: not of finance.
        NothingToPay: nobody is owed anything.

    """
    await officers.ensure_role(tx, officer_id=officer_id, role=officers.FINANCE)
    # One batch at a time; the key of the live parts is the last word.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('payout_batch'))")
    await _release_rejected(tx, now)
    owed = [row async for row in await tx.execute(_OWED, (through,))]
    merchants = [row[0] for row in owed]
    active = await directory.active_among(tx, merchant_ids=merchants)
    known = await accounts.masked(tx, merchant_ids=merchants, vault=vault, now=now)
    due = [
        (new_id(), merchant_id, int(fen), known[merchant_id], settlement_ids)
        for merchant_id, fen, settlement_ids in owed
        if merchant_id in active and merchant_id in known
    ]
    if not due:
        raise NothingToPay(
            "No active merchant with a bank account is owed anything up to this day.",
            "截至该日,没有应付且可付款的商户。",
        )
    total_fen, batch_id = sum(each[2] for each in due), new_id()
    proposal_id = await propose(
        tx,
        kind=KIND,
        payload={"batch_id": str(batch_id), "payouts": len(due), "fen": total_fen},
        reason=reason,
        officer_id=officer_id,
        now=now,
    )
    arguments = {
        "id": batch_id,
        "proposal_id": proposal_id,
        "officer": officer_id,
        "now": now,
        "payouts": len(due),
        "fen": total_fen,
        "ids": [each[0] for each in due],
        "merchants": [each[1] for each in due],
        "sums": [each[2] for each in due],
        "banks": [each[3].bank_name for each in due],
        "holders": [each[3].bank_holder for each in due],
        "numbers": [each[3].bank_account for each in due],
        "accounts": [each[3].id for each in due],
        "part_payouts": [each[0] for each in due for _ in each[4]],
        "part_settlements": [settlement_id for each in due for settlement_id in each[4]],
    }
    for statement in (_BATCH, _PAYOUTS, _PARTS):
        await tx.execute(statement, arguments)
    log.info("payouts_proposed", batch_id=str(batch_id), payouts=len(due), fen=total_fen)
    return Proposed(batch_id, proposal_id, len(due), total_fen)


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Approve the batch that the proposal names; merchants that were suspended since wait.

    Args:
        tx: the transaction of the approval.
        payload: ``{"batch_id": "<uuid>", "payouts": 2, "fen": 1200}``, as `propose_batch` wrote it.
        now: when (UTC).

    Raises:
        PayoutNotFound: there is no such batch.
        WrongPayoutState: it is decided.
        NotTheBatchsProposal: it was proposed by hand, beside the batch.
        WrongOffice: the second officer is not of finance.

    """
    batch_id = _batch_in(payload)
    row = await (await tx.execute(_LOCK, (batch_id,))).fetchone()
    if row is None:
        raise no_batch()
    state, proposal_id, payouts, fen = row
    if state != State.proposed:
        raise wrong_state(state)
    decided = await proposals.decision(tx, proposal_id=proposal_id)
    if (
        decided is None
        or decided.verdict != "approved"
        or decided.decided_by is None
        or (payload.get("payouts"), payload.get("fen")) != (payouts, fen)
    ):
        raise NotTheBatchsProposal(
            "Approve the proposal that was made with the batch.", "请审批与该批次一同生成的提案。"
        )
    await officers.ensure_role(tx, officer_id=decided.decided_by, role=officers.FINANCE)
    arguments = {"batch_id": batch_id, "officer": decided.decided_by, "now": now}
    await tx.execute(_APPROVE, arguments)
    merchants = [each async for (each,) in await tx.execute(_MERCHANTS, (batch_id,))]
    active = await directory.active_among(tx, merchant_ids=merchants)
    stopped = [each for each in merchants if each not in active]
    facts = {"batch_id": batch_id, "merchants": stopped, "now": now}
    facts |= {"actor": "process:approvals", "reason": "the merchant is suspended"}
    await tx.execute(_RETURN_SOME, facts)
    await tx.execute(_FREE_PARTS, {"batch_id": batch_id})
    log.info("payouts_approved", batch_id=str(batch_id), waiting=len(stopped))


def no_batch() -> PayoutNotFound:
    """The refusal of an id that no batch has."""
    return PayoutNotFound("No batch of payments has this id.", "没有该编号的付款批次。")


def wrong_state(state: str) -> WrongPayoutState:
    """The refusal that says what the state is."""
    return WrongPayoutState(
        f"It is `{state}`; this cannot be done any more, or not yet.",
        f"当前状态为 {state},无法执行该操作。",
        state=state,
    )


async def _release_rejected(tx: Tx, now: datetime) -> None:
    """Let go of what stands in batches whose proposals were rejected."""
    rows = await (await tx.execute(_WAITING)).fetchall()
    for batch_id, proposal_id in rows:
        decided = await proposals.decision(tx, proposal_id=proposal_id)
        if decided is not None and decided.verdict == "rejected":
            facts = {"batch_id": batch_id, "officer": decided.decided_by, "now": now}
            facts |= {"actor": "process:approvals", "reason": "the proposal was rejected"}
            await tx.execute(_RETURN_BATCH, facts)
            await tx.execute(_RETURN_ALL, facts)
            await tx.execute(_FREE_PARTS, facts)


def _batch_in(payload: Mapping[str, Any]) -> UUID:
    try:
        return UUID(str(payload.get("batch_id")))
    except ValueError as error:
        raise no_batch() from error


_OWED = """
SELECT s.merchant_id, sum(s.payable_fen)::bigint, array_agg(s.id ORDER BY s.day)
  FROM settlement s
 WHERE s.day <= %s
   AND NOT EXISTS (SELECT FROM payout_part p WHERE p.settlement_id = s.id AND p.live)
 GROUP BY 1 HAVING sum(s.payable_fen) > 0 ORDER BY 1
"""
_BATCH = """
INSERT INTO payout_batch (id, state, proposal_id, proposed_by, proposed_at, payouts, fen)
VALUES (%(id)s, 'proposed', %(proposal_id)s, %(officer)s, %(now)s, %(payouts)s, %(fen)s)
"""
_PAYOUTS = """
INSERT INTO payout (id, batch_id, merchant_id, fen, bank_name, bank_holder, bank_account,
                    payout_account_id, state)
SELECT t.id, %(id)s, t.merchant_id, t.fen, t.bank, t.holder, t.number, t.account, 'proposed'
  FROM unnest(%(ids)b::uuid[], %(merchants)b::uuid[], %(sums)b::bigint[], %(banks)s::text[],
              %(holders)s::text[], %(numbers)s::text[], %(accounts)b::uuid[])
    AS t (id, merchant_id, fen, bank, holder, number, account)
"""
_PARTS = """
INSERT INTO payout_part (payout_id, settlement_id, live)
SELECT t.*, true FROM unnest(%(part_payouts)b::uuid[], %(part_settlements)b::uuid[]) AS t
"""
_LOCK = "SELECT state, proposal_id, payouts, fen FROM payout_batch WHERE id = %s FOR UPDATE"
_APPROVE = """
WITH batch AS (
  UPDATE payout_batch SET state = 'approved', decided_by = %(officer)s, decided_at = %(now)s
   WHERE id = %(batch_id)s RETURNING id
)
UPDATE payout p SET state = 'approved', approved_at = %(now)s
  FROM batch b WHERE p.batch_id = b.id AND p.state = 'proposed'
"""
_MERCHANTS = "SELECT merchant_id FROM payout WHERE batch_id = %s ORDER BY merchant_id"
_RETURN_SOME = """
UPDATE payout SET state = 'returned', approved_at = NULL, reason = %(reason)s,
       resolved_by = %(actor)s, resolved_at = %(now)s
 WHERE batch_id = %(batch_id)s AND merchant_id = ANY (%(merchants)b::uuid[])
"""
_RETURN_ALL = """
UPDATE payout SET state = 'returned', reason = %(reason)s, resolved_by = %(actor)s,
       resolved_at = %(now)s
 WHERE batch_id = %(batch_id)s AND state = 'proposed'
"""
_FREE_PARTS = """
UPDATE payout_part t SET live = false
  FROM payout p WHERE p.id = t.payout_id AND p.batch_id = %(batch_id)s AND p.state = 'returned'
"""
_WAITING = (
    "SELECT id, proposal_id FROM payout_batch WHERE state = 'proposed' ORDER BY id FOR UPDATE"
)
_RETURN_BATCH = """
UPDATE payout_batch SET state = 'returned', decided_by = %(officer)s, decided_at = %(now)s
 WHERE id = %(batch_id)s
"""
