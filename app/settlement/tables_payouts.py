"""Payouts: batches that one officer proposes and another approves."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, text
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class PayoutState(StrEnum):
    """How far a payment has come; a returned one's settlements go into a later batch."""

    proposed = "proposed"
    approved = "approved"
    paid = "paid"
    returned = "returned"


class PayoutBatch(SQLModel, table=True):
    """Payments that are approved together."""

    __tablename__ = "payout_batch"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'approved', 'returned')", name="payout_batch_state"),
        CheckConstraint(
            "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)",
            name="payout_batch_two_people",
        ),
        CheckConstraint("payouts > 0 AND fen > 0", name="payout_batch_sums"),
    )

    id: UUID = Field(primary_key=True)
    state: str = Field(max_length=12)
    proposal_id: UUID
    proposed_by: UUID
    proposed_at: datetime = Field(sa_type=_AT)
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=_AT)
    payouts: int
    fen: int = Field(sa_type=BigInteger)


class Payout(SQLModel, table=True):
    """A payment to one merchant; the account is masked, as it was when it was proposed.

    ``payout_account_id`` says which it is: a change of the merchant's, or None: the application's.
    """

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint(
            "state IN ('proposed', 'approved', 'paid', 'returned')", name="payout_state"
        ),
        CheckConstraint("fen > 0", name="payout_sum"),
        CheckConstraint("(state = 'paid') = (bank_reference IS NOT NULL)", name="payout_paid"),
        CheckConstraint("(state = 'returned') = (reason IS NOT NULL)", name="payout_returned"),
        CheckConstraint(
            "state NOT IN ('approved', 'paid') OR approved_at IS NOT NULL", name="payout_approved"
        ),
        Index("payout_batch_parts", "batch_id", "id"),
        Index(
            "payout_reference",
            "bank_reference",
            unique=True,
            postgresql_where=text("bank_reference IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    batch_id: UUID
    merchant_id: UUID
    fen: int = Field(sa_type=BigInteger)
    bank_name: str = Field(max_length=80)
    bank_holder: str = Field(max_length=80)
    bank_account: str = Field(max_length=40)
    state: str = Field(max_length=12)
    approved_at: datetime | None = Field(default=None, sa_type=_AT)
    bank_reference: str | None = Field(default=None, max_length=64)
    resolved_by: str | None = Field(default=None, max_length=80)
    resolved_at: datetime | None = Field(default=None, sa_type=_AT)
    reason: str | None = Field(default=None, max_length=200)
    payout_account_id: UUID | None = None


class PayoutPart(SQLModel, table=True):
    """A settlement that a payment pays; in at most one that has not been returned."""

    __tablename__ = "payout_part"
    __table_args__ = (
        Index("payout_part_once", "settlement_id", unique=True, postgresql_where=text("live")),
    )

    payout_id: UUID = Field(primary_key=True)
    settlement_id: UUID = Field(primary_key=True)
    live: bool = Field(sa_type=Boolean)
