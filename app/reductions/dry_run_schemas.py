"""What officers send and see when a version is tried on history, or watches live acts."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from app.inputs import Text, Whole
from app.reductions.dry_run import DryRun

_A_REPORT = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
Status = Literal["credited", "held", "rejected"]
Methodology = Annotated[
    str,
    Path(
        pattern=r"^[a-z][a-z0-9_]{1,59}$", description="Its permanent id.", examples=["bike_ride"]
    ),
]
Number = Annotated[
    str,
    Path(
        pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$",
        description="Its version.",
        examples=["1.1.0"],
    ),
]


class DryRunIn(BaseModel):
    """Which sample of history, and acts made up besides."""

    model_config = ConfigDict(extra="forbid")

    days: Whole = Field(
        default=30, ge=1, le=730, description="How many civil days back.", examples=[30]
    )
    limit: Whole = Field(
        default=10_000, ge=1, le=100_000, description="How many acts at most.", examples=[10000]
    )
    acts: list[dict[Text, Text | Whole]] = Field(
        default=[],
        max_length=100,
        description="Evidence that nobody sent, to try besides; numbers as text.",
        examples=[[{"ended_at": "2026-03-01T08:00:00+08:00", "distance_km": "3.7"}]],
    )
    reason: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*$",
        description="Why; kept in the history.",
        examples=["First look at February."],
    )


class SideView(BaseModel):
    """What the acts came to by one version."""

    credited: int = Field(description="Acts.", examples=[990])
    held: int = Field(description="Acts.", examples=[10])
    rejected: int = Field(description="Acts.", examples=[0])
    grams: int = Field(description="Whole grams of CO2e.", examples=[180000])
    points: int = Field(description="Points at the tariff.", examples=[18000])


class ReasonCount(BaseModel):
    """Acts with one reason."""

    reason: str = Field(description="Reason code.", examples=["too_short"])
    acts: int = Field(description="How many.", examples=[12])


class MonthView(BaseModel):
    """What a month's acts would cost."""

    month: str = Field(description="The month of the acts.", examples=["2026-02"])
    old_points: int = Field(description="Points at the tariff, as counted.", examples=[18000])
    new_points: int = Field(description="Points at the tariff, by the version.", examples=[17000])


class DeltaView(BaseModel):
    """Acts whose difference lies in one class."""

    at_least: int | None = Field(description="Grams; null: no lower end.", examples=[1])
    below: int | None = Field(description="Grams; null: no upper end.", examples=[10])
    acts: int = Field(description="How many.", examples=[120])


class MoverView(BaseModel):
    """An act that moved far."""

    act: UUID = Field(description="The reduction's id.", examples=[_A_REPORT])
    occurred_on: date = Field(description="Its civil day.", examples=["2026-02-28"])
    old_grams: int = Field(description="As counted.", examples=[180])
    new_grams: int = Field(description="By the version.", examples=[0])
    status: Status = Field(description="By the version.", examples=["rejected"])
    reason: str | None = Field(description="Reason code, or null.", examples=["too_short"])


class FiguresView(BaseModel):
    """Old against new."""

    acts: int = Field(description="How many were compared.", examples=[1000])
    old: SideView = Field(description="As they counted.")
    new: SideView = Field(description="As the version sees them.")
    newly_credited: int = Field(description="Held before, credited by the version.", examples=[3])
    newly_held: list[ReasonCount] = Field(description="Held only by the version, by reason.")
    newly_rejected: list[ReasonCount] = Field(description="Rejected by the version, by reason.")
    less: int = Field(description="Acts with fewer grams.", examples=[700])
    same: int = Field(description="Acts with as many grams.", examples=[300])
    more: int = Field(description="Acts with more grams.", examples=[0])
    months: list[MonthView] = Field(description="Effect on the budget, by month of the acts.")
    deltas: list[DeltaView] = Field(description="Distribution of the differences in grams.")
    movers: list[MoverView] = Field(description="The fifty acts that moved most.")


class MadeUpView(BaseModel):
    """What a made-up act would be worth."""

    status: Status = Field(description="What would become of it.", examples=["credited"])
    grams: int = Field(description="Whole grams of CO2e.", examples=[180])
    reason: str | None = Field(description="Reason code, or null.", examples=["too_short"])


class DryRunFigures(FiguresView):
    """Old against new on a sample of history."""

    since: date = Field(description="First civil day of the sample.", examples=["2026-01-30"])
    citizens: int = Field(description="How many people's acts.", examples=[400])
    from_stored_inputs: int = Field(
        description="Acts whose evidence is gone; their stored inputs were enough.", examples=[5]
    )
    incomparable: int = Field(
        description="Acts of which too little is left to try the version on.", examples=[0]
    )
    made_up: list[MadeUpView] = Field(description="The made-up acts, in the order given.")


class DryRunView(BaseModel):
    """A dry-run's report."""

    report_id: UUID = Field(description="Names the report.", examples=[_A_REPORT])
    made_by: str = Field(description="Who asked.", examples=[f"officer:{_A_REPORT}"])
    made_at: datetime = Field(description="When (UTC).", examples=["2026-03-01T04:00:00Z"])
    figures: DryRunFigures = Field(description="What came of it.")

    @classmethod
    def of(cls, kept: DryRun) -> Self:
        """The officers' view of a report."""
        return cls.model_validate(
            {
                "report_id": kept.id,
                "made_by": kept.made_by,
                "made_at": kept.made_at,
                "figures": kept.report,
            }
        )


class DryRunPage(BaseModel):
    """A version's reports."""

    items: list[DryRunView] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="Where the next page begins, or null.")
