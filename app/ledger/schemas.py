"""What the ledger's endpoints accept and return."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import to_json

from app.inputs import Whole
from app.ledger.balances import BalanceView
from app.ledger.statement import Line
from app.ledger.units import ORDINARY

NOTHING = BalanceView(0, 0, 0, 0, ())
_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"


class LotView(BaseModel):
    """Points that can be spent until a day."""

    expires_on: date = Field(description="Last day, in the programme's zone.")
    points: int = Field(description="Whole points left in this lot.", examples=[1200])


class UnitWallet(BaseModel):
    """The caller's points of one unit."""

    unit: str = Field(description="The unit's code.", examples=["spring_2026"])
    available: int = Field(description="Whole points that can be spent now.", examples=[1180])
    held: int = Field(description="Whole points set aside for open coupons.", examples=[100])
    earned: int = Field(description="Whole points ever earned.", examples=[2480])
    consumed: int = Field(description="Whole points spent or expired.", examples=[1200])
    version: int = Field(description="Number of the last entry of the statement.", examples=[42])
    expires_next: LotView | None = Field(description="What expires first, if anything is left.")
    lots: list[LotView] = Field(description="What is left, by the day it expires.")


class WalletView(BaseModel):
    """The caller's points."""

    available: int = Field(description="Whole points that can be spent now.", examples=[1180])
    held: int = Field(description="Whole points set aside for open coupons.", examples=[100])
    earned: int = Field(description="Whole points ever earned.", examples=[2480])
    consumed: int = Field(description="Whole points spent or expired.", examples=[1200])
    version: int = Field(description="Number of the last entry of the statement.", examples=[42])
    expires_next: LotView | None = Field(description="What expires first, if anything is left.")
    lots: list[LotView] = Field(description="What is left, by the day it expires.")
    others: list[UnitWallet] = Field(description="Points of other units, such as a campaign's.")


def wallet_json(wallet: Mapping[str, BalanceView]) -> bytes:
    """A `WalletView` of all of an account's balances, written without making one.

    Making the models and writing them costs more than the query; a test reads the answer back
    through the schema.
    """
    ordinary = _members(wallet.get(ORDINARY, NOTHING))
    others = [{"unit": code} | _members(view) for code, view in wallet.items() if code != ORDINARY]
    return to_json(ordinary | {"others": others})


def _members(balance: BalanceView) -> dict[str, Any]:
    lots = [{"expires_on": lot.expires_on, "points": lot.points} for lot in balance.lots]
    return {
        "available": balance.available,
        "held": balance.held,
        "earned": balance.earned,
        "consumed": balance.consumed,
        "version": balance.version,
        "expires_next": lots[0] if lots else None,
        "lots": lots,
    }


class LineView(BaseModel):
    """One entry of the statement."""

    seq: int = Field(description="Its number: 1, 2, 3, ... without a gap.", examples=[42])
    kind: str = Field(
        description="earn, redeem, refund, expire, claw_back, adjust, donate, reverse or repay."
    )
    points: int = Field(description="Whole points; negative when they left.", examples=[18])
    balance_after: int = Field(description="Whole points after it, held ones included.")
    ref: UUID = Field(
        description="What caused it: a reduction, a redemption, a refund, a decision."
    )
    effective_at: datetime = Field(description="When its cause happened.")
    posted_at: datetime = Field(description="When it was booked.")

    @classmethod
    def of(cls, line: Line) -> Self:
        """The public face of a line."""
        return cls(
            seq=line.seq,
            kind=line.kind,
            points=line.points,
            balance_after=line.balance_after,
            ref=line.ref,
            effective_at=line.effective_at,
            posted_at=line.posted_at,
        )


class StatementPage(BaseModel):
    """A page of the statement."""

    items: list[LineView] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="Ask with it for the next page; null at the end.")


class PastBalance(BaseModel):
    """The caller's points at a past moment."""

    unit: str = Field(description="The unit's code.", examples=["points"])
    balance: int = Field(
        description="Whole points booked by then; those held at that moment are in it, because a"
        " hold is no entry.",
        examples=[1280],
    )
    held_included: bool = Field(description="Always true: see `balance`.", examples=[True])
    known_at: datetime | None = Field(description="As a statement of this moment shows it.")
    effective_at: datetime | None = Field(
        description="By when things happened, also those that were booked later."
    )


class MakeDonation(BaseModel):
    """Points for a pool."""

    model_config = ConfigDict(extra="forbid")

    pool: Whole = Field(ge=500, le=999, description="The pool's number.", examples=[500])
    points: Whole = Field(ge=1, le=1_000_000, description="Whole.", examples=[100])


class DonationView(BaseModel):
    """A donation; its id is on the certificate."""

    certificate_id: UUID = Field(description="The number of the certificate.", examples=[_ID])
    pool: int = Field(description="The pool's number.", examples=[500])
    points: int = Field(description="Whole points given.", examples=[100])
    donated_at: datetime = Field(description="When (UTC).", examples=["2026-03-01T04:00:00Z"])


class MakeAdjustment(BaseModel):
    """A correction that a second officer must approve."""

    model_config = ConfigDict(extra="forbid")

    citizen_id: Annotated[UUID | None, Field(description="Whose; or name the account.")] = None
    account_id: Annotated[
        Whole | None, Field(ge=1, lt=2**63, description="Whose; or name the citizen.")
    ] = None
    points: Whole = Field(
        ge=-1_000_000,
        le=1_000_000,
        description="Whole points to add, or to take when negative; not 0.",
        examples=[-50],
    )
    unit: Annotated[str, Field(max_length=40, description="The unit's code.")] = ORDINARY
    reason_zh: str = Field(min_length=1, max_length=300, description="Why, in Chinese.")
    reason_en: str = Field(min_length=1, max_length=300, description="Why, in English.")

    @model_validator(mode="after")
    def _one_citizen(self) -> Self:
        if (self.citizen_id is None) == (self.account_id is None):
            raise ValueError("name the citizen or the account, and not both")
        if self.points == 0:
            raise ValueError("an adjustment moves at least one point")
        return self


class AdjustmentProposed(BaseModel):
    """Nothing has been booked yet."""

    proposal_id: UUID = Field(description="What the second officer approves.", examples=[_ID])
