"""What changed: the events of the stream, and of its polling twin."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.notices.schemas import MessageView

ChangeKind = Literal["points_arrived", "act_credited", "coupon_changed", "message"]


class ChangeView(BaseModel):
    """One event; members that say nothing about its kind are null."""

    id: str = Field(
        description="Resume after it: as `Last-Event-ID` of the stream, or as `after`.",
        examples=["WyIxOjg0IiwxMDI0LCJmZmZmZmZmZi1mZmZmLWZmZmYtZmZmZi1mZmZmZmZmZmZmZmYiXQ"],
    )
    kind: ChangeKind = Field(description="What happened.", examples=["points_arrived"])
    at: datetime = Field(description="When it was booked or promised.")
    points: int | None = Field(description="Whole points, signed.", examples=[18])
    balance: int | None = Field(
        description="The points afterwards, those that are held included.", examples=[118]
    )
    unit: str | None = Field(description="Of which points, by their code.", examples=["points"])
    grams_g: int | None = Field(description="Of an act: whole grams of CO2e.", examples=[180])
    reduction_id: UUID | None = Field(description="Of an act: ask for its explanation with it.")
    redemption_id: UUID | None = Field(description="Of a coupon: which redemption.")
    state: Literal["spent", "refunded"] | None = Field(
        description="Of a coupon: what became of it. A sale that was undone is a refund.",
        examples=["spent"],
    )
    message: MessageView | None = Field(description="Of a message: all of it.")


class ChangePage(BaseModel):
    """What changed since `after`."""

    items: list[ChangeView] = Field(description="In their order; the stream's very events.")
    after: str = Field(description="Ask with it next time, also when there was nothing.")
    more: bool = Field(description="Whether to ask again at once.", examples=[False])
    resync: bool = Field(
        description="Whether `after` was not known here any more: read wallet and feed anew.",
        examples=[False],
    )
