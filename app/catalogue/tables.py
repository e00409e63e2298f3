"""Methodology versions, factor sets, the programme, its tariff and its budgets."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class MethodologyVersion(SQLModel, table=True):
    """A version of a methodology: content-addressed; only its state and its days may change.

    The migration adds what no model can say: of the versions in force, no two of one
    methodology share a day.
    """

    __tablename__ = "methodology_version"
    __table_args__ = (
        UniqueConstraint("content_hash", name="methodology_version_hash"),
        UniqueConstraint("methodology", "version", name="methodology_version_name"),
        CheckConstraint("active_until > active_from", name="methodology_version_days"),
        CheckConstraint(
            "active_from IS NOT NULL"
            " OR state NOT IN ('scheduled', 'active', 'superseded', 'suspended')",
            name="methodology_version_in_force",
        ),
    )

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    methodology: str = Field(max_length=60)
    version: str = Field(max_length=20)
    content_hash: str = Field(max_length=64)
    body: str
    active_from: date | None = None
    active_until: date | None = None
    registered_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str = Field(max_length=12)
    author: str = Field(max_length=80)
    proposal_id: UUID | None = None


class MethodologyTransition(SQLModel, table=True):
    """One change of a version's state: who, why, when. Append-only by grant and trigger."""

    __tablename__ = "methodology_transition"

    id: UUID = Field(primary_key=True)
    version_id: int = Field(sa_type=SmallInteger, index=True)
    from_state: str = Field(max_length=12)
    to_state: str = Field(max_length=12)
    actor: str = Field(max_length=80)
    reason: str = Field(max_length=500)
    at: datetime = Field(sa_type=DateTime(timezone=True))


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


class Budget(SQLModel, table=True):
    """How many points a line may pay in each month from one on; the newest version counts.

    Append-only by grant and trigger. ``points`` null: no limit. ``taper`` is the schedule by
    which payments shrink, `app.catalogue.budgets.Step` by step.
    """

    __tablename__ = "budget"
    __table_args__ = (
        CheckConstraint("points >= 0", name="budget_sign"),
        CheckConstraint("extract(day FROM from_month) = 1", name="budget_whole_month"),
    )

    line: str = Field(primary_key=True, max_length=60)
    from_month: date = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=SmallInteger)
    points: int | None = Field(default=None, sa_type=BigInteger)
    taper: list[Any] = Field(sa_type=JSONB)
    set_at: datetime = Field(sa_type=DateTime(timezone=True))


class BudgetMonth(SQLModel, table=True):
    """What a line's month was opened with; credit never updates it."""

    __tablename__ = "budget_month"
    __table_args__ = (CheckConstraint("points >= 0", name="budget_month_sign"),)

    line: str = Field(primary_key=True, max_length=60)
    month: date = Field(primary_key=True)
    points: int = Field(sa_type=BigInteger)


class BudgetSlot(SQLModel, table=True):
    """A part of a month's points; batches of different citizens draw on different parts."""

    __tablename__ = "budget_slot"
    __table_args__ = (
        CheckConstraint("remaining >= 0", name="budget_slot_sign"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    line: str = Field(primary_key=True, max_length=60)
    month: date = Field(primary_key=True)
    slot: int = Field(primary_key=True, sa_type=SmallInteger)
    remaining: int = Field(sa_type=BigInteger)


class BudgetDraw(SQLModel, table=True):
    """What one batch took from a line's month; append-only, so the slots can be proved."""

    __tablename__ = "budget_draw"
    __table_args__ = (CheckConstraint("points <> 0", name="budget_draw_sign"),)

    line: str = Field(primary_key=True, max_length=60)
    month: date = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    points: int = Field(sa_type=BigInteger)
    drawn_at: datetime = Field(sa_type=DateTime(timezone=True))
