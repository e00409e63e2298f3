"""What batches of tills without network look like on the wire."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.inputs import Moment
from app.rewards.offline import ITEMS_MAX
from app.rewards.offline_judge import Reason
from app.rewards.offline_read import Conflict, Outcome
from app.rewards.schemas_merchant import Coupon, NextCursor, OrderNo

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"

BatchId = Field(description="Your own id for the batch; a retry sends it again.", examples=[_ID])
Unit = Field(description="Of which points, by the code of their unit.", examples=["points"])
AcceptedAt = Field(description="When the till took it, by its own clock.", examples=[_AT])


class OfflineItemIn(BaseModel):
    """A coupon that the till took without network."""

    model_config = ConfigDict(extra="forbid")

    coupon: str = Coupon
    order_no: str = OrderNo
    accepted_at: Moment = AcceptedAt


class OfflineBatchIn(BaseModel):
    """What a till took without network, in its own order."""

    model_config = ConfigDict(extra="forbid")

    batch_id: UUID = BatchId
    items: list[OfflineItemIn] = Field(
        min_length=1, max_length=ITEMS_MAX, description="At most 500; more is another batch."
    )


class OfflineOutcomeView(BaseModel):
    """What became of one coupon."""

    order_no: str = OrderNo
    accepted_at: datetime = AcceptedAt
    outcome: Literal["redeemed", "duplicate", "rejected"] = Field(
        description="`redeemed`: you are owed it; `duplicate`: you were before, under this number.",
        examples=["redeemed"],
    )
    reason: Reason | None = Field(description="Why it was rejected; else null.", examples=[None])
    redemption_id: UUID | None = Field(
        description="The redemption; null where none was found.", examples=[_ID]
    )
    points: int = Field(description="Its price in whole points.", examples=[100])
    unit: str = Unit

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The till's view; nothing about who showed the coupon."""
        facts = {name: getattr(outcome, name) for name in cls.model_fields}
        return cls.model_validate(facts)


class OfflineBatchView(BaseModel):
    """What became of a batch; sent again, it answers the same."""

    batch_id: UUID = BatchId
    redeemed: int = Field(description="How many were redeemed by this batch.", examples=[1])
    duplicates: int = Field(description="How many had been before.", examples=[0])
    rejected: int = Field(description="How many you are not owed.", examples=[0])
    items: list[OfflineOutcomeView] = Field(description="In the order in which they were sent.")

    @classmethod
    def of(cls, batch_id: UUID, outcomes: list[Outcome]) -> Self:
        """The answer to the till."""
        count = [each.outcome for each in outcomes].count
        return cls(
            batch_id=batch_id,
            redeemed=count("redeemed"),
            duplicates=count("duplicate"),
            rejected=count("rejected"),
            items=[OfflineOutcomeView.of(each) for each in outcomes],
        )


class ConflictView(BaseModel):
    """A coupon that a till took without network and that was not honoured."""

    conflict_id: UUID = Field(description="Names it.", examples=[_ID])
    merchant_id: UUID = Field(description="Whose till.", examples=[_ID])
    batch_id: UUID = BatchId
    till_id: UUID = Field(description="Which till.", examples=[_ID])
    order_no: str = OrderNo
    accepted_at: datetime = AcceptedAt
    reason: Reason = Field(description="Why.", examples=["redeemed_elsewhere"])
    redemption_id: UUID | None = Field(
        description="The redemption; null where none was found.", examples=[_ID]
    )
    points: int = Field(description="Its price in whole points; 0 if unknown.", examples=[100])
    unit: str = Unit
    received_at: datetime = Field(description="When the batch came (UTC).", examples=[_AT])

    @classmethod
    def of(cls, conflict: Conflict) -> Self:
        """The merchant's and the officers' view."""
        names = cls.model_fields.keys() - {"conflict_id"}
        facts = {name: getattr(conflict, name) for name in names}
        return cls.model_validate(facts | {"conflict_id": conflict.id})


class ConflictPage(BaseModel):
    """Coupons that were not honoured, the newest first."""

    items: list[ConflictView] = Field(description="At most `limit`.")
    next_cursor: str | None = NextCursor
