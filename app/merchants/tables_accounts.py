"""Accounts that merchants changed to; the first one stands with the application's contact."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class AccountState(StrEnum):
    """How far a change has come; an approved one pays from a moment on."""

    proposed = "proposed"
    approved = "approved"
    refused = "refused"
    stopped = "stopped"


class PayoutAccount(SQLModel, table=True):
    """Where a merchant is paid from ``pays_from`` on; never edited, a later change replaces it."""

    __tablename__ = "payout_account"
    __table_args__ = (
        CheckConstraint(
            "state IN ('proposed', 'approved', 'refused', 'stopped')", name="payout_account_state"
        ),
        CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name="payout_account_two_people"
        ),
        CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) ="
            " (pays_from IS NULL) AND (state <> 'approved' OR pays_from > decided_at)",
            name="payout_account_waits",
        ),
        CheckConstraint(
            "(state IN ('refused', 'stopped')) = (ended_by IS NOT NULL)"
            " AND (ended_by IS NULL) = (ended_at IS NULL)",
            name="payout_account_ended",
        ),
        CheckConstraint(
            "(bank_account IS NULL) = (bank_account_sealed IS NOT NULL)"
            " AND (bank_account IS NOT NULL OR bank_account_end IS NOT NULL)",
            name="payout_account_sealed",
        ),
        Index("payout_account_plain", "id", postgresql_where=text("bank_account IS NOT NULL")),
        Index("payout_account_merchant", "merchant_id", "id"),
        Index(
            "payout_account_one_proposed",
            "merchant_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID
    bank_name: str = Field(max_length=80)
    bank_holder: str = Field(max_length=80)
    bank_account: str | None = Field(default=None, max_length=34)
    bank_account_sealed: bytes | None = None
    bank_account_end: str | None = Field(default=None, max_length=4)
    state: str = Field(max_length=12)
    reason: str = Field(max_length=500)
    proposal_id: UUID
    proposed_by: UUID
    proposed_at: datetime = Field(sa_type=_AT)
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=_AT)
    pays_from: datetime | None = Field(default=None, sa_type=_AT)
    ended_by: str | None = Field(default=None, max_length=80)
    ended_at: datetime | None = Field(default=None, sa_type=_AT)
