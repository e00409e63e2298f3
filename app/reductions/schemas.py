"""What the reductions endpoints accept and return."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.catalogue.versions import Versions
from app.people.links import LinkView
from app.reductions.correct_read import Corrected
from app.reductions.correct_schemas import CorrectedView
from app.reductions.decisions import Verdict
from app.reductions.deliver import Delivery
from app.reductions.explain import Explanation
from app.reductions.listing import ReductionView as Listed
from methodologies.contract import Step

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class RecordIn(BaseModel):
    """One record of an act, as the provider saw it."""

    model_config = ConfigDict(extra="forbid")

    ref: str = Field(
        description="Your own number for the record; credited once, for ever.",
        min_length=1,
        max_length=80,
        examples=["ride-20260301-000017"],
    )
    subject: str = Field(
        description="The card, plate or meter it is about, as your customer linked it.",
        min_length=1,
        max_length=80,
        examples=["3104770012345678"],
    )
    methodology: str = Field(
        description="Which methodology it is evidence for.", max_length=60, examples=["bike_ride"]
    )
    data: dict[str, str | int | list[str | int] | None] = Field(
        description=(
            "The evidence by name, as the methodology's inputs say. Numbers as text or JSON "
            "numbers (read exactly), times as RFC 3339 with an offset; a number may carry its "
            "unit (`3.7 km`), which must then be the declared one."
        ),
        examples=[
            {
                "started_at": "2026-03-01T08:02:11+08:00",
                "ended_at": "2026-03-01T08:17:40+08:00",
                "distance_km": "3.7",
            }
        ],
    )


class BatchIn(BaseModel):
    """A provider's batch. Bad records are answered one by one; they spoil no other."""

    model_config = ConfigDict(extra="forbid")

    records: list[RecordIn] = Field(
        description="1 to 1,000 records.", min_length=1, max_length=1000
    )


class OutcomeView(BaseModel):
    """What became of one record."""

    index: int = Field(description="Its place in the batch, from 0.", examples=[0])
    ref: str | None = Field(description="Your number for it; null if it could not be read.")
    outcome: Verdict = Field(description="credited, duplicate, held or rejected.")
    reason: str | None = Field(
        description="A stable reason code; null for a record credited in full.",
        examples=["not_linked"],
    )
    field: str | None = Field(description="The field to mend, if one is at fault.")
    detail: str | None = Field(description="What is wrong with it, for people.")
    grams: int = Field(description="Whole grams of CO2e credited; the first time's if duplicate.")
    points: int = Field(description="Whole points booked; the first time's if duplicate.")
    reduction_id: UUID | None = Field(description="The reduction, if the record made one.")


class BatchView(BaseModel):
    """What became of a batch. The answer means: it is durable."""

    batch_id: UUID = Field(description="Quote it when you ask about this batch.")
    records: int = Field(description="How many records were answered.", examples=[1000])
    credited: int = Field(description="Records credited now.", examples=[990])
    duplicate: int = Field(description="Records seen before.", examples=[4])
    held: int = Field(description="Records that wait for a person.", examples=[1])
    rejected: int = Field(description="Records refused; nothing about them was kept.", examples=[5])
    grams: int = Field(description="Whole grams of CO2e credited now.", examples=[178200])
    points: int = Field(description="Whole points booked now.", examples=[17820])
    outcomes: list[OutcomeView] = Field(description="One for each record, in order.")


def batch_json(delivery: Delivery) -> bytes:
    """A delivery as `BatchView` describes it, written at once: it may have a thousand outcomes."""
    tally = delivery.tally
    return msgspec.json.encode(
        {
            "batch_id": delivery.batch_id,
            "records": tally.records,
            "credited": tally.credited,
            "duplicate": tally.duplicate,
            "held": tally.held,
            "rejected": tally.rejected,
            "grams": tally.grams,
            "points": tally.points,
            "outcomes": delivery.outcomes,
        }
    )


class ReductionView(BaseModel):
    """One of the caller's reductions."""

    reduction_id: UUID = Field(description="Ask for its explanation with this.")
    methodology: str = Field(description="What kind of act it was.", examples=["bike_ride"])
    title_zh: str = Field(description="The same in Chinese words.", examples=["骑行"])
    title_en: str = Field(description="The same in English words.", examples=["Bicycle ride"])
    occurred_on: date = Field(description="The act's civil day in the programme's zone.")
    occurred_at: datetime = Field(description="When the act ended.")
    grams: int = Field(description="Whole grams of CO2e avoided.", examples=[180])
    points: int = Field(description="Whole points it earned.", examples=[18])
    corrected: bool = Field(
        description="Whether a correction changed them since; the explanation says why.",
        examples=[False],
    )

    @classmethod
    def of(cls, listed: Listed, name: str, title: dict[str, str]) -> Self:
        """The public face of a row, with its methodology's name and title."""
        return cls(
            reduction_id=listed.id,
            methodology=name,
            title_zh=title["zh"],
            title_en=title["en"],
            occurred_on=listed.occurred_on,
            occurred_at=listed.occurred_at,
            grams=listed.grams,
            points=listed.points,
            corrected=listed.corrected,
        )


