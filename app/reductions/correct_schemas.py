"""What the endpoints of corrections accept and return."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.versions import Versions
from app.inputs import Day, Text
from app.reductions.correct_read import Corrected, Progress

_VERSION = r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$"
_WORDS = r"^[^\x00]+$"


class CorrectionIn(BaseModel):
    """Ask what a version that corrects an error would change."""

    model_config = ConfigDict(extra="forbid")

    methodology: str = Field(
        description="Whose acts.", pattern=r"^[a-z][a-z0-9_]{0,59}$", examples=["bike_ride"]
    )
    old_versions: list[Text] = Field(
        description="The versions in error.", min_length=1, max_length=20, examples=[["1.0.0"]]
    )
    new_version: str = Field(
        description="The version that puts it right; its kind is `error-correction`.",
        pattern=_VERSION,
        examples=["1.0.1"],
    )
    from_on: Day = Field(description="First day of the acts.", examples=["2026-01-01"])
    until_on: Day = Field(description="First day after the last.", examples=["2026-03-01"])
    reason_zh: str | None = Field(
        default=None,
        description="What citizens read, in Chinese; absent: what the version says of itself.",
        min_length=1,
        max_length=300,
        pattern=_WORDS,
        examples=["单车减排因子录入有误,现予更正。"],
    )
    reason_en: str | None = Field(
        default=None,
        description="The same in English; both or none.",
        min_length=1,
        max_length=300,
        pattern=_WORDS,
        examples=["The factor for bicycles had been mistyped."],
    )


class Mover(BaseModel):
    """One of the acts that change most."""

    reduction_id: UUID = Field(description="The reduction; whose it is stays unsaid.")
    occurred_on: date = Field(description="The act's civil day.")
    grams_before: int = Field(description="Whole grams now.", examples=[974])
    grams_after: int = Field(description="Whole grams by the new version.", examples=[487])
    points_before: int = Field(description="Whole points now.", examples=[97])
    points_after: int = Field(description="Whole points by the new version.", examples=[48])


class BudgetEffect(BaseModel):
    """The month's budget beside what would be paid out; corrections do not draw on it."""

    left_points: int = Field(description="Whole points the line has left.", examples=[900_000])
    paid_out_points: int = Field(description="Whole points to be paid out.", examples=[1_200])


class EffectView(BaseModel):
    """What a correction would do, worked out without doing it."""

    looked_at: int = Field(description="Reductions looked at.", examples=[120_000])
    complete: bool = Field(description="Whether that was all of them.", examples=[True])
    affected: int = Field(description="Reductions whose grams change.", examples=[5_210])
    uncomputable: int = Field(
        description="Reductions that cannot be computed from what was stored; they stay.",
        examples=[0],
    )
    people: int = Field(description="Citizens concerned.", examples=[1_404])
    grams: int = Field(description="Whole grams more or fewer.", examples=[-912_331])
    points: int = Field(description="Whole points more or fewer.", examples=[-91_002])
    booked_up: int = Field(description="Whole points to be paid out.", examples=[0])
    booked_down: int = Field(description="Whole points to be taken back.", examples=[88_001])
    shortfall: int = Field(
        description="Whole points that are spent already: the correction reserve bears them.",
        examples=[3_001],
    )
    budget: BudgetEffect | None = Field(description="This month's budget; null without a limit.")
    top_movers: list[Mover] = Field(description="What changes most, most first.")


class CorrectionView(BaseModel):
    """A correction: what was previewed, and how far it is."""

    correction_id: UUID = Field(
        description="Propose `reductions.correct` with it; another officer approves."
    )
    methodology: str = Field(description="Whose acts.", examples=["bike_ride"])
    old_versions: list[str] = Field(description="The versions in error.", examples=[["1.0.0"]])
    new_version: str = Field(description="What puts it right.", examples=["1.0.1"])
    from_on: date = Field(description="First day of the acts.")
    until_on: date = Field(description="First day after the last.")
    reason_zh: str = Field(description="What citizens read, in Chinese.")
    reason_en: str = Field(description="The same in English.")
    preview: EffectView = Field(description="The effect as it was previewed.")
    state: str = Field(
        description="previewed, correcting, telling or finished.", examples=["previewed"]
    )
    made_at: datetime = Field(description="When it was previewed.")
    finished_at: datetime | None = Field(description="When it was finished, or null.")
    looked_at: int = Field(description="Reductions looked at so far.", examples=[0])
    changed: int = Field(description="Reductions corrected so far.", examples=[0])
    people: int = Field(description="Citizens told so far.", examples=[0])
    grams: int = Field(description="Whole grams booked so far, signed.", examples=[0])
    booked_up: int = Field(description="Whole points paid out so far.", examples=[0])
    booked_down: int = Field(description="Whole points taken back so far.", examples=[0])
    shortfall: int = Field(description="Whole points borne by the reserve so far.", examples=[0])

    @classmethod
    def of(cls, progress: Progress, versions: Versions) -> Self:
        """The officers' view of a correction."""
        copied = set(cls.model_fields) - {"correction_id", "old_versions", "new_version", "preview"}
        return cls(
            correction_id=progress.id,
            old_versions=[_number(each, versions) for each in progress.old_version_ids],
            new_version=_number(progress.new_version_id, versions),
            preview=EffectView.model_validate(progress.preview),
            **{name: getattr(progress, name) for name in copied},
        )


class CorrectedView(BaseModel):
    """What one correction made of one reduction, and why."""

    reason_zh: str = Field(description="Why, in Chinese.", examples=["减排因子录入有误。"])
    reason_en: str = Field(description="Why, in English.", examples=["A factor was mistyped."])
    corrected_at: datetime = Field(description="When.")
    old_version: str = Field(description="The version before.", examples=["1.0.0"])
    new_version: str = Field(description="The version that counts now.", examples=["1.0.1"])
    grams_before: int = Field(description="Whole grams before.", examples=[180])
    grams_after: int = Field(description="Whole grams after.", examples=[148])
    points_before: int = Field(description="Whole points before.", examples=[18])
    points_after: int = Field(description="Whole points after.", examples=[14])
    booked_points: int = Field(
        description="What your account got or gave; never more than it had.", examples=[-4]
    )

    @classmethod
    def of(cls, corrected: Corrected, versions: Versions) -> Self:
        """The owner's view of a correction."""
        return cls(
            reason_zh=corrected.reason_zh,
            reason_en=corrected.reason_en,
            corrected_at=corrected.corrected_at,
            old_version=_number(corrected.old_version_id, versions),
            new_version=_number(corrected.new_version_id, versions),
            grams_before=corrected.grams_before,
            grams_after=corrected.grams_after,
            points_before=corrected.points_before,
            points_after=corrected.points_after,
            booked_points=corrected.booked,
        )


def _number(version_id: int, versions: Versions) -> str:
    return versions.by_id[version_id].methodology.manifest.version
