"""What the ledger's endpoints return."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.ledger.balances import BalanceView, Lot
from app.ledger.statement import Line


class LotView(BaseModel):
    """Points that can be spent until a day."""

    expires_on: date = Field(description="Last day, in the programme's zone.")
    points: int = Field(description="Whole points left in this lot.", examples=[1200])

    @classmethod
    def of(cls, lot: Lot) -> Self:
        """The public face of a lot."""
        return cls(expires_on=lot.expires_on, points=lot.points)


class WalletView(BaseModel):
    """The caller's points."""

    available: int = Field(description="Whole points that can be spent now.", examples=[1180])
    held: int = Field(description="Whole points set aside for open coupons.", examples=[100])
    earned: int = Field(description="Whole points ever earned.", examples=[2480])
    consumed: int = Field(description="Whole points spent or expired.", examples=[1200])
    version: int = Field(description="Number of the last entry of the statement.", examples=[42])
    expires_next: LotView | None = Field(description="What expires first, if anything is left.")
    lots: list[LotView] = Field(description="What is left, by the day it expires.")

    @classmethod
    def of(cls, balance: BalanceView) -> Self:
        """The public face of a balance."""
        lots = [LotView.of(lot) for lot in balance.lots]
        return cls(
            available=balance.available,
            held=balance.held,
            earned=balance.earned,
            consumed=balance.consumed,
            version=balance.version,
            expires_next=lots[0] if lots else None,
            lots=lots,
        )


class LineView(BaseModel):
    """One entry of the statement."""

    seq: int = Field(description="Its number: 1, 2, 3, ... without a gap.", examples=[42])
    kind: str = Field(description="earn, redeem, refund, expire, claw_back or adjust.")
    points: int = Field(description="Whole points; negative when they left.", examples=[18])
    balance_after: int = Field(description="Whole points after it, held ones included.")
    ref: UUID = Field(description="The reduction or redemption that caused it.")
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
