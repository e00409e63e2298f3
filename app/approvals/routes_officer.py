"""Proposals, as an officer proposes and another decides."""

from uuid import UUID

from fastapi import APIRouter, Request, status

from app.approvals import decide, proposals
from app.approvals.errors import (
    PayloadUnreadable,
    ProposalDecided,
    ProposalNotFound,
    SameHands,
    UnknownKind,
)
from app.approvals.propose import Reader, ensure_known, propose
from app.approvals.schemas import (
    DecisionView,
    MakeProposal,
    ProposalMade,
    ProposalPage,
    ProposalView,
)
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.pages import BadCursor, Cursor, Limit, cursor_of, key_of
from app.people import offices
from app.people.errors import NotSignedIn, WrongAudience, WrongOffice
from app.people.guards import CurrentOfficer, Documented
from app.problems import document

router = APIRouter(prefix="/admin/proposals", tags=["approvals"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience, WrongOffice)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_SIGN_IN, UnknownKind, PayloadUnreadable),
)
async def make_proposal(
    request: Request, body: MakeProposal, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> ProposalMade:
    """Propose an action; nothing happens before another officer approves it."""
    ensure_known(body.kind, request.app.state.actions.keys())
    offices.ensure(officer.offices, offices.of_kind(body.kind))
    read: Reader | None = request.app.state.readers.get(body.kind)
    if read is not None:
        read(body.payload)
    made = await propose(
        tx,
        kind=body.kind,
        payload=body.payload,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return ProposalMade(proposal_id=made)


@router.get("", responses=document(*_SIGN_IN, BadCursor))
async def list_open_proposals(
    officer: CurrentOfficer, tx: ReadTx, limit: Limit = 20, cursor: Cursor = None
) -> ProposalPage:
    """What waits for a second pair of eyes, oldest first."""
    after = _id_in(cursor) if cursor is not None else None
    found = await proposals.open_ones(tx, after=after, limit=limit + 1)
    page = found[:limit]
    return ProposalPage(
        items=[ProposalView.of(each) for each in page],
        next_cursor=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )


@router.post(
    "/{proposal_id}/approve",
    responses=document(*_SIGN_IN, ProposalNotFound, ProposalDecided, SameHands, UnknownKind),
)
async def approve_proposal(
    request: Request, proposal_id: UUID, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> DecisionView:
    """Approve another officer's proposal: the action is done when this is answered."""
    proposal = await decide.approve(
        tx,
        proposal_id=proposal_id,
        officer_id=officer.id,
        actions=request.app.state.actions,
        now=now,
    )
    # After the lock, before the commit: a refusal undoes what the approval did.
    offices.ensure(officer.offices, offices.of_kind(proposal.kind))
    return DecisionView(verdict="approved", proposal=ProposalView.of(proposal))


@router.post(
    "/{proposal_id}/reject",
    responses=document(*_SIGN_IN, ProposalNotFound, ProposalDecided, SameHands),
)
async def reject_proposal(
    proposal_id: UUID, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> DecisionView:
    """Close another officer's proposal without doing it."""
    proposal = await decide.reject(tx, proposal_id=proposal_id, officer_id=officer.id, now=now)
    # A kind that was taken out of the service is nobody's own: whoever may decide may close it.
    offices.ensure(officer.offices, offices.of_kind(proposal.kind) or offices.EVERYBODY)
    return DecisionView(verdict="rejected", proposal=ProposalView.of(proposal))


def _id_in(cursor: str) -> UUID:
    (text,) = key_of(cursor, str)
    try:
        return UUID(str(text))
    except ValueError as error:
        raise BadCursor(
            "The cursor is not one of this list; ask for the first page without `cursor`.",
            "游标不属于此列表;请不带 cursor 重新请求第一页。",
        ) from error
