"""What the approvals endpoints accept and return."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.approvals.proposals import Proposed

_A_PROPOSAL = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"


class MakeProposal(BaseModel):
    """Ask for an action that a second officer must approve."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(
        max_length=60,
        pattern=r"^[a-z_]+\.[a-z_]+$",
        description="What is to be done.",
        examples=["rewards.publish"],
    )
    payload: dict[str, Any] = Field(
        description="What it is to be done to; its members depend on the kind.",
        examples=[{"offer_id": _A_PROPOSAL}],
    )
    reason: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*$",
        description="Why, for the officer who decides and for the audit.",
        examples=["Spring campaign, agreed with the merchant on 3 March."],
    )


class ProposalMade(BaseModel):
    """The proposal's name in later calls."""

    proposal_id: UUID = Field(description="Names the proposal.", examples=[_A_PROPOSAL])


class ProposalView(BaseModel):
    """A proposal, as it was made."""

    proposal_id: UUID = Field(description="Names the proposal.", examples=[_A_PROPOSAL])
    kind: str = Field(description="What is to be done.", examples=["rewards.publish"])
    payload: dict[str, Any] = Field(
        description="What it is to be done to.", examples=[{"offer_id": _A_PROPOSAL}]
    )
    reason: str = Field(description="Why.", examples=["Spring campaign."])
    made_by: UUID = Field(description="The officer who proposed it.", examples=[_A_PROPOSAL])
    made_at: datetime = Field(description="When (UTC).", examples=["2026-03-01T04:00:00Z"])

    @classmethod
    def of(cls, proposal: Proposed) -> Self:
        """The officers' view of a proposal."""
        return cls(
            proposal_id=proposal.id,
            kind=proposal.kind,
            payload=proposal.payload,
            reason=proposal.reason,
            made_by=proposal.made_by,
            made_at=proposal.made_at,
        )


class ProposalPage(BaseModel):
    """Proposals that wait, oldest first."""

    items: list[ProposalView] = Field(description="At most `limit` proposals.")
    next_cursor: str | None = Field(
        description="Ask for the next page with it; null on the last page.", examples=[None]
    )


class DecisionView(BaseModel):
    """What was decided, and on what."""

    verdict: Literal["approved", "rejected"] = Field(
        description="`approved` means done: the action is part of the same transaction.",
        examples=["approved"],
    )
    proposal: ProposalView = Field(description="The proposal that was decided.")
