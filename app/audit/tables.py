"""The audit record. Append-only by grant and by trigger."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AuditRecord(SQLModel, table=True):
    """One act of one person or process upon one thing."""

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("audit_record_subject", "subject", "id"),
        Index("audit_record_actor", "actor", "id"),
    )

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    actor: str = Field(max_length=80)
    action: str = Field(max_length=60)
    subject: str = Field(max_length=120)
    facts: dict[str, Any] = Field(sa_type=JSONB)
