"""Use cases: a merchant becomes active; one officer suspends it at once, two let it go on.

Stopping harm must not wait for a second person, and undoing a suspension by mistake costs a
colleague a minute; letting somebody back to the money is what needs two. `app.main` wires
`apply` in as what a ``merchants.resume`` proposal does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.approvals.propose import propose
from app.database import Tx
from app.merchants import directory, history, rules
from app.merchants.errors import NotItsProposal
from app.merchants.tables import MerchantState as State

log = structlog.get_logger()

KIND = "merchants.resume"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a merchant stands, its row locked until the transaction ends."""

    state: str
    suspended_at: datetime | None


async def lock(tx: Tx, *, merchant_id: UUID) -> Standing:
    """How the merchant stands, its row locked until the transaction ends.

    Raises:
        MerchantNotFound: none has this id.

    """
    row = await (await tx.execute(_LOCK, (merchant_id,))).fetchone()
    if row is None:
        raise directory.not_found()
    return Standing(*row)


async def activate(tx: Tx, *, merchant_id: UUID, was: str, actor: str, now: datetime) -> None:
    """Let an approved merchant act; called by `invite.accept`, which holds its lock."""
    rules.ensure_state(was, State.approved)
    await tx.execute(_ACTIVATE, (now, merchant_id))
    reason = "its manager has come"
    await _keep(tx, merchant_id, was, State.active.value, actor=actor, reason=reason, now=now)


async def suspend(
    tx: Tx, *, merchant_id: UUID, reason: str, officer_id: UUID, now: datetime
) -> None:
    """Stop a merchant now: it neither publishes nor redeems, and gets no new redemptions.

    Args:
        tx: the caller's transaction.
        merchant_id: which.
        reason: why, for the history.
        officer_id: who.
        now: when (UTC).

    Raises:
        MerchantNotFound: none has this id.
        WrongMerchantState: it is suspended already.

    """
    was = (await lock(tx, merchant_id=merchant_id)).state
    rules.ensure_state(was, State.active, State.approved)
    await tx.execute(_SUSPEND, (now, merchant_id))
    actor = history.officer(officer_id)
    await _keep(tx, merchant_id, was, State.suspended.value, actor=actor, reason=reason, now=now)


async def resume(
    tx: Tx, *, merchant_id: UUID, reason: str, officer_id: UUID, now: datetime
) -> UUID:
    """Ask another officer to let a suspended merchant go on; returns the proposal's id.

    Raises:
        MerchantNotFound: none has this id.
        WrongMerchantState: it is not suspended.

    """
    standing = await lock(tx, merchant_id=merchant_id)
    rules.ensure_state(standing.state, State.suspended)
    return await propose(
        tx,
        kind=KIND,
        payload={"merchant_id": str(merchant_id), "suspended_at": str(standing.suspended_at)},
        reason=reason,
        officer_id=officer_id,
        now=now,
    )


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Let the merchant that the proposal names go on from where it was stopped.

    Args:
        tx: the transaction of the approval.
        payload: ``{"merchant_id": "<uuid>", "suspended_at": "..."}``, as `resume` wrote it.
        now: when (UTC).

    Raises:
        MerchantNotFound: there is no such merchant.
        WrongMerchantState: it is not suspended, or not any more.
        NotItsProposal: it was about another suspension.

    """
    try:
        merchant_id = UUID(str(payload.get("merchant_id")))
    except ValueError as error:
        raise directory.not_found() from error
    standing = await lock(tx, merchant_id=merchant_id)
    rules.ensure_state(standing.state, State.suspended)
    if payload.get("suspended_at") != str(standing.suspended_at):
        raise NotItsProposal(
            "The merchant was suspended anew after this was proposed; propose it again.",
            "提案提出后商户再次被停用,请重新提案。",
        )
    row = await (await tx.execute(_RESUME, (merchant_id,))).fetchone()
    assert row is not None, "its row is locked"
    actor, reason = "process:approvals", "two officers agreed"
    await _keep(tx, merchant_id, standing.state, row[0], actor=actor, reason=reason, now=now)


async def _keep(
    tx: Tx, merchant_id: UUID, was: str, state: str, *, actor: str, reason: str, now: datetime
) -> None:
    await history.keep(
        tx,
        kind="merchant",
        subject=merchant_id,
        was=was,
        state=state,
        actor=actor,
        reason=reason,
        now=now,
    )
    log.info("merchant_moved", merchant_id=str(merchant_id), was=was, state=state)


# NO KEY: whoever redeems meanwhile reads the row and waits for nobody.
_LOCK = "SELECT state, suspended_at FROM merchant WHERE id = %s FOR NO KEY UPDATE"
_ACTIVATE = "UPDATE merchant SET state = 'active', activated_at = %s WHERE id = %s"
_SUSPEND = "UPDATE merchant SET state = 'suspended', suspended_at = %s WHERE id = %s"
_RESUME = """
UPDATE merchant SET suspended_at = NULL,
       state = CASE WHEN activated_at IS NULL THEN 'approved' ELSE 'active' END
 WHERE id = %s RETURNING state
"""
