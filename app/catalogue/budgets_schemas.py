"""What the endpoints of tariffs and budgets return."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from app.catalogue.budgets_read import Meter
from app.catalogue.tariffs import TariffView as Kept


class TariffView(BaseModel):
    """Points for a kilogram, from a day on."""

    methodology: str = Field(description="Id of the methodology.", examples=["bike_ride"])
    points_per_kg: int = Field(description="Whole points per kilogram of CO2e.", examples=[100])
    valid_from: date = Field(
        description="First day of acts it counts for.", examples=["2026-04-01"]
    )
    valid_to: date | None = Field(
        description="First day after, or null while nothing else is set.", examples=[None]
    )
    state: str = Field(description="past, current or scheduled.", examples=["current"])

    @classmethod
    def of(cls, tariff: Kept, today: date) -> Self:
        """The public face of a tariff on a day."""
        return cls(
            methodology=tariff.methodology,
            points_per_kg=tariff.points_per_kg,
            valid_from=tariff.valid_from,
            valid_to=tariff.valid_to,
            state=tariff.state(today),
        )


class TariffList(BaseModel):
    """Tariffs."""

    items: list[TariffView] = Field(description="By methodology, oldest first.")


class TaperStep(BaseModel):
    """One step of a schedule."""

    below_percent: int = Field(
        description="While less than this of the month is left …", examples=[20]
    )
    pay_percent: int = Field(description="… this much of the tariff is paid.", examples=[50])


class BudgetMeter(BaseModel):
    """How far a month's points are used up."""

    line: str = Field(
        description="`programme`, `engagement`, or a methodology with a budget of its own.",
        examples=["programme"],
    )
    budget_points: int = Field(description="Whole points of the month.", examples=[5_000_000])
    booked_points: int = Field(description="Whole points booked so far.", examples=[4_100_000])
    left_points: int = Field(description="Whole points left.", examples=[900_000])
    left_percent: int = Field(description="The same in percent, rounded down.", examples=[18])
    state: str = Field(
        description="open, tapered, or stopped; grams are credited in all of them.",
        examples=["tapered"],
    )
    pay_percent: int = Field(description="How much of the tariff is paid now.", examples=[50])
    taper: list[TaperStep] = Field(description="The schedule by which payments shrink.")
    version: int = Field(description="Which decision of the officers counts.", examples=[1])

    @classmethod
    def of(cls, meter: Meter) -> Self:
        """The public face of a meter."""
        percent = meter.pay_percent
        return cls(
            line=meter.line,
            budget_points=meter.points,
            booked_points=meter.booked,
            left_points=meter.left,
            left_percent=meter.left * 100 // meter.points if meter.points else 0,
            state="stopped" if percent == 0 else "open" if percent == 100 else "tapered",
            pay_percent=percent,
            taper=[
                TaperStep(below_percent=step.below_percent, pay_percent=step.pay_percent)
                for step in meter.taper
            ],
            version=meter.version,
        )


class BudgetFigures(BaseModel):
    """The budget of a month, line by line."""

    month: str = Field(description="The month in the programme's zone.", examples=["2026-03"])
    items: list[BudgetMeter] = Field(description="By line; none: no limit is set.")
