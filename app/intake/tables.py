"""Providers, batches and evidence.

Evidence is partitioned by month of receipt, so that raw records can go when their retention
ends.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class Provider(SQLModel, table=True):
    """A company that holds evidence: a metro, a bike operator, a charging network."""

    __tablename__ = "provider"
    __table_args__ = (
        UniqueConstraint("code", name="provider_code"),
        CheckConstraint("proof IN ('none', 'callback', 'amount', 'code')", name="provider_proof"),
    )

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    suspended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    proof: str = Field(max_length=10, sa_column_kwargs={"server_default": text("'none'")})


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
    """A batch's records of linked citizens, as the provider sent them, packed in one block.

    A line is found by the act that points at it; nothing here says whose it is. Append-only,
    but for `forget_evidence`, which takes a citizen's lines out (``erased`` counts them).
    """

    __tablename__ = "evidence"

    no: int = Field(
        primary_key=True,
        sa_column_kwargs={"server_default": text("nextval('evidence_number')")},
    )
    received_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    erased: int = Field(sa_column_kwargs={"server_default": text("0")})
    provider_id: int = Field(sa_type=SmallInteger)
    bucket: int = Field(sa_type=SmallInteger)
    body: bytes = Field(sa_type=LargeBinary)


class NaturalKey(SQLModel, table=True):
    """The digests of records of before 21 November 2026, whose acts had ids of their own.

    Nothing is added: the id of a newer act is the digest.
    """

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
