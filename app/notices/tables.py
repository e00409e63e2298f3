"""The outbox, messages that are promised and not yet sent; and the inbox, where they stay."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, SmallInteger, text
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


class Message(SQLModel, table=True):
    """One message in a citizen's inbox; its id is the outbox's, so it is known again anywhere.

    ``xid`` is the transaction that promised it: whoever follows the inbox stops below the oldest
    transaction still running, and misses none.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="message_bucket"),
        Index("message_news", "bucket", "account_id", "xid", "id"),
        Index("message_unread", "bucket", "account_id", postgresql_where=text("read_at IS NULL")),
        Index("message_age", "created_at", postgresql_using="brin"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID = Field(primary_key=True)
    xid: int = Field(
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": text("(pg_current_xact_id()::text::bigint)")},
    )
    template: str = Field(max_length=40)
    facts: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    read_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
