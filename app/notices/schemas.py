"""What the inbox answers."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.notices.inbox import InboxMessage
from app.notices.texts import template_of


class MessageView(BaseModel):
    """One message in the caller's language."""

    id: UUID = Field(description="The same wherever the message arrives: here, live, or pushed.")
    kind: str = Field(description="What it is about, a stable name.", examples=["points_earned"])
    at: datetime = Field(description="When it was promised.")
    title: str = Field(description="A few words.", examples=["Points arrived"])
    text: str = Field(description="The sentence.", examples=["You earned 18 points."])
    link: str | None = Field(
        description="Where in this API more is to be found; null if nowhere.",
        examples=["/v1/me/feed"],
    )
    page: str = Field(
        description="The screen of the mobile client, or of the mini-program, that shows more.",
        examples=["/acts"],
    )
    read: bool = Field(description="Whether you marked it as read.", examples=[False])

    @classmethod
    def of(cls, message: InboxMessage, *, english: bool) -> Self:
        """The message as its reader sees it."""
        template = template_of(message.template)
        title, text = template.said(message.facts, english=english)
        return cls(
            id=message.id,
            kind=message.template,
            at=message.created_at,
            title=title,
            text=text,
            link=template.link,
            page=template.page_of(message.facts),
            read=message.read_at is not None,
        )


class MessagePage(BaseModel):
    """A page of the inbox."""

    items: list[MessageView] = Field(description="Newest first.")
    unread: int = Field(description="How many of all messages wait to be read.", examples=[2])
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class ReadUpTo(BaseModel):
    """Mark messages as read that you have seen."""

    model_config = ConfigDict(extra="forbid")

    upto: UUID = Field(
        description="The newest message you have seen: what arrived after it stays new.",
        examples=["01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"],
    )


class Unread(BaseModel):
    """How many messages wait to be read."""

    unread: int = Field(description="Of all your messages.", examples=[0])