class ReductionPage(BaseModel):
    """A page of reductions."""

    items: list[ReductionView] = Field(description="Newest act first.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class StepView(BaseModel):
    """One line of the computation."""

    kind: str = Field(description="input, factor, parameter, rule, term, cap or rounding.")
    name: str = Field(description="The name formulas use.", examples=["distance_km"])
    label_zh: str = Field(description="What it is, in Chinese.", examples=["骑行里程"])
    label_en: str = Field(description="What it is, in English.", examples=["distance ridden"])
    value: str = Field(description="Exact value, as text.", examples=["3.7"])
    unit: str = Field(description="Its unit.", examples=["km"])
    formula: str = Field(description="How it follows from the lines above; empty if given.")
    source: dict[str, str] | None = Field(
        description="For a factor: issuer, document, grade, region, validity, pack, variant."
    )

    @classmethod
    def of(cls, step: Step) -> Self:
        """The public face of a step."""
        return cls(
            kind=step.kind,
            name=step.name,
            label_zh=step.label["zh"],
            label_en=step.label["en"],
            value=step.value,
            unit=step.unit,
            formula=step.formula,
            source=dict(step.provenance) if step.provenance is not None else None,
        )


class ExplanationView(BaseModel):
    """How the grams of one reduction came about, computed anew for this answer."""

    reduction_id: UUID = Field(description="The reduction.")
    methodology: str = Field(description="Id of the methodology.", examples=["bike_ride"])
    version: str = Field(description="Version in force on the act's day.", examples=["1.0.0"])
    content_hash: str = Field(description="SHA-256 of the methodology's canonical document.")
    occurred_on: date = Field(description="The civil day that chose version and factors.")
    grams: int = Field(description="Whole grams that count now.", examples=[180])
    points: int = Field(description="Whole points for them.", examples=[18])
    points_per_kg: int = Field(
        description="The tariff of that day, less what the month's budget withheld.",
        examples=[100],
    )
    recomputed_grams: int = Field(description="Whole grams as computed just now.")
    agrees: bool = Field(description="Whether both are the same; anything else is our fault.")
    sentence_zh: str = Field(description="The short story, in Chinese.")
    sentence_en: str = Field(description="The short story, in English.")
    steps: list[StepView] = Field(description="Every input, factor, rule, term and rounding.")
    corrections: list[CorrectedView] = Field(
        description="What was put right since it was credited, oldest first."
    )

    @classmethod
    def of(
        cls, explanation: Explanation, corrections: Sequence[Corrected], versions: Versions
    ) -> Self:
        """The public face of an explanation."""
        manifest = explanation.version.methodology.manifest
        view = explanation.stored.view
        return cls(
            reduction_id=view.id,
            methodology=manifest.id,
            version=manifest.version,
            content_hash=manifest.content_hash,
            occurred_on=view.occurred_on,
            grams=view.grams,
            points=view.points,
            points_per_kg=explanation.stored.points_per_kg,
            recomputed_grams=explanation.recomputed_grams,
            agrees=explanation.agrees,
            sentence_zh=explanation.sentence["zh"],
            sentence_en=explanation.sentence["en"],
            steps=[StepView.of(step) for step in explanation.steps],
            corrections=[CorrectedView.of(each, versions) for each in corrections],
        )


class CardIn(BaseModel):
    """A card of somebody's, and what its records may be used for."""

    model_config = ConfigDict(extra="forbid")

    provider: str = Field(
        description="The provider's code.",
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
        examples=["zhenjiang-bike"],
    )
    card: str = Field(
        description="The number on the card, as the provider knows it; a digest of it is kept,"
        " and while a claim waits the number itself, sealed.",
        min_length=1,
        max_length=80,
        pattern=r"^[^\x00]+$",
        examples=["3104770012345678"],
    )
    scenarios: list[Name] = Field(
        description="Methodology ids you agree to.",
        min_length=1,
        max_length=20,
        examples=[["bike_ride"]],
    )


class LinkIn(CardIn):
    """Link a card of yours, and agree to what its records may be used for."""


class LinkOut(BaseModel):
    """One of the caller's links."""

    link_id: UUID = Field(description="Unlink with this.")
    provider: str = Field(description="The provider's code.", examples=["zhenjiang-bike"])
    scenarios: list[str] = Field(description="What was agreed to.", examples=[["bike_ride"]])
    valid_from: datetime = Field(description="Acts from this moment on are yours.")

    @classmethod
    def of(cls, link: LinkView, codes: dict[int, str]) -> Self:
        """The public face of a link."""
        return cls(
            link_id=link.id,
            provider=codes.get(link.provider_id, ""),
            scenarios=list(link.scenarios),
            valid_from=link.valid_from,
        )


class LinkList(BaseModel):
    """The caller's open links."""

    items: Sequence[LinkOut] = Field(description="Oldest first.")
