"""Proposals: what waits for a second pair of eyes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Proposal(SQLModel, table=True):
    """An action that waits for a second pair of eyes."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("decided_by IS NULL OR decided_by <> made_by", name="two_people"),
        CheckConstraint("(decided_by IS NULL) = (verdict IS NULL)", name="decided_whole"),
        Index("proposal_account", text("(payload ->> 'account_id')"), "id"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=60)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    reason: str = Field(max_length=500)
    made_by: UUID
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    verdict: str | None = Field(default=None, max_length=16)
