"""What a citizen's phone is answered: the feed, and the carbon account."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

FeedKind = Literal["act", "pending", "held", "redemption", "adjustment"]


class FeedItem(BaseModel):
    """One thing that happened, or that is waited for; texts are in the caller's language."""

    id: str = Field(
        description="Unique in the feed; of an act, a held act, a redemption or an appeal: its id.",
        examples=["01990a3c-7d21-8cc0-9a51-0f2e6b1d4c55"],
    )
    kind: FeedKind = Field(
        description="An act that counts; `pending`: an appeal that waits for an answer; `held`: an"
        " act that waits for a person, or was refused by one; a redemption; or any other change"
        " of the points.",
        examples=["act"],
    )
    at: datetime = Field(description="When it happened; of what is waited for, since when.")
    title: str = Field(description="What it is.", examples=["Bicycle ride"])
    subtitle: str = Field(
        description="What came of it, or what is waited for.", examples=["180 g CO2e avoided"]
    )
    scenario: str | None = Field(
        description="The methodology's id; null for what is not an act.", examples=["bike_ride"]
    )
    grams_g: int | None = Field(
        description="Whole grams of CO2e as they count now; null for what has none.", examples=[180]
    )
    points: int | None = Field(
        description="Whole points, negative when they leave; null while nobody knows.",
        examples=[18],
    )
    state: str = Field(
        description="`act`: credited, corrected. `held`: under_review, refused. `pending`: open,"
        " assigned. `redemption`: held, spent, cancelled, expired, void. `adjustment`: refund,"
        " expire, claw_back, adjust, donate, reverse, repay.",
        examples=["credited"],
    )
    expected_on: date | None = Field(
        description="The day by which an answer is due, for what is waited for.",
        examples=["2026-03-06"],
    )
    explanation_url: str | None = Field(
        description="Where an act's grams are worked out; null for all else.",
        examples=["/v1/me/reductions/01990a3c-7d21-8cc0-9a51-0f2e6b1d4c55/explanation"],
    )


class FeedPage(BaseModel):
    """A page of the feed."""

    items: list[FeedItem] = Field(description="Newest first, by when it happened.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class ScenarioSum(BaseModel):
    """What one scenario came to, all its versions together."""

    scenario: str = Field(description="The methodology's id.", examples=["bike_ride"])
    title: str = Field(description="Its name in the caller's language.", examples=["Bicycle ride"])
    acts: int = Field(description="How many acts count.", examples=[52])
    grams_g: int = Field(description="Whole grams of CO2e, corrections counted.", examples=[9360])
    points: int = Field(description="Whole points they earned.", examples=[936])


class MonthSum(BaseModel):
    """What one month came to, by the civil day of the act."""

    month: str = Field(description="Year and month in the programme's zone.", examples=["2026-03"])
    acts: int = Field(description="How many acts count.", examples=[12])
    grams_g: int = Field(description="Whole grams of CO2e, corrections counted.", examples=[2160])
    points: int = Field(description="Whole points they earned.", examples=[216])


class EquivalentView(BaseModel):
    """The grams in a picture; rounded down, and no more exact than its factor."""

    name: str = Field(description="A stable name.", examples=["car_km"])
    amount: str = Field(description="How many, as a decimal.", examples=["37.6"])
    text: str = Field(
        description="The sentence.", examples=["As much as a petrol car emits over 37.6 km."]
    )
    grams_per_unit: int = Field(description="The factor: grams for one of them.", examples=[249])
    source: str = Field(
        description="Where the factor is from.", examples=["US EPA, EPA-420-F-23-014 (2023)"]
    )
    grade: Literal["P", "R", "T", "D"] = Field(
        description="Primary text read, reported by others, transcribed, or derived.",
        examples=["R"],
    )


class AccountView(BaseModel):
    """A citizen's carbon account: what counts now, corrections included."""

    since: date | None = Field(
        description="The civil day of the first act; null if none.", examples=["2026-01-05"]
    )
    acts: int = Field(description="How many acts count.", examples=[52])
    grams_g: int = Field(description="Whole grams of CO2e over the whole life.", examples=[9360])
    points: int = Field(description="Whole points that acts earned.", examples=[936])
    by_scenario: list[ScenarioSum] = Field(description="The most grams first.")
    by_month: list[MonthSum] = Field(
        description="The last twelve months, the oldest first; empty ones are there with zeros."
    )
    equivalents: list[EquivalentView] = Field(description="The lifetime grams in pictures.")
