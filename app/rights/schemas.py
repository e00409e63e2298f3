"""What the endpoints about people's own data accept and return."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.audit.about import Deed
from app.rights.answer import Due
from app.rights.privacy import words_of
from app.rights.requests import Ticket

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]+$", strip_whitespace=True)]


class RightsRequestView(BaseModel):
    """One of your requests about your own data."""

    request_id: UUID = Field(description="Ask for its state with this.")
    kind: str = Field(description="export, correction or deletion.", examples=["export"])
    state: str = Field(
        description="open, running, done, cancelled or refused.", examples=["running"]
    )
    made_at: datetime = Field(description="When you asked.")
    acts_after: datetime = Field(
        description="Not before this moment is it carried out; until then a deletion can be"
        " cancelled."
    )
    due_on: date = Field(
        description="The last day for an answer: fifteen working days.", examples=["2026-03-20"]
    )
    finished_at: datetime | None = Field(description="When it was answered; null while it waits.")
    done: int = Field(description="Parts that are ready.", examples=[3])
    total: int = Field(description="Parts there will be; 0 before it begins.", examples=[7])
    topic: str | None = Field(description="What a correction is about.", examples=["nickname"])
    answer: str | None = Field(description="What the programme answered.")

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """The public face of a request."""
        return cls(
            request_id=ticket.id,
            kind=ticket.kind,
            state=ticket.state,
            made_at=ticket.made_at,
            acts_after=ticket.acts_after,
            due_on=ticket.due_on,
            finished_at=ticket.finished_at,
            done=ticket.done,
            total=ticket.total,
            topic=ticket.topic,
            answer=ticket.answer,
        )


class RightsRequestList(BaseModel):
    """Your requests."""

    items: Sequence[RightsRequestView] = Field(description="Newest first.")


class ProfileCorrectionIn(BaseModel):
    """Say what is wrong about you; an officer answers within fifteen working days."""

    model_config = ConfigDict(extra="forbid")

    topic: Literal["nickname", "district", "age", "act", "points", "other"] = Field(
        description="What it is about.", examples=["nickname"]
    )
    wish: Words = Field(
        description="What is wrong and what would be right; sealed with your own key.",
        min_length=1,
        max_length=1000,
        examples=["我已搬到京口区。"],
    )


class DeedView(BaseModel):
    """Something that was done with your data, or by you."""

    at: datetime = Field(description="When.")
    by: str = Field(
        description="citizen (you), officer, provider or process.", examples=["officer"]
    )
    action: str = Field(description="Its stable name.", examples=["rights.read_wish"])
    words_zh: str = Field(description="The same in Chinese.", examples=["查看更正申请"])
    words_en: str = Field(description="The same in English.", examples=["read the wish"])

    @classmethod
    def of(cls, deed: Deed) -> Self:
        """The public face of a record."""
        zh, en = words_of(deed.action)
        return cls(at=deed.at, by=deed.actor, action=deed.action, words_zh=zh, words_en=en)


class PrivacyView(BaseModel):
    """Who asked for what about you, and what you asked for."""

    deeds: Sequence[DeedView] = Field(description="The newest 200, newest first.")
    requests: Sequence[RightsRequestView] = Field(description="Your requests, newest first.")


class DueView(BaseModel):
    """A request that waits for an answer."""

    request_id: UUID = Field(description="Answer with this.")
    account_id: int = Field(description="Whose; a number that names nobody.", examples=[1025])
    kind: str = Field(description="export, correction or deletion.", examples=["correction"])
    state: str = Field(description="open or running.", examples=["open"])
    topic: str | None = Field(description="What a correction is about.", examples=["nickname"])
    made_at: datetime = Field(description="When it was asked.")
    due_on: date = Field(description="The last day for an answer.", examples=["2026-03-20"])
    late: bool = Field(description="Whether that day is over.", examples=[False])

    @classmethod
    def of(cls, due: Due, *, today: date) -> Self:
        """The public face of a request that waits."""
        return cls(
            request_id=due.id,
            account_id=due.account_id,
            kind=due.kind,
            state=due.state,
            topic=due.topic,
            made_at=due.made_at,
            due_on=due.due_on,
            late=due.due_on < today,
        )


class DueList(BaseModel):
    """Requests that wait."""

    items: Sequence[DueView] = Field(description="The most urgent first.")


class WishView(BaseModel):
    """What somebody wants corrected; that you read it is shown to them."""

    request: DueView = Field(description="The request.")
    wish: str = Field(description="Their words.", examples=["我已搬到京口区。"])


class RequestAnswerIn(BaseModel):
    """The answer to a correction."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["done", "refused"] = Field(
        description="done if it was put right.", examples=["done"]
    )
    answer: Words = Field(
        description="What the person reads.", min_length=1, max_length=500, examples=["已更正。"]
    )
