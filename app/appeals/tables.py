"""Appeals: one row each, from the asking to the answer."""

from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class Kind(IntEnum):
    """What is asked: to credit a trip that is missing, or to look at an act again."""

    missing_trip = 1
    act = 2


class State(IntEnum):
    """How far an appeal is; the last two are final."""

    open = 1
    assigned = 2
    accepted = 3
    refused = 4


class Appeal(SQLModel, table=True):
    """What one citizen asked, until when it must be answered, and the answer.

    A missing trip names provider, scenario, link and a window of time; another appeal names the
    act. ``credited_id`` is the act that an acceptance credited, if it did.
    """

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="appeal_bucket"),
        CheckConstraint("state BETWEEN 1 AND 4", name="appeal_state"),
        CheckConstraint("(state = 1) = (officer_id IS NULL)", name="appeal_officer"),
        CheckConstraint("(state >= 3) = (decided_at IS NOT NULL)", name="appeal_decided"),
        CheckConstraint(
            "(kind = 1 AND provider_id IS NOT NULL AND methodology IS NOT NULL"
            " AND happened_until > happened_from AND link_id IS NOT NULL AND act_id IS NULL)"
            " OR (kind = 2 AND act_id IS NOT NULL)",
            name="appeal_about",
        ),
        Index("appeal_due", "due_on", "id", postgresql_where=text("state < 3")),
        Index(
            "appeal_one_at_a_time",
            "bucket",
            "account_id",
            "act_id",
            unique=True,
            postgresql_where=text("state < 3 AND act_id IS NOT NULL"),
        ),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID = Field(primary_key=True)
    kind: int = Field(sa_type=SmallInteger)
    state: int = Field(sa_type=SmallInteger)
    provider_id: int | None = Field(default=None, sa_type=SmallInteger)
    methodology: str | None = Field(default=None, max_length=60)
    happened_from: datetime | None = Field(default=None, sa_type=_AT)
    happened_until: datetime | None = Field(default=None, sa_type=_AT)
    link_id: UUID | None = None
    act_id: UUID | None = None
    note: str = Field(max_length=500)
    made_at: datetime = Field(sa_type=_AT)
    due_on: date
    officer_id: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=_AT)
    reason_zh: str | None = Field(default=None, max_length=300)
    reason_en: str | None = Field(default=None, max_length=300)
    credited_id: UUID | None = None
    grams: int
    points: int
