"""Tickets: places in a line or a draw, and the seed that orders them."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class TicketState(IntEnum):
    """The life of a place in a line or a draw; `granted` has become a redemption.

    `left`: given back, or let go when the line closed; `withdrawn`: the offer was taken back.
    """

    waiting = 1
    granted = 2
    lost = 3
    left = 4
    withdrawn = 5


class OfferSeed(SQLModel, table=True):
    """What shuffles a line or decides a draw: its hash is public before, the seed after."""

    __tablename__ = "offer_seed"

    offer_id: UUID = Field(primary_key=True)
    seed: bytes
    seed_hash: bytes
    next_place: int = Field(sa_type=BigInteger)
    winners: int | None = None
    drawn_at: datetime | None = Field(default=None, sa_type=_AT)


class Ticket(SQLModel, table=True):
    """A citizen's place in a line or a draw, and the points held for it.

    When it is granted, its id is the redemption's.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="ticket_bucket"),
        CheckConstraint("(state = 1) = (resolved_at IS NULL)", name="ticket_resolved"),
        Index("ticket_line", "offer_id", "place", postgresql_where=text("state = 1")),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    offer_id: UUID = Field(primary_key=True)
    id: UUID
    unit: int = Field(sa_type=SmallInteger)
    points: int = Field(sa_type=BigInteger)
    coupon_digest: bytes
    household: int | None = Field(default=None, sa_type=BigInteger)
    device: int | None = Field(default=None, sa_type=BigInteger)
    place: int | None = Field(default=None, sa_type=BigInteger)
    state: int = Field(sa_type=SmallInteger)
    arrived_at: datetime = Field(sa_type=_AT)
    resolved_at: datetime | None = Field(default=None, sa_type=_AT)
