"""What officers are shown of withdrawals, lists of codes and budgets."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.rewards.codes_import import Import, Reject
from app.rewards.funding import Budget
from app.rewards.offers_words import SOURCES, Source
from app.rewards.withdraw_run import Progress

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_CLOSED = ConfigDict(extra="forbid")


class WithdrawOffer(BaseModel):
    """Why an offer is taken back; citizens who held one read it."""

    model_config = _CLOSED

    reason_zh: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="Why, in Chinese.", examples=["商户停业"]
    )
    reason_en: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="The same in English.", examples=["The shop has closed"]
    )


class WithdrawalView(BaseModel):
    """How far the holders of an offer have been made whole."""

    offer_id: UUID = Field(description="Names the offer.", examples=[_ID])
    released: int = Field(description="Unused coupons and tickets given back.", examples=[12])
    points: int = Field(description="Points that returned.", examples=[1200])
    finished_at: datetime | None = Field(description="Null while it goes on.", examples=[None])

    @classmethod
    def of(cls, found: Progress) -> Self:
        """Progress, in public words."""
        return cls(
            offer_id=found.offer_id,
            released=found.released,
            points=found.points,
            finished_at=found.finished_at,
        )


class ImportView(BaseModel):
    """How far a list of codes has been read."""

    import_id: UUID = Field(description="Names the list.", examples=[_ID])
    lines: int = Field(description="Lines that were sent.", examples=[1000])
    done: int = Field(description="Lines that were read.", examples=[500])
    taken: int = Field(description="Codes that became units.", examples=[498])
    rejected: int = Field(description="Lines that were refused.", examples=[2])
    finished_at: datetime | None = Field(description="Null while it goes on.", examples=[None])

    @classmethod
    def of(cls, found: Import) -> Self:
        """Progress, in public words."""
        return cls(
            import_id=found.id,
            lines=found.lines,
            done=found.done,
            taken=found.taken,
            rejected=found.rejected,
            finished_at=found.finished_at,
        )


class RejectView(BaseModel):
    """A line that was refused; its text is not kept."""

    line: int = Field(description="Its number, from 1, the heading left out.", examples=[17])
    reason: str = Field(
        description="`duplicate`, `in-another-offer` (of this merchant), `empty`, `too-long` or"
        " `unprintable`.",
        examples=["duplicate"],
    )

    @classmethod
    def of(cls, found: Reject) -> Self:
        """A refused line."""
        return cls(line=found.line, reason=found.reason)


class RejectPage(BaseModel):
    """Refused lines, by number."""

    items: list[RejectView] = Field(description="At most `limit` lines.")
    next_cursor: str | None = Field(description="Null on the last page.", examples=[None])


class BudgetView(BaseModel):
    """Money that was set aside for offers."""

    budget_id: UUID = Field(description="Names the budget.", examples=[_ID])
    source: Source = Field(description="Who pays.", examples=["government"])
    programme: str = Field(description="Which programme of theirs.", examples=["2026 消费券"])
    fen: int = Field(description="What was set aside.", examples=[1_000_000])
    left_fen: int = Field(description="What is left of it.", examples=[750_000])

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """An officer's line."""
        return cls(
            budget_id=budget.id,
            source=SOURCES[budget.source],
            programme=budget.programme,
            fen=budget.fen,
            left_fen=budget.left_fen,
        )


class BudgetList(BaseModel):
    """Every budget, the newest first."""

    items: list[BudgetView] = Field(description="Budgets.")
