"""Merchants, and the number of the counter-account that is theirs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, UniqueConstraint
from sqlmodel import Field, SQLModel


class Merchant(SQLModel, table=True):
    """A shop that takes coupons."""

    __tablename__ = "merchant"
    __table_args__ = (
        UniqueConstraint("contra", name="merchant_contra"),
        UniqueConstraint("code", name="merchant_code"),
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(max_length=40)
    contra: int = Field(sa_type=BigInteger)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    category: str = Field(max_length=20)
    district_code: str = Field(max_length=6)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    suspended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
