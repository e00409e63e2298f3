"""Requests of persons about their own data, and the copies that wait to be fetched."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    LargeBinary,
    text,
)
from sqlmodel import Field, SQLModel


class RightsRequest(SQLModel, table=True):
    """A ticket: what somebody asked for, how far it is, and by which day it is answered."""

    __tablename__ = "rights_request"
    __table_args__ = (
        CheckConstraint("kind IN ('export', 'correction', 'deletion')", name="rights_request_kind"),
        CheckConstraint(
            "state IN ('open', 'running', 'done', 'cancelled', 'refused')",
            name="rights_request_state",
        ),
        CheckConstraint(
            "(state IN ('open', 'running')) = (finished_at IS NULL)",
            name="rights_request_finished",
        ),
        CheckConstraint("done BETWEEN 0 AND total", name="rights_request_progress"),
        Index(
            "rights_request_one_open",
            "account_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('open', 'running') AND kind <> 'correction'"),
        ),
        Index("rights_request_account", "account_id", "id"),
        Index(
            "rights_request_due",
            "due_on",
            "id",
            postgresql_where=text("state IN ('open', 'running')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    kind: str = Field(max_length=12)
    state: str = Field(max_length=12)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    acts_after: datetime = Field(sa_type=DateTime(timezone=True))
    due_on: date
    began_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    began_xid: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    done: int
    total: int
    topic: str | None = Field(default=None, max_length=20)
    wish: bytes | None = Field(default=None, sa_type=LargeBinary)
    answer: str | None = Field(default=None, max_length=500)
    answered_by: UUID | None = None


class ExportFile(SQLModel, table=True):
    """A copy of somebody's data, sealed with their own key, until it has lain for a week."""

    __tablename__ = "export_file"
    __table_args__ = (
        Index("export_file_expires", "expires_at"),
        Index("export_file_account", "account_id"),
    )

    request_id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)
    sha256: bytes = Field(sa_type=LargeBinary)
    size_bytes: int
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
