"""What the endpoints about claims of cards accept and return."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.people.proofs import ClaimView
from app.people.proofs_asked import WaitingClaim
from app.reductions.schemas import CardIn

Answer = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{4,20}$")]


class LinkClaimIn(CardIn):
    """Say that a card is yours, and what its records may be used for when it is proved."""


class ClaimOut(BaseModel):
    """A claim of yours."""

    claim_id: UUID = Field(description="Answer with this.")
    provider: str = Field(description="The provider's code.", examples=["zhenjiang-power"])
    scenarios: Sequence[str] = Field(description="What you agree to.", examples=[["bike_ride"]])
    proof: str = Field(
        description="callback: the provider asks you; amount: fen of the last bill; code: what the"
        " provider sent you; none: nothing.",
        examples=["amount"],
    )
    state: str = Field(
        description="pending, live, refused, cancelled or expired.", examples=["pending"]
    )
    answerable: bool = Field(description="Whether the provider waits for your answer.")
    tries_left: int = Field(description="Wrong answers that are left.", examples=[5])
    made_at: datetime = Field(description="When you claimed it.")
    expires_at: datetime = Field(description="Until when it waits.")

    @classmethod
    def of(cls, claim: ClaimView, codes: dict[int, str]) -> Self:
        """The public face of a claim."""
        return cls(
            claim_id=claim.id,
            provider=codes.get(claim.provider_id, ""),
            scenarios=claim.scenarios,
            proof=claim.proof,
            state=claim.state,
            answerable=claim.answerable,
            tries_left=claim.tries_left,
            made_at=claim.made_at,
            expires_at=claim.expires_at,
        )


class ClaimList(BaseModel):
    """Your claims."""

    items: Sequence[ClaimOut] = Field(description="Newest first.")


class ProofIn(BaseModel):
    """What only the card's owner knows."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer = Field(
        description="The amount in fen without a sign, or the code.", examples=["12650"]
    )


class WaitingView(BaseModel):
    """A claim of one of your customers' cards."""

    claim_id: UUID = Field(description="Answer with this.")
    subject: str = Field(description="The card, plate or meter.", examples=["3200118877665544"])
    proof: str = Field(description="callback, amount or code.", examples=["amount"])
    answerable: bool = Field(description="Whether you have said what would prove it.")
    made_at: datetime = Field(description="When it was claimed.")
    expires_at: datetime = Field(description="Until when it waits.")

    @classmethod
    def of(cls, waiting: WaitingClaim) -> Self:
        """The provider's face of a claim."""
        return cls(
            claim_id=waiting.id,
            subject=waiting.card,
            proof=waiting.proof,
            answerable=waiting.answerable,
            made_at=waiting.made_at,
            expires_at=waiting.expires_at,
        )


class WaitingPage(BaseModel):
    """Claims that wait for you."""

    items: Sequence[WaitingView] = Field(description="Oldest first.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class ChallengeIn(BaseModel):
    """What the card's owner will know; it is kept as a digest, for this claim alone."""

    model_config = ConfigDict(extra="forbid")

    answer: Answer = Field(
        description="The amount of the last bill in fen, or the code you sent your customer.",
        examples=["12650"],
    )


class ConfirmationIn(BaseModel):
    """What your customer said when you asked."""

    model_config = ConfigDict(extra="forbid")

    confirmed: bool = Field(description="True: the card is theirs, and is linked.", examples=[True])
