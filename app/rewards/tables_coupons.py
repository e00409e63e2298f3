"""What tills did with coupons: sales, undone sales, refunds, batches of tills without network.

All but the switch of rotating codes are append-only: history is added to, never changed.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from app.ledger.units import ORDINARY

_AT = DateTime(timezone=True)


class Scan(SQLModel, table=True):
    """A merchant's own order number, and the coupon it was spent on: once.

    ``cycle`` counts how often this coupon was taken: 2 is the first time after an undo.
    ``entry_ref`` names the ledger's entry; None, in the first cycle: the redemption's id.
    """

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("bucket", "redemption_id", "cycle", name="scan_cycle"),
        CheckConstraint("(cycle = 1) = (entry_ref IS NULL)", name="scan_entry"),
        Index("scan_day", "merchant_id", "scanned_at", "order_no"),
    )

    merchant_id: UUID = Field(primary_key=True)
    order_no: str = Field(primary_key=True, max_length=64)
    bucket: int = Field(sa_type=SmallInteger)
    account_id: int = Field(sa_type=BigInteger)
    redemption_id: UUID
    points: int = Field(sa_type=BigInteger)
    scanned_at: datetime = Field(sa_type=_AT)
    cycle: int = Field(sa_type=SmallInteger)
    entry_ref: UUID | None = None
    store_id: UUID | None = None
    actor: str = Field(max_length=80)
    offline: bool = Field(sa_type=Boolean)


class CouponUndo(SQLModel, table=True):
    """A sale that was undone; ``id`` is the ref of the ledger's refund."""

    __tablename__ = "coupon_undo"
    __table_args__ = (Index("coupon_undo_redemption", "bucket", "redemption_id"),)

    merchant_id: UUID = Field(primary_key=True)
    order_no: str = Field(primary_key=True, max_length=64)
    id: UUID
    bucket: int = Field(sa_type=SmallInteger)
    account_id: int = Field(sa_type=BigInteger)
    redemption_id: UUID
    points: int = Field(sa_type=BigInteger)
    actor: str = Field(max_length=80)
    undone_at: datetime = Field(sa_type=_AT)


class CouponRefund(SQLModel, table=True):
    """Points given back after a sale; ``id`` is the ref of the ledger's refund.

    ``refunded_points`` is the sum with this one, so that a retry is answered the same.
    """

    __tablename__ = "coupon_refund"
    __table_args__ = (
        CheckConstraint("points > 0 AND refunded_points >= points", name="coupon_refund_signs"),
        Index("coupon_refund_redemption", "bucket", "redemption_id"),
        Index("coupon_refund_day", "merchant_id", "made_at", "refund_no"),
    )

    merchant_id: UUID = Field(primary_key=True)
    refund_no: str = Field(primary_key=True, max_length=64)
    order_no: str = Field(max_length=64)
    id: UUID
    bucket: int = Field(sa_type=SmallInteger)
    account_id: int = Field(sa_type=BigInteger)
    redemption_id: UUID
    points: int = Field(sa_type=BigInteger)
    refunded_points: int = Field(sa_type=BigInteger)
    actor: str = Field(max_length=80)
    made_at: datetime = Field(sa_type=_AT)


class RotatingRule(SQLModel, table=True):
    """Whether coupons change every half minute: for one offer, or all of a merchant's."""

    __tablename__ = "rotating_rule"

    subject: UUID = Field(primary_key=True)
    merchant_id: UUID
    rotating: bool = Field(sa_type=Boolean)
    actor: str = Field(max_length=80)
    set_at: datetime = Field(sa_type=_AT)


class RotatingUse(SQLModel, table=True):
    """A half minute whose code has taken the coupon; it does so once."""

    __tablename__ = "rotating_use"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    redemption_id: UUID = Field(primary_key=True)
    step: int = Field(primary_key=True, sa_type=BigInteger)
    used_at: datetime = Field(sa_type=_AT)


class OfflineBatch(SQLModel, table=True):
    """What a till did without network, as it signed it."""

    __tablename__ = "offline_batch"

    merchant_id: UUID = Field(primary_key=True)
    batch_id: UUID = Field(primary_key=True)
    till_id: UUID
    fingerprint: bytes
    items: int = Field(sa_type=SmallInteger)
    received_at: datetime = Field(sa_type=_AT)


class OfflineItem(SQLModel, table=True):
    """One coupon of such a batch, and what became of it; the code itself is not kept."""

    __tablename__ = "offline_item"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('redeemed', 'duplicate', 'rejected')", name="offline_item_outcome"
        ),
        CheckConstraint(
            "(outcome = 'rejected') = (reason IS NOT NULL)", name="offline_item_reason"
        ),
        Index(
            "offline_item_conflicts",
            "merchant_id",
            "id",
            postgresql_where=text("outcome = 'rejected'"),
        ),
        Index("offline_item_all_conflicts", "id", postgresql_where=text("outcome = 'rejected'")),
    )

    merchant_id: UUID = Field(primary_key=True)
    batch_id: UUID = Field(primary_key=True)
    place: int = Field(primary_key=True, sa_type=SmallInteger)
    id: UUID
    order_no: str = Field(max_length=64)
    accepted_at: datetime = Field(sa_type=_AT)
    outcome: str = Field(max_length=12)
    reason: str | None = Field(default=None, max_length=40)
    redemption_id: UUID | None = None
    points: int = Field(sa_type=BigInteger)
    unit: str = Field(max_length=40, sa_column_kwargs={"server_default": ORDINARY})
    made_at: datetime = Field(sa_type=_AT)
