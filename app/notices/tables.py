"""The outbox: messages that are promised and not yet sent."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Outbox(SQLModel, table=True):
    """One message to one account; its row goes when it has been delivered."""

    __tablename__ = "outbox"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    template: str = Field(max_length=40)
    facts: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
