"""Providers, batches, evidence and natural keys.

Evidence is partitioned by month of receipt, so that raw records can go when their retention
ends; natural keys stay for ever, so that an old record can never be credited again.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Provider(SQLModel, table=True):
    """A company that holds evidence: a metro, a bike operator, a charging network."""

    __tablename__ = "provider"
    __table_args__ = (UniqueConstraint("code", name="provider_code"),)

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    suspended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Batch(SQLModel, table=True):
    """One delivery of a provider, and what became of it: counts, never contents."""

    __tablename__ = "batch"

    id: UUID = Field(primary_key=True)
    provider_id: int = Field(sa_type=SmallInteger)
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    records: int
    credited: int
    duplicate: int
    held: int
    rejected: int
    grams: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)


class Evidence(SQLModel, table=True):
    """One record of a linked citizen, as the provider sent it."""

    __tablename__ = "evidence"
    __table_args__ = (CheckConstraint("bucket = account_id % 1024", name="evidence_bucket"),)

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    id: UUID = Field(primary_key=True)
    received_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    provider_id: int = Field(sa_type=SmallInteger)
    ref: str = Field(max_length=80)
    methodology: str = Field(max_length=60)
    data: dict[str, Any] = Field(sa_type=JSONB)


class NaturalKey(SQLModel, table=True):
    """A provider's own number for a record, as a keyed digest: one credit for ever."""

    __tablename__ = "natural_key"

    digest: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    activity_id: UUID
    occurred_on: date


class IngestFile(SQLModel, table=True):
    """How far a file has come: chunks are counted in the transaction that credits them."""

    __tablename__ = "ingest_file"

    digest: str = Field(primary_key=True, max_length=64)
    provider_id: int = Field(primary_key=True, sa_type=SmallInteger)
    methodology: str = Field(primary_key=True, max_length=60)
    options: str = Field(primary_key=True, max_length=64)
    rows_done: int = Field(sa_type=BigInteger)
    credited: int = Field(sa_type=BigInteger)
    duplicate: int = Field(sa_type=BigInteger)
    held: int = Field(sa_type=BigInteger)
    rejected: int = Field(sa_type=BigInteger)
    grams: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
