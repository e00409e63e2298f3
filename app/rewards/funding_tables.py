"""Who pays for what is given: rates, budgets in slots, and the split of each offer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, SmallInteger
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class ExchangeRate(SQLModel, table=True):
    """Points for a yuan, from a moment on; a version is never changed."""

    __tablename__ = "exchange_rate"
    __table_args__ = (CheckConstraint("points_per_yuan > 0", name="exchange_rate_sign"),)

    version: int = Field(primary_key=True, sa_type=SmallInteger)
    points_per_yuan: int
    valid_from: datetime = Field(sa_type=_AT)
    set_at: datetime = Field(sa_type=_AT)


class FundingBudget(SQLModel, table=True):
    """Money that somebody has set aside for offers: a subsidy, or carbon revenue."""

    __tablename__ = "funding_budget"
    __table_args__ = (CheckConstraint("fen > 0", name="funding_budget_sign"),)

    id: UUID = Field(primary_key=True)
    kind: int = Field(sa_type=SmallInteger)
    programme: str = Field(max_length=60)
    fen: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=_AT)


class FundingSlot(SQLModel, table=True):
    """A part of a budget that is left."""

    __tablename__ = "funding_slot"
    __table_args__ = (
        CheckConstraint("remaining_fen >= 0", name="funding_slot_sign"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    budget_id: UUID = Field(primary_key=True)
    slot: int = Field(primary_key=True, sa_type=SmallInteger)
    remaining_fen: int = Field(sa_type=BigInteger)


class OfferFunding(SQLModel, table=True):
    """Who pays how much of a unit: 1 government subsidy, 2 merchant, 3 carbon revenue."""

    __tablename__ = "offer_funding"
    __table_args__ = (
        CheckConstraint("thousandths BETWEEN 1 AND 1000 AND fen >= 0", name="offer_funding_signs"),
    )

    offer_id: UUID = Field(primary_key=True)
    kind: int = Field(primary_key=True, sa_type=SmallInteger)
    thousandths: int = Field(sa_type=SmallInteger)
    fen: int
    budget_id: UUID | None = None
