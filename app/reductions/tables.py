"""Reductions, claims and held activities.

A reduction is append-only by grant and trigger. Claims keep two acts of one subject from
overlapping; they are checked under the subject's lock (`claims`) and proved by `verify`.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Reduction(SQLModel, table=True):
    """What one act was worth, and everything needed to work it out again.

    The key begins with the owner and the act's day, so one index serves a citizen's list,
    the caps of a day, and the look-up of one reduction among a citizen's few thousand.
    """

    __tablename__ = "reduction"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="reduction_bucket"),
        CheckConstraint("grams >= 0 AND points >= 0", name="reduction_signs"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    occurred_on: date = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version_id: int = Field(sa_type=SmallInteger)
    factor_set_id: int = Field(sa_type=SmallInteger)
    points_per_kg: int
    grams: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    occurred_at: datetime = Field(sa_type=DateTime(timezone=True))
    inputs: dict[str, Any] = Field(sa_type=JSONB)
    counts: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class Claim(SQLModel, table=True):
    """One subject did one thing during one half-open interval."""

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint("bucket = subject % 1024", name="claim_bucket"),
        CheckConstraint("ends_at > starts_at", name="claim_order"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    scope: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: int = Field(primary_key=True, sa_type=BigInteger)
    starts_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    reduction_id: UUID


class ClaimSubject(SQLModel, table=True):
    """The row that acts of a subject who is not a citizen wait for, one after another."""

    __tablename__ = "claim_subject"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    scope: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: int = Field(primary_key=True, sa_type=BigInteger)


class HeldActivity(SQLModel, table=True):
    """An activity that waits for a person: believed by nobody yet, paid by nobody."""

    __tablename__ = "held_activity"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID = Field(primary_key=True)
    version_id: int = Field(sa_type=SmallInteger)
    reason_code: str = Field(max_length=40)
    held_at: datetime = Field(sa_type=DateTime(timezone=True))
