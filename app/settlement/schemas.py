"""What the settlement endpoints accept and return."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.inputs import Day
from app.settlement.funders import Funded
from app.settlement.kept import Kept
from app.settlement.payouts import Proposed
from app.settlement.payouts_read import Batch, Payment
from app.settlement.reconcile import Comparison

_AN_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_A_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]


class SettlementView(BaseModel):
    """What a merchant is owed for a business day, net of what was taken back."""

    settlement_id: UUID = Field(description="Names the settlement.", examples=[_AN_ID])
    merchant_id: UUID = Field(description="Whose.", examples=[_AN_ID])
    day: date = Field(description="The business day.", examples=["2026-03-01"])
    state: str = Field(
        description="`closed`, `proposed` for payment, `approved`, or `paid`.", examples=["closed"]
    )
    bank_reference: str | None = Field(
        description="The bank's, once it is paid.", examples=["20260302-000117"]
    )
    lines: int = Field(description="Lines in the file.", examples=[12])
    late_lines: int = Field(description="Those of earlier days.", examples=[1])
    sales: int = Field(description="Coupons taken.", examples=[10])
    undone: int = Field(description="Sales undone.", examples=[1])
    refunds: int = Field(description="Refunds, whole or in part.", examples=[1])
    points: int = Field(description="Points, net.", examples=[900])
    face_value_fen: int = Field(description="Face value in fen, net.", examples=[13500])
    government_fen: int = Field(description="Paid by the government, fen.", examples=[6750])
    merchant_fen: int = Field(description="Borne by the merchant itself, fen.", examples=[4050])
    carbon_fen: int = Field(description="Paid out of carbon revenue, fen.", examples=[2700])
    payable_fen: int = Field(
        description="What the merchant is owed, fen; below zero it is carried over.",
        examples=[9450],
    )
    manifest_sha256: str = Field(description="Of the manifest, hex.", examples=[_A_HASH])
    closed_at: datetime = Field(description="When (UTC).", examples=["2026-03-01T16:15:00Z"])

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """A settlement as it is shown."""
        totals = kept.totals
        return cls(
            settlement_id=kept.id,
            merchant_id=kept.merchant_id,
            day=kept.day,
            state=kept.state,
            bank_reference=kept.bank_reference,
            lines=totals.lines,
            late_lines=totals.late_lines,
            sales=totals.sales,
            undone=totals.undone,
            refunds=totals.refunds,
            points=totals.points,
            face_value_fen=totals.face_value_fen,
            government_fen=totals.government_fen,
            merchant_fen=totals.merchant_fen,
            carbon_fen=totals.carbon_fen,
            payable_fen=totals.payable_fen,
            manifest_sha256=kept.manifest_sha256,
            closed_at=kept.closed_at,
        )


class SettlementPage(BaseModel):
    """Settlements, the newest first."""

    items: list[SettlementView] = Field(description="At most `limit` settlements.")
    next_cursor: str | None = Field(
        description="Ask for the next page with it; null on the last page.", examples=[None]
    )


class CloseDays(BaseModel):
    """Close business days now."""

    model_config = ConfigDict(extra="forbid")

    through: Day = Field(
        description="The last day to close; earlier open ones are closed too.",
        examples=["2026-03-01"],
    )


class DaysClosed(BaseModel):
    """What was closed by this call."""

    days: list[date] = Field(description="In order; none if all were.", examples=[["2026-03-01"]])


class FundedView(BaseModel):
    """What one payer bears of a day."""

    day: date = Field(description="The business day.", examples=["2026-03-01"])
    source: str = Field(description="`government`, `merchant` or `carbon`.", examples=["carbon"])
    budget_id: UUID | None = Field(description="Out of which budget.", examples=[_AN_ID])
    programme: str = Field(description="The budget's programme.", examples=["绿色出行补贴"])
    lines: int = Field(description="How many lines.", examples=[12])
    fen: int = Field(description="Net, fen.", examples=[6750])

    @classmethod
    def of(cls, funded: Funded) -> Self:
        """As it is shown."""
        return cls(
            day=funded.day,
            source=funded.source,
            budget_id=funded.budget_id,
            programme=funded.programme,
            lines=funded.lines,
            fen=funded.fen,
        )


class FundedList(BaseModel):
    """Who paid what."""

    items: list[FundedView] = Field(description="By day, payer and budget.")


class DifferenceView(BaseModel):
    """Two numbers that should be one."""

    subject: str = Field(description="What it is about, by ids.", examples=[f"payout:{_AN_ID}"])
    expected: int | None = Field(description="Points, fen or lines; null: none.", examples=[100])
    found: int | None = Field(description="The same; null: none.", examples=[None])


class ComparisonView(BaseModel):
    """One comparison of two books."""

    name: str = Field(description="Which books.", examples=["lines_and_entries"])
    rows: int = Field(description="How many rows were compared.", examples=[12])
    differing: int = Field(description="How many differ; all must be 0.", examples=[0])
    differences: list[DifferenceView] = Field(description="At most 200 of them.")

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        """As it is shown."""
        return cls(
            name=comparison.name,
            rows=comparison.rows,
            differing=comparison.differing,
            differences=[
                DifferenceView(subject=each.subject, expected=each.expected, found=each.found)
                for each in comparison.differences
            ],
        )


class Reconciliation(BaseModel):
    """Whether a day agrees with every other book."""

    day: date = Field(description="The business day.", examples=["2026-03-01"])
    differing: int = Field(description="Over all comparisons; must be 0.", examples=[0])
    comparisons: list[ComparisonView] = Field(description="Each pair of books.")


class ProposePayouts(BaseModel):
    """Ask another finance officer to let merchants be paid."""

    model_config = ConfigDict(extra="forbid")

    through: Day = Field(description="The last day that is paid.", examples=["2026-03-01"])
    reason: _Line = Field(
        max_length=500, description="For the second officer.", examples=["Weekly payment."]
    )


class PayoutsProposed(BaseModel):
    """A batch that waits for the second officer."""

    batch_id: UUID = Field(description="Names the batch.", examples=[_AN_ID])
    proposal_id: UUID = Field(description="What another officer approves.", examples=[_AN_ID])
    payouts: int = Field(description="How many merchants are paid.", examples=[3])
    fen: int = Field(description="How much in all, fen.", examples=[120000])

    @classmethod
    def of(cls, proposed: Proposed) -> Self:
        """As it is shown."""
        return cls(
            batch_id=proposed.batch_id,
            proposal_id=proposed.proposal_id,
            payouts=proposed.payouts,
            fen=proposed.fen,
        )


class PayoutBatchView(BaseModel):
    """Payments that are approved together."""

    batch_id: UUID = Field(description="Names the batch.", examples=[_AN_ID])
    state: str = Field(
        description="`proposed`, `approved`, or `returned`: rejected.", examples=["proposed"]
    )
    proposal_id: UUID = Field(description="What another officer approves.", examples=[_AN_ID])
    proposed_by: UUID = Field(description="The first officer.", examples=[_AN_ID])
    proposed_at: datetime = Field(description="When (UTC).", examples=["2026-03-02T01:00:00Z"])
    decided_by: UUID | None = Field(description="The second officer.", examples=[None])
    payouts: int = Field(description="How many merchants are paid.", examples=[3])
    fen: int = Field(description="How much in all, fen.", examples=[120000])

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """As it is shown."""
        return cls(
            batch_id=batch.id,
            state=batch.state,
            proposal_id=batch.proposal_id,
            proposed_by=batch.proposed_by,
            proposed_at=batch.proposed_at,
            decided_by=batch.decided_by,
            payouts=batch.payouts,
            fen=batch.fen,
        )


class PayoutBatchPage(BaseModel):
    """Batches, the newest first."""

    items: list[PayoutBatchView] = Field(description="At most `limit` batches.")
    next_cursor: str | None = Field(
        description="Ask for the next page with it; null on the last page.", examples=[None]
    )


class PaymentView(BaseModel):
    """A payment to one merchant."""

    payout_id: UUID = Field(description="Names the payment.", examples=[_AN_ID])
    merchant_id: UUID = Field(description="Who is paid.", examples=[_AN_ID])
    fen: int = Field(description="How much, fen.", examples=[9450])
    bank_name: str = Field(description="The bank.", examples=["江苏银行镇江分行"])
    bank_holder: str = Field(description="In whose name.", examples=["西津渡咖啡有限公司"])
    bank_account: str = Field(description="Masked.", examples=["**** 1234"])
    state: str = Field(
        description="`proposed`, `approved`, `paid` or `returned`.", examples=["approved"]
    )
    bank_reference: str | None = Field(description="The bank's.", examples=[None])
    reason: str | None = Field(description="Why it came back.", examples=[None])
    days: list[date] = Field(description="The days it pays.", examples=[["2026-03-01"]])

    @classmethod
    def of(cls, payment: Payment) -> Self:
        """As it is shown."""
        return cls(
            payout_id=payment.id,
            merchant_id=payment.merchant_id,
            fen=payment.fen,
            bank_name=payment.bank_name,
            bank_holder=payment.bank_holder,
            bank_account=payment.bank_account,
            state=payment.state,
            bank_reference=payment.bank_reference,
            reason=payment.reason,
            days=payment.days,
        )


class PaymentList(BaseModel):
    """The payments of a batch."""

    items: list[PaymentView] = Field(description="In the bank file's order.")


class MarkPaid(BaseModel):
    """The bank has paid."""

    model_config = ConfigDict(extra="forbid")

    bank_reference: _Line = Field(
        max_length=64, description="The bank's number of it.", examples=["20260302-000117"]
    )


class MarkReturned(BaseModel):
    """The bank has sent it back."""

    model_config = ConfigDict(extra="forbid")

    reason: _Line = Field(max_length=200, description="Why.", examples=["Account closed."])
