"""Balances, entries and lots: the book of points.

The statements that write these tables are in this room; no other code may. Entries are never
updated or deleted: the role we connect as has no such right, and a trigger refuses.
"""

from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Kind(IntEnum):
    """Why points moved."""

    earn = 1
    redeem = 2
    refund = 3
    expire = 4
    claw_back = 5
    adjust = 6


class Balance(SQLModel, table=True):
    """The lock, the guard and the O(1) read of an account: one row per unit.

    Every point has a place 1..``earned`` on an axis. Spending and expiring only move
    ``consumed`` forward, so no lot is touched by a redemption.
    """

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="balance_bucket"),
        CheckConstraint("least(earned, consumed, held) >= 0", name="balance_signs"),
        CheckConstraint("earned - consumed - held >= 0", name="balance_covered"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    earned: int = Field(default=0, sa_type=BigInteger)
    consumed: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    last_seq: int = Field(default=0, sa_type=BigInteger)
    last_posted_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_expiry: date


class Entry(SQLModel, table=True):
    """One balanced transfer between an account and a counter-account.

    Partitioned by month of ``posted_at``, which is therefore part of the key.
    """

    __tablename__ = "entry"
    __table_args__ = (CheckConstraint("amount <> 0", name="entry_moves"),)

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    posted_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    kind: int = Field(sa_type=SmallInteger)
    amount: int = Field(sa_type=BigInteger)
    contra: int = Field(sa_type=BigInteger)
    ref: UUID
    earned_after: int = Field(sa_type=BigInteger)
    consumed_after: int = Field(sa_type=BigInteger)
    effective_at: datetime = Field(sa_type=DateTime(timezone=True))


class Lot(SQLModel, table=True):
    """A mark on the axis: points up to ``cum_earned`` can be spent until ``expires_on``."""

    __tablename__ = "lot"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    expires_on: date = Field(primary_key=True)
    cum_earned: int = Field(sa_type=BigInteger)


class Request(SQLModel, table=True):
    """An Idempotency-Key and the first answer to it (written by `app.idempotency`)."""

    __tablename__ = "request"
    __table_args__ = (CheckConstraint("length(key) BETWEEN 8 AND 255", name="request_key"),)

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    key: str = Field(primary_key=True)
    fingerprint: bytes
    response: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
