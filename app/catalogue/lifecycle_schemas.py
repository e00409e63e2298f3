"""What officers send and see of a methodology's life."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.check import Problem, Report
from app.catalogue.move import Transition
from app.catalogue.states import MOVES, State
from app.catalogue.versions import Version
from app.inputs import Day
from methodologies.strict_yaml import BYTES_MAX

_A_PROPOSAL = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_STATES = ", ".join(State)
_A_TEXT = "language: 1\nid: bike_ride\nversion: 1.1.0\n…"
_A_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

Id = Annotated[
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
Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]*$",
        description="Why; kept in the history and in the audit.",
        examples=["New factor of the operator's 2026 report."],
    ),
]
Document = Annotated[
    str,
    Field(
        min_length=1,
        max_length=BYTES_MAX,
        description="The methodology, YAML as text.",
        examples=[_A_TEXT],
    ),
]
Vectors = Annotated[
    str | None,
    Field(
        max_length=BYTES_MAX,
        description="Its worked examples, YAML, when they are not in the document.",
        examples=["vectors:\n  - …"],
    ),
]


class CheckIn(BaseModel):
    """A document to check; nothing is kept."""

    model_config = ConfigDict(extra="forbid")

    document: Document
    vectors: Vectors = None


class UploadIn(BaseModel):
    """A document to keep."""

    model_config = ConfigDict(extra="forbid")

    document: Document
    vectors: Vectors = None
    reason: Reason


class ReasonIn(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ShadowIn(BaseModel):
    """Start or stop watching live acts."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["start", "stop"] = Field(description="What to do.", examples=["start"])
    reason: Reason


class SubmitIn(BaseModel):
    """Ask another officer to let the version take force."""

    model_config = ConfigDict(extra="forbid")

    active_from: Day = Field(
        description="First civil day of the acts it will judge: today or later, or an earlier day "
        "that no version had.",
        examples=["2026-04-01"],
    )
    reason: Reason


class FixView(BaseModel):
    """What mends a problem."""

    zh: str = Field(description="In Chinese.", examples=["为该规则或分支补充一个算例。"])
    en: str = Field(description="In English.", examples=["Add a worked example."])


class ProblemView(BaseModel):
    """One thing that is wrong with a document."""

    rule: str = Field(description="The rule that says so.", examples=["vectors_pass"])
    message: str = Field(description="What is wrong.", examples=["unknown key 'colour'"])
    line: int = Field(description="Counted from 1; 0: no one place.", examples=[12])
    column: int = Field(description="Counted from 1; 0: no one place.", examples=[5])
    fix: FixView = Field(description="What mends it.")

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The officer's view of a problem."""
        return cls(
            rule=problem.rule,
            message=problem.message,
            line=problem.line,
            column=problem.column,
            fix=FixView(**problem.fix),
        )


class BoundsView(BaseModel):
    """What a term can be at least and at most, over every act that the document allows."""

    term: str = Field(description="The term.", examples=["reduction_kg"])
    unit: str = Field(description="Its unit.", examples=["kgCO2e"])
    least: str = Field(description="Exact decimal, as text.", examples=["0"])
    greatest: str = Field(description="Exact decimal, as text.", examples=["10"])


class CheckView(BaseModel):
    """The report on a document."""

    passes: bool = Field(description="Whether it may be uploaded.", examples=[True])
    tier: Literal["bronze", "silver", "gold"] | None = Field(
        description="bronze: may be tried; silver: may take force; gold: a second implementation "
        "agrees; null: mend it first.",
        examples=["silver"],
    )
    methodology: str | None = Field(description="The document's id.", examples=["bike_ride"])
    version: str | None = Field(description="The document's version.", examples=["1.1.0"])
    content_hash: str | None = Field(
        description="SHA-256 of the canonical JSON.", examples=[_A_HASH]
    )
    problems: list[ProblemView] = Field(description="Everything that is wrong, by rule.")
    bounds: list[BoundsView] = Field(description="Static bounds of the terms; empty: not provable.")
    largest_grams: int | None = Field(
        description="The most grams of CO2e one act can be worth; null: not provable.",
        examples=[10000],
    )

    @classmethod
    def of(cls, report: Report) -> Self:
        """The officer's view of a report."""
        manifest = report.document.manifest if report.document is not None else None
        return cls.model_validate(
            {
                "passes": report.passes,
                "tier": report.tier,
                "methodology": manifest.id if manifest else None,
                "version": manifest.version if manifest else None,
                "content_hash": manifest.content_hash if manifest else None,
                "problems": [ProblemView.of(each) for each in report.problems],
                "bounds": [
                    BoundsView(
                        term=each.term, unit=each.unit, least=each.least, greatest=each.greatest
                    )
                    for each in report.bounds
                ],
                "largest_grams": report.largest_grams,
            }
        )


