"""What appeals accept and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.appeals.reading import Appeal
from app.appeals.tables import Kind, State
from app.inputs import Moment, Text, Whole

Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=500, pattern=r"^[^\x00]*$"),
]
AppealState = Literal["open", "assigned", "accepted", "refused"]
_STATES: dict[State, AppealState] = {
    State.open: "open",
    State.assigned: "assigned",
    State.accepted: "accepted",
    State.refused: "refused",
}


class ClaimIn(BaseModel):
    """A trip that did not arrive."""

    model_config = ConfigDict(extra="forbid")

    provider: str = Field(description="Whose record is missing.", max_length=40, examples=["bikes"])
    scenario: str = Field(
        description="The methodology's id.", max_length=60, examples=["bike_ride"]
    )
    link_id: UUID = Field(description="The link it was made with, see `/v1/me/links`.")
    happened_from: Moment = Field(
        description="When it ended at the earliest.", examples=["2026-02-28T08:00:00+08:00"]
    )
    happened_until: Moment = Field(
        description="When it ended at the latest; at most a day later, within the last 90 days.",
        examples=["2026-02-28T09:00:00+08:00"],
    )
    note: Note = Field(
        description="What you remember, 2 to 500 characters; no names, please.",
        examples=["From South Gate to the station."],
    )


class AppealIn(BaseModel):
    """An act to be looked at again."""

    model_config = ConfigDict(extra="forbid")

    act_id: UUID = Field(description="An act of yours: credited, held, or refused by an officer.")
    note: Note = Field(
        description="Why you disagree, 2 to 500 characters; no names, please.",
        examples=["I rode downhill."],
    )


class AppealView(BaseModel):
    """A claim or an appeal, and what became of it."""

    id: UUID = Field(description="Ask for it with this.")
    kind: Literal["missing_trip", "act"] = Field(
        description="What was asked.", examples=["missing_trip"]
    )
    state: AppealState = Field(
        description="`open` until an officer takes it, `assigned` until it is answered.",
        examples=["open"],
    )
    scenario: str | None = Field(description="The methodology's id.", examples=["bike_ride"])
    provider: str | None = Field(description="Of a claim: whose record.", examples=["bikes"])
    link_id: UUID | None = Field(description="Of a claim: the link.")
    happened_from: datetime | None = Field(description="Of a claim: the earliest end.")
    happened_until: datetime | None = Field(description="Of a claim: the latest end.")
    act_id: UUID | None = Field(description="Of an appeal: the act.")
    note: str = Field(description="What was written.", examples=["From South Gate."])
    made_at: datetime = Field(description="When it was made.")
    due_on: date = Field(
        description="The day by which it is answered: ten working days.", examples=["2026-03-13"]
    )
    decided_at: datetime | None = Field(description="When it was answered; null until then.")
    reason: str | None = Field(
        description="The officer's reason in the caller's language; null until then.",
        examples=["Checked with the provider."],
    )
    reduction_id: UUID | None = Field(description="The act that was credited; null if none was.")
    grams: int = Field(description="Whole grams credited by the answer.", examples=[180])
    points: int = Field(description="Whole points booked by the answer.", examples=[18])

    @classmethod
    def of(cls, asked: Appeal, providers: dict[int, str], *, english: bool) -> Self:
        """The appeal as its owner sees it."""
        return cls(
            id=asked.id,
            kind="missing_trip" if asked.kind is Kind.missing_trip else "act",
            state=_STATES[asked.state],
            scenario=asked.methodology,
            provider=providers.get(asked.provider_id or 0),
            link_id=asked.link_id,
            happened_from=asked.happened_from,
            happened_until=asked.happened_until,
            act_id=asked.act_id,
            note=asked.note,
            made_at=asked.made_at,
            due_on=asked.due_on,
            decided_at=asked.decided_at,
            reason=asked.reason_en if english else asked.reason_zh,
            reduction_id=asked.credited_id,
            grams=asked.grams,
            points=asked.points,
        )


class AppealPage(BaseModel):
    """A page of claims or appeals."""

    items: list[AppealView] = Field(description="Newest first; officers: earliest deadline first.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class AnswerIn(BaseModel):
    """Why an officer answers so; the citizen reads it."""

    model_config = ConfigDict(extra="forbid")

    reason_zh: str = Field(
        description="In Chinese.", min_length=2, max_length=300, examples=["已与提供方核实。"]
    )
    reason_en: str = Field(
        description="In English.",
        min_length=2,
        max_length=300,
        examples=["Checked with the provider."],
    )


class AcceptIn(AnswerIn):
    """Yes, and for a missing trip one of two things to credit."""

    evidence: dict[Text, Text | Whole | list[Text | Whole] | None] | None = Field(
        default=None,
        description="Of a missing trip: what was found, as the methodology's inputs say.",
        examples=[
            {
                "started_at": "2026-02-28T08:02:11+08:00",
                "ended_at": "2026-02-28T08:17:40+08:00",
                "distance_km": "3.7",
            }
        ],
    )
    held_id: UUID | None = Field(
        default=None, description="Of a missing trip: the held act of this citizen that it is."
    )
