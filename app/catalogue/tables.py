"""Methodology versions, factor sets, the programme and its tariff."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, SmallInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class MethodologyVersion(SQLModel, table=True):
    """A version of a methodology: content-addressed, never changed."""

    __tablename__ = "methodology_version"
    __table_args__ = (
        UniqueConstraint("content_hash", name="methodology_version_hash"),
        UniqueConstraint("methodology", "version", name="methodology_version_name"),
    )

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    methodology: str = Field(max_length=60)
    version: str = Field(max_length=20)
    content_hash: str = Field(max_length=64)
    body: str
    active_from: date
    active_until: date | None = None
    registered_at: datetime = Field(sa_type=DateTime(timezone=True))


class FactorSet(SQLModel, table=True):
    """A pack of factors as it stood: content-addressed, never changed."""

    __tablename__ = "factor_set"
    __table_args__ = (UniqueConstraint("content_hash", name="factor_set_hash"),)

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    pack: str = Field(max_length=20)
    content_hash: str = Field(max_length=64)
    body: str
    registered_at: datetime = Field(sa_type=DateTime(timezone=True))


class Programme(SQLModel, table=True):
    """The city whose programme this is: one row."""

    __tablename__ = "programme"
    __table_args__ = (CheckConstraint("id = 1", name="programme_one"),)

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    city_code: str = Field(max_length=6)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    zone: str = Field(max_length=40)
    factor_set_id: int = Field(sa_type=SmallInteger)
    points_life_months: int = Field(sa_type=SmallInteger)


class Tariff(SQLModel, table=True):
    """How many points a kilogram earns in a scenario, from a day on (rule R23)."""

    __tablename__ = "tariff"
    __table_args__ = (CheckConstraint("points_per_kg >= 0", name="tariff_sign"),)

    methodology: str = Field(primary_key=True, max_length=60)
    valid_from: date = Field(primary_key=True)
    points_per_kg: int
