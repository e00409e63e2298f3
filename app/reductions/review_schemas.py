"""What the review of held acts accepts and answers."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.versions import Versions
from app.intake.evidence import Sent
from app.reductions.review_read import Held


class DecisionIn(BaseModel):
    """Why an officer decides so; the citizen reads it."""

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


class HeldView(BaseModel):
    """An act that waits for an officer."""

    held_id: UUID = Field(description="The act; it keeps this id when it is released.")
    methodology: str = Field(description="Which methodology held it.", examples=["bike_ride"])
    version: str = Field(description="Its version.", examples=["1.0.0"])
    reason: str = Field(description="Why it is held, a stable code.", examples=["too_fast"])
    held_at: datetime = Field(description="Since when.")
    due_on: date = Field(description="The day by which somebody should have looked at it.")
    provider: str | None = Field(
        description="Who sent the record; null when the record is gone.", examples=["bikes"]
    )
    received_at: datetime | None = Field(description="When it came; null when it is gone.")
    record: dict[str, Any] | None = Field(
        description="The record's data as it was sent, numbers as text; null when it is gone.",
        examples=[{"distance_km": "4", "started_at": "2026-02-28T08:00:00+08:00"}],
    )

    @classmethod
    def of(
        cls, held: Held, sent: Sent | None, versions: Versions, providers: dict[int, str]
    ) -> Self:
        """The act and its record; no account, no card."""
        manifest = versions.by_id[held.version_id].methodology.manifest
        return cls(
            held_id=held.id,
            methodology=manifest.id,
            version=manifest.version,
            reason=held.reason_code,
            held_at=held.held_at,
            due_on=held.expected_on,
            provider=providers.get(sent.provider_id) if sent else None,
            received_at=sent.received_at if sent else None,
            record={name: _told(value) for name, value in sent.data.items()} if sent else None,
        )


class HeldPage(BaseModel):
    """Acts that wait."""

    items: list[HeldView] = Field(description="The longest waiting first.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class ReleasedView(BaseModel):
    """What a released act came to."""

    reduction_id: UUID = Field(description="The reduction; its explanation says what was waived.")
    grams: int = Field(description="Whole grams of CO2e credited.", examples=[194])
    points: int = Field(description="Whole points booked.", examples=[19])


def _told(value: Any) -> Any:
    if isinstance(value, list):
        return [_told(each) for each in value]
    return value if value is None else str(value)