class Moved(BaseModel):
    """Where a version stands after a call."""

    methodology: str = Field(description="Its id.", examples=["bike_ride"])
    version: str = Field(description="Its version.", examples=["1.1.0"])
    state: State = Field(description=f"One of {_STATES}.", examples=["submitted"])
    content_hash: str = Field(description="SHA-256 of the canonical JSON.", examples=[_A_HASH])
    proposal_id: UUID | None = Field(
        description="The proposal another officer must decide; null: nothing waits.",
        examples=[_A_PROPOSAL],
    )


class StandingView(BaseModel):
    """One version, in any state."""

    methodology: str = Field(description="Its id.", examples=["bike_ride"])
    version: str = Field(description="Its version.", examples=["1.1.0"])
    title_zh: str = Field(description="Title in Chinese.", examples=["骑行"])
    title_en: str = Field(description="Title in English.", examples=["Shared-bicycle ride"])
    content_hash: str = Field(description="SHA-256 of the canonical JSON.", examples=[_A_HASH])
    state: State = Field(description=f"One of {_STATES}.", examples=["checked"])
    allowed: list[State] = Field(description="What may follow.", examples=[["dry_run", "shadow"]])
    author: str = Field(description="Who uploaded it.", examples=[f"officer:{_A_PROPOSAL}"])
    active_from: date | None = Field(
        description="First civil day of its acts.", examples=["2026-04-01"]
    )
    active_until: date | None = Field(
        description="First day after, or null.", examples=["2027-01-01"]
    )

    @classmethod
    def of(cls, version: Version, today: date) -> Self:
        """The officers' view of a version."""
        return cls.model_validate(facts_of(version, today))


def facts_of(version: Version, today: date) -> dict[str, Any]:
    """The members of `StandingView`."""
    manifest = version.methodology.manifest
    state = version.state_on(today)
    return {
        "methodology": manifest.id,
        "version": manifest.version,
        "title_zh": manifest.title["zh"],
        "title_en": manifest.title["en"],
        "content_hash": manifest.content_hash,
        "state": state,
        "allowed": list(MOVES[state]),
        "author": version.author,
        "active_from": version.active_from,
        "active_until": version.active_until,
    }


class StandingList(BaseModel):
    """Every version there is."""

    items: list[StandingView] = Field(description="By id, then in the order of registration.")


class TransitionView(BaseModel):
    """One change of state."""

    from_state: str = Field(description="The state before.", examples=["checked"])
    to_state: str = Field(description="The state after.", examples=["dry_run"])
    actor: str = Field(description="Who.", examples=["process:register"])
    reason: str = Field(description="Why.", examples=["shipped"])
    at: datetime = Field(description="When (UTC).", examples=["2026-03-01T04:00:00Z"])


class LifeView(StandingView):
    """One version with its whole history and its document."""

    history: list[TransitionView] = Field(description="Every change of state, oldest first.")
    document: dict[str, Any] = Field(
        description="The canonical document; for a code plug-in, what it declares.",
        examples=[{"id": "bike_ride", "version": "1.1.0"}],
    )

    @classmethod
    def told(cls, version: Version, today: date, history: Sequence[Transition]) -> Self:
        """The officers' view of one version's life."""
        document = json.loads(version.methodology.manifest.canonical_json)
        steps = [
            TransitionView(
                from_state=each.from_state,
                to_state=each.to_state,
                actor=each.actor,
                reason=each.reason,
                at=each.at,
            )
            for each in history
        ]
        return cls.model_validate(
            facts_of(version, today) | {"history": steps, "document": document}
        )
