"""Offers, stock, limits, redemptions and scans."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class OfferState(IntEnum):
    """A draft is seen by officers alone."""

    draft = 1
    published = 2
    withdrawn = 3


class RedemptionState(IntEnum):
    """The life of a hold and its coupon."""

    held = 1
    spent = 2
    cancelled = 3
    expired = 4


class Offer(SQLModel, table=True):
    """Something a merchant gives for points."""

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint("points > 0", name="offer_price"),
        CheckConstraint("per_citizen > 0", name="offer_limit"),
        CheckConstraint("closes_at > opens_at", name="offer_order"),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID = Field(index=True)
    contra: int = Field(sa_type=BigInteger)
    title_zh: str = Field(max_length=80)
    title_en: str = Field(max_length=80)
    points: int
    per_citizen: int
    state: int = Field(sa_type=SmallInteger)
    opens_at: datetime = Field(sa_type=DateTime(timezone=True))
    closes_at: datetime = Field(sa_type=DateTime(timezone=True))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class OfferStock(SQLModel, table=True):
    """Units left; the CHECK is the last line against selling one too many."""

    __tablename__ = "offer_stock"
    __table_args__ = (
        CheckConstraint("remaining BETWEEN 0 AND initial", name="offer_stock_range"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    offer_id: UUID = Field(primary_key=True)
    remaining: int
    initial: int


class OfferUse(SQLModel, table=True):
    """How many units of an offer a citizen holds or has spent."""

    __tablename__ = "offer_use"
    __table_args__ = (
        CheckConstraint("used >= 0", name="offer_use_sign"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    offer_id: UUID = Field(primary_key=True)
    used: int


class Redemption(SQLModel, table=True):
    """Points set aside for a unit, and the digest of the coupon that fetches it."""

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="redemption_bucket"),
        CheckConstraint("points > 0", name="redemption_price"),
        CheckConstraint("(state = 1) = (resolved_at IS NULL)", name="redemption_resolved"),
        UniqueConstraint("bucket", "coupon_digest", name="redemption_coupon"),
        Index("redemption_open", "bucket", "held_until", postgresql_where=text("state = 1")),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID = Field(primary_key=True)
    unit: int = Field(sa_type=SmallInteger)
    offer_id: UUID
    merchant_id: UUID
    contra: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    coupon_digest: bytes
    state: int = Field(sa_type=SmallInteger)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    held_until: datetime = Field(sa_type=DateTime(timezone=True))
    resolved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Scan(SQLModel, table=True):
    """A merchant's own order number, and the coupon it was spent on: once."""

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("bucket", "redemption_id", name="scan_redemption"),
        Index("scan_day", "merchant_id", "scanned_at", "order_no"),
    )

    merchant_id: UUID = Field(primary_key=True)
    order_no: str = Field(primary_key=True, max_length=64)
    bucket: int = Field(sa_type=SmallInteger)
    account_id: int = Field(sa_type=BigInteger)
    redemption_id: UUID
    points: int = Field(sa_type=BigInteger)
    scanned_at: datetime = Field(sa_type=DateTime(timezone=True))
