"""Offers, stock, limits and redemptions; the rest of the room's tables stand beside."""

from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Index,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

# A table is known when its module has been read.
from app.rewards import (  # noqa: F401
    codes_tables,
    funding_tables,
    picture_tables,
    queue_tables,
    tables_coupons,
)

_AT = DateTime(timezone=True)


class OfferState(IntEnum):
    """A draft is seen by officers alone."""

    draft = 1
    published = 2
    withdrawn = 3


class OfferKind(IntEnum):
    """What a unit is."""

    cash_voucher = 1
    discount = 2
    product = 3
    transit_ticket = 4
    donation = 5
    lottery_ticket = 6


class Mode(IntEnum):
    """Who gets a unit: whoever asks first, whoever stands in line, or whoever is drawn."""

    first_come = 1
    queue = 2
    lottery = 3


class Delivery(IntEnum):
    """What a citizen shows: our coupon, or a code out of the merchant's own list."""

    coupon = 1
    merchant_code = 2


class RedemptionState(IntEnum):
    """The life of a hold and its coupon; void is what was withdrawn by whoever gives it."""

    held = 1
    spent = 2
    cancelled = 3
    expired = 4
    void = 5


class Offer(SQLModel, table=True):
    """Something a merchant gives for points; once published only its state changes."""

    __tablename__ = "offer"
    __table_args__ = (
        CheckConstraint("points > 0", name="offer_price"),
        CheckConstraint("per_citizen > 0", name="offer_limit"),
        CheckConstraint("closes_at > opens_at", name="offer_order"),
        CheckConstraint("usable_until >= closes_at", name="offer_usable"),
        CheckConstraint("face_value_fen >= 0 AND coupon_life_s > 0", name="offer_signs"),
        Index("offer_newest", text("id DESC"), postgresql_where=text("state = 2")),
        Index("offer_cheapest", "points", "id", postgresql_where=text("state = 2")),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID = Field(index=True)
    contra: int = Field(sa_type=BigInteger)
    title_zh: str = Field(max_length=80)
    title_en: str = Field(max_length=80)
    points: int
    per_citizen: int
    state: int = Field(sa_type=SmallInteger)
    opens_at: datetime = Field(sa_type=_AT)
    closes_at: datetime = Field(sa_type=_AT)
    created_at: datetime = Field(sa_type=_AT)
    kind: int = Field(sa_type=SmallInteger)
    unit: int = Field(sa_type=SmallInteger)
    mode: int = Field(sa_type=SmallInteger)
    delivery: int = Field(sa_type=SmallInteger)
    category: str = Field(max_length=20)
    district_code: str = Field(max_length=6)
    text_zh: str = Field(max_length=2000)
    text_en: str = Field(max_length=2000)
    picture: str = Field(max_length=200)
    face_value_fen: int
    rate_version: int | None = Field(default=None, sa_type=SmallInteger)
    usable_until: datetime = Field(sa_type=_AT)
    coupon_life_s: int
    limits: list[dict[str, Any]] = Field(sa_type=JSONB)
    audience: dict[str, Any] = Field(sa_type=JSONB)
    store_ids: list[UUID] | None = Field(default=None, sa_type=ARRAY(Uuid))
    shuffle_s: int
    draws_at: datetime | None = Field(default=None, sa_type=_AT)


class OfferStock(SQLModel, table=True):
    """Units left, in slots; the CHECK is the last line against selling one too many.

    ``pool`` is a district's quota, or empty for everybody's units; a withdrawn offer's slots
    are not ``open``, which a claim that waited for the slot sees.
    """

    __tablename__ = "offer_stock"
    __table_args__ = (
        CheckConstraint("remaining BETWEEN 0 AND initial", name="offer_stock_range"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    offer_id: UUID = Field(primary_key=True)
    slot: int = Field(primary_key=True, sa_type=SmallInteger)
    pool: str = Field(max_length=6)
    open: bool = Field(sa_type=Boolean)
    remaining: int
    initial: int


class OfferUse(SQLModel, table=True):
    """Units of an offer held or spent by a citizen, household or device, in a period.

    ``kind`` is ten times who (1 citizen, 2 household, 3 device) plus how long (0 always, 1 day,
    2 week, 3 month); ``period`` is the first day.
    """

    __tablename__ = "offer_use"
    __table_args__ = (
        CheckConstraint("used >= 0", name="offer_use_sign"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: int = Field(primary_key=True, sa_type=BigInteger)
    offer_id: UUID = Field(primary_key=True)
    kind: int = Field(primary_key=True, sa_type=SmallInteger)
    period: date = Field(primary_key=True)
    used: int


class Withdrawal(SQLModel, table=True):
    """An offer that was taken back, and how many of its holders have been made whole."""

    __tablename__ = "offer_withdrawal"

    offer_id: UUID = Field(primary_key=True)
    actor: str = Field(max_length=80)
    reason_zh: str = Field(max_length=300)
    reason_en: str = Field(max_length=300)
    released: int
    points: int = Field(sa_type=BigInteger)
    made_at: datetime = Field(sa_type=_AT)
    finished_at: datetime | None = Field(default=None, sa_type=_AT)


class Redemption(SQLModel, table=True):
    """Points set aside for a unit, and the digest of the coupon that fetches it.

    ``slot`` of the stock, ``household`` and ``device`` say where a unit and its uses go back to;
    ``store_ids`` are the only stores that take the coupon, None: all of the merchant's.
    ``presented_by`` is the till that looked at it last, ``undone`` how often a sale was undone.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="redemption_bucket"),
        CheckConstraint("points > 0", name="redemption_price"),
        CheckConstraint("(state = 1) = (resolved_at IS NULL)", name="redemption_resolved"),
        CheckConstraint("state BETWEEN 1 AND 5", name="redemption_state"),
        CheckConstraint("refunded_points BETWEEN 0 AND points", name="redemption_refunded"),
        CheckConstraint("face_value_fen >= 0", name="redemption_face_value"),
        CheckConstraint(
            "(presented_at IS NULL) = (presented_by IS NULL)", name="redemption_presented"
        ),
        CheckConstraint("undone BETWEEN 0 AND 10", name="redemption_undone"),
        UniqueConstraint("bucket", "coupon_digest", name="redemption_coupon"),
        Index("redemption_open", "bucket", "held_until", postgresql_where=text("state = 1")),
        Index("redemption_offer", "bucket", "offer_id", postgresql_where=text("state = 1")),
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
    created_at: datetime = Field(sa_type=_AT)
    held_until: datetime = Field(sa_type=_AT)
    resolved_at: datetime | None = Field(default=None, sa_type=_AT)
    slot: int = Field(sa_type=SmallInteger)
    household: int | None = Field(default=None, sa_type=BigInteger)
    device: int | None = Field(default=None, sa_type=BigInteger)
    face_value_fen: int
    rate_version: int | None = Field(default=None, sa_type=SmallInteger)
    store_ids: list[UUID] | None = Field(default=None, sa_type=ARRAY(Uuid))
    presented_at: datetime | None = Field(default=None, sa_type=_AT)
    refunded_points: int = Field(sa_type=BigInteger)
    settled_on: date | None = None
    presented_by: str | None = Field(default=None, max_length=80)
    undone: int = Field(sa_type=SmallInteger)
