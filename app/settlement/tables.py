"""Business days, settlements and their files. All but the day's progress is append-only."""

from datetime import date, datetime
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

# A table is known when its module has been read.
from app.settlement import tables_payouts  # noqa: F401

_AT = DateTime(timezone=True)


class LineKind(IntEnum):
    """What a till did."""

    sale = 1
    undo = 2
    refund = 3


class SettlementCutOff(SQLModel, table=True):
    """How many minutes after midnight business days end, from a day on."""

    __tablename__ = "settlement_cut_off"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 0 AND 720", name="settlement_cut_off_minutes"),
    )

    version: int = Field(primary_key=True, sa_type=SmallInteger)
    from_day: date
    minutes: int = Field(sa_type=SmallInteger)
    set_at: datetime = Field(sa_type=_AT)


class SettlementDay(SQLModel, table=True):
    """A business day that is being closed, or is; merchants up to ``done_until`` are done.

    Its row is the lock of closing; one day is open at a time.
    """

    __tablename__ = "settlement_day"
    __table_args__ = (
        CheckConstraint("until_at > from_at", name="settlement_day_order"),
        Index(
            "settlement_day_one_open",
            text("(true)"),
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    day: date = Field(primary_key=True)
    zone: str = Field(max_length=40)
    minutes: int = Field(sa_type=SmallInteger)
    from_at: datetime = Field(sa_type=_AT)
    until_at: datetime = Field(sa_type=_AT)
    done_until: UUID
    opened_at: datetime = Field(sa_type=_AT)
    closed_at: datetime | None = Field(default=None, sa_type=_AT)


class Settlement(SQLModel, table=True):
    """What a merchant is owed for a day; negative where it gave back more than it took."""

    __tablename__ = "settlement"
    __table_args__ = (
        UniqueConstraint("merchant_id", "day", name="settlement_once"),
        CheckConstraint("lines > 0 AND lines = sales + undone + refunds", name="settlement_lines"),
        CheckConstraint(
            "face_value_fen = government_fen + merchant_fen + carbon_fen"
            " AND payable_fen = government_fen + carbon_fen",
            name="settlement_split",
        ),
        Index("settlement_by_day", "day", "id"),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID
    day: date
    lines: int
    late_lines: int
    sales: int
    undone: int
    refunds: int
    points: int = Field(sa_type=BigInteger)
    face_value_fen: int = Field(sa_type=BigInteger)
    government_fen: int = Field(sa_type=BigInteger)
    merchant_fen: int = Field(sa_type=BigInteger)
    carbon_fen: int = Field(sa_type=BigInteger)
    payable_fen: int = Field(sa_type=BigInteger)
    previous_sha256: bytes | None = None
    manifest_sha256: bytes
    closed_at: datetime = Field(sa_type=_AT)


class SettlementLine(SQLModel, table=True):
    """In which settlement, and at which place, something a till did stands: once, for ever.

    Money is not kept here: it is worked out from the books again. The codes of store and till
    are, as they were on that day, because these may be changed.
    """

    __tablename__ = "settlement_line"
    __table_args__ = (
        UniqueConstraint("settlement_id", "place", name="settlement_line_place"),
        CheckConstraint("kind BETWEEN 1 AND 3", name="settlement_line_kind"),
    )

    merchant_id: UUID = Field(primary_key=True)
    kind: int = Field(primary_key=True, sa_type=SmallInteger)
    number: str = Field(primary_key=True, max_length=64)
    settlement_id: UUID
    place: int
    day: date
    store_code: str = Field(max_length=20)
    till_code: str = Field(max_length=20)


class SettlementFile(SQLModel, table=True):
    """A file as it was handed out."""

    __tablename__ = "settlement_file"
    __table_args__ = (
        CheckConstraint("name IN ('detail.csv', 'manifest.json')", name="settlement_file_name"),
    )

    settlement_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True, max_length=20)
    sha256: bytes
    content: bytes
