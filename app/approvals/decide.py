"""Use cases: a second officer approves, and the action happens in the same transaction; or not.

Rooms say what may be proposed; this room knows how to ask for two people and nothing about
what they agree on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from app.approvals import propose
from app.approvals.errors import ProposalDecided, ProposalNotFound, SameHands
from app.approvals.proposals import Proposed
from app.audit.record import record
from app.database import Tx

log = structlog.get_logger()


class Action(Protocol):
    """What happens, in the same transaction, when a proposal of a kind is approved."""

    async def __call__(self, tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
        """Carry it out; a refusal undoes the approval too."""
        ...


async def approve(
    tx: Tx,
    *,
    proposal_id: UUID,
    officer_id: UUID,
    actions: Mapping[str, Action],
    now: datetime,
) -> Proposed:
    """Carry out what another officer proposed.

    The proposal's row is locked first: two officers who press the button together cause one
    action, not two.

    Args:
        tx: the caller's transaction: the decision and the action are one.
        proposal_id: which.
        officer_id: the checker.
        actions: what each kind of proposal does; wired once, in ``app.main``.
        now: when (UTC).

    Raises:
        ProposalNotFound: unknown.
        ProposalDecided: approved or rejected before.
        SameHands: the maker and the checker are one person.
        UnknownKind: what this kind did has been taken out of the service.

    """
    proposal = await _open_one(tx, proposal_id, officer_id)
    propose.ensure_known(proposal.kind, actions.keys())
    await _decide(tx, proposal, officer_id, "approved", now)
    await actions[proposal.kind](tx, payload=proposal.payload, now=now)
    log.info("proposal_approved", proposal_id=str(proposal_id), kind=proposal.kind)
    return proposal


async def reject(tx: Tx, *, proposal_id: UUID, officer_id: UUID, now: datetime) -> Proposed:
    """Close a proposal without doing it.

    Raises:
        ProposalNotFound: unknown.
        ProposalDecided: approved or rejected before.
        SameHands: the maker and the checker are one person.

    """
    proposal = await _open_one(tx, proposal_id, officer_id)
    await _decide(tx, proposal, officer_id, "rejected", now)
    log.info("proposal_rejected", proposal_id=str(proposal_id), kind=proposal.kind)
    return proposal


async def _open_one(tx: Tx, proposal_id: UUID, officer_id: UUID) -> Proposed:
    row = await (await tx.execute(_LOCK, (proposal_id,))).fetchone()
    if row is None:
        raise ProposalNotFound("No proposal has this id.", "没有该编号的提案。")
    *facts, verdict = row
    proposal = Proposed(*facts)
    if verdict is not None:
        raise ProposalDecided(
            f"This proposal was {verdict} before.",
            "该提案此前已通过。" if verdict == "approved" else "该提案此前已被驳回。",
            verdict=verdict,
        )
    if proposal.made_by == officer_id:
        raise SameHands(
            "You proposed this; somebody else must decide.", "提案人不能审核自己的提案。"
        )
    return proposal


async def _decide(
    tx: Tx, proposal: Proposed, officer_id: UUID, verdict: str, now: datetime
) -> None:
    await tx.execute(
        _DECIDE, {"id": proposal.id, "officer": officer_id, "verdict": verdict, "now": now}
    )
    await record(
        tx,
        actor=f"officer:{officer_id}",
        action="approvals.approve" if verdict == "approved" else "approvals.reject",
        subject=f"proposal:{proposal.id}",
        facts={"kind": proposal.kind},
        now=now,
    )


_LOCK = """
SELECT id, kind, payload, reason, made_by, made_at, verdict
  FROM proposal WHERE id = %s FOR UPDATE
"""
_DECIDE = """
UPDATE proposal SET decided_by = %(officer)s, decided_at = %(now)s, verdict = %(verdict)s
 WHERE id = %(id)s AND verdict IS NULL
"""
