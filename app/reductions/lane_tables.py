"""What lanes keep besides the book: whose an act may be, what is reserved, what was answered."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, LargeBinary, Numeric, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class NaturalKeyLane(SQLModel, table=True):
    """Which citizen's bucket may write an act: one row for all buckets, for ever.

    Lies in the bucket of the act's own id. ``touches`` counts deliveries that relied on the
    row: only who made it, and was alone, gives it back.
    """

    __tablename__ = "natural_key_lane"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    delivery: UUID
    reserved_at: datetime = Field(sa_type=DateTime(timezone=True))
    touches: int
    releasing: bool


class CapLane(SQLModel, table=True):
    """What is reserved of a shared cap for an act; gone when the act's delivery is done."""

    __tablename__ = "cap_lane"
    __table_args__ = (CheckConstraint("amount >= 0", name="cap_lane_sign"),)

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    act_id: UUID = Field(primary_key=True)
    subject: int = Field(primary_key=True, sa_type=BigInteger)
    methodology: str = Field(primary_key=True, max_length=60)
    counted: str = Field(primary_key=True, max_length=60)
    window_from: date = Field(primary_key=True)
    amount: Decimal = Field(sa_type=Numeric)


class LaneAnswer(SQLModel, table=True):
    """What a file's chunk answered about a bucket, written with its effect."""

    __tablename__ = "lane_answer"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    delivery: UUID = Field(primary_key=True)
    answered_at: datetime = Field(sa_type=DateTime(timezone=True))
    answers: bytes = Field(sa_type=LargeBinary)


class LaneDelivery(SQLModel, table=True):
    """A delivery that is under way, and what it has reserved where; gone when it is done."""

    __tablename__ = "lane_delivery"

    id: UUID = Field(primary_key=True)
    begun_at: datetime = Field(sa_type=DateTime(timezone=True), index=True)
    acts: list[Any] = Field(sa_type=JSONB)
    paid: dict[str, Any] = Field(sa_type=JSONB)
