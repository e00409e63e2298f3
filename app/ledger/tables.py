"""Balances, entries and lots: the book of points.

The statements that write these tables are in this room; no other code may. Entries are never
updated or deleted: the role we connect as has no such right, and a trigger refuses.
"""

from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

_XID = text("(pg_current_xact_id()::text::bigint)")


class Kind(IntEnum):
    """Why points moved."""

    earn = 1
    redeem = 2
    refund = 3
    expire = 4
    claw_back = 5
    adjust = 6
    donate = 7
    reverse = 8
    repay = 9


class Balance(SQLModel, table=True):
    """The lock, the guard and the O(1) read of an account: one row per unit.

    Every point has a place 1..``earned`` on an axis. Spending and expiring only move
    ``consumed`` forward, so no lot is touched by a redemption. The newest lot is implicit: points
    above the last mark in `Lot` and up to ``earned`` can be spent until ``last_expiry``.

    Pages are filled by half: a batch that changes every row of a page finds room for the new ones
    beside the old, so no index is written, and the old are gone when the page is next looked at.
    """

    __tablename__ = "balance"
    __table_args__ = (
        PrimaryKeyConstraint("bucket", "account_id", "unit"),
        CheckConstraint("bucket = account_id % 1024", name="balance_bucket"),
        CheckConstraint("least(earned, consumed, held) >= 0", name="balance_signs"),
        CheckConstraint("earned - consumed - held >= 0", name="balance_covered"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    earned: int = Field(sa_type=BigInteger)
    consumed: int = Field(sa_type=BigInteger)
    held: int = Field(sa_type=BigInteger)
    last_posted_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_seq: int
    last_expiry: date
    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)


class Entry(SQLModel, table=True):
    """One balanced transfer between an account and a counter-account.

    Partitioned by month of ``posted_at``, which is therefore part of the key. The columns are
    ordered by their width, so that no byte is lost between them; the key leads with the account,
    which packs it without a gap. ``xid`` is the transaction that booked it: readers that follow
    the book stop below the oldest transaction still running, and so never miss a row.
    """

    __tablename__ = "entry"
    __table_args__ = (
        PrimaryKeyConstraint("account_id", "unit", "bucket", "seq", "posted_at"),
        CheckConstraint("amount <> 0", name="entry_moves"),
        Index(
            "entry_xid",
            "xid",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
        ),
    )

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    earned_after: int = Field(sa_type=BigInteger)
    consumed_after: int = Field(sa_type=BigInteger)
    effective_at: datetime = Field(sa_type=DateTime(timezone=True))
    posted_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    xid: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": _XID})
    ref: UUID
    seq: int = Field(primary_key=True)
    amount: int
    contra: int
    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    kind: int = Field(sa_type=SmallInteger)


class Lot(SQLModel, table=True):
    """A closed mark on the axis: points up to ``cum_earned`` can be spent until ``expires_on``.

    A row is written when a later day of expiry supersedes it; until then it is the balance's own
    (``last_expiry``, ``earned``).
    """

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


class Unit(SQLModel, table=True):
    """What is counted: a unit is one rule of expiry. Points of another life are another unit.

    Either every point lives ``life_months`` and then to the end of the quarter, or all of them
    end with ``last_day``, as those of a campaign do.
    """

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint(
            "(life_months IS NULL) <> (last_day IS NULL) AND life_months > 0", name="unit_life"
        ),
        UniqueConstraint("code", name="unit_code"),
    )

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    life_months: int | None = Field(sa_type=SmallInteger)
    last_day: date | None
    code: str = Field(max_length=40)
    name_zh: str = Field(max_length=120)
    name_en: str = Field(max_length=120)


class CounterAccount(SQLModel, table=True):
    """The name of a virtual counter-account; it has no balance here, that is rolled up."""

    __tablename__ = "counter_account"
    __table_args__ = (
        CheckConstraint(
            "CASE kind WHEN 'sponsor' THEN number BETWEEN 100 AND 499"
            " WHEN 'pool' THEN number BETWEEN 500 AND 999"
            " WHEN 'merchant' THEN number >= 1000"
            " ELSE kind IN ('programme', 'expiry', 'adjustment', 'correction', 'reserve')"
            " AND number BETWEEN 1 AND 99 END",
            name="counter_account_number",
        ),
    )

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    kind: str = Field(max_length=20)
    name_zh: str = Field(max_length=120)
    name_en: str = Field(max_length=120)


class Cause(SQLModel, table=True):
    """What a rare posting was booked for, once per account, unit, kind and ref; append-only.

    Refunds, claw-backs, reversals, donations and officers' adjustments have one; credits and
    redemptions, which are many, do not. ``of_ref`` is what a refund or a reversal undoes, else
    the ref itself. ``points = booked - owed - borne``: what was wanted, what the account moved,
    what it still owes, and what the programme's reserve bears for good.
    """

    __tablename__ = "cause"
    __table_args__ = (
        PrimaryKeyConstraint("bucket", "account_id", "unit", "kind", "ref"),
        CheckConstraint("bucket = account_id % 1024", name="cause_bucket"),
        CheckConstraint("points = booked - owed - borne", name="cause_sums"),
        CheckConstraint("points <> 0 AND least(owed, borne) >= 0", name="cause_signs"),
        Index(
            "cause_xid",
            "xid",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
        ),
    )

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    posted_at: datetime = Field(sa_type=DateTime(timezone=True))
    xid: int = Field(sa_type=BigInteger, sa_column_kwargs={"server_default": _XID})
    ref: UUID = Field(primary_key=True)
    of_ref: UUID
    points: int
    booked: int
    owed: int
    borne: int
    contra: int
    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    kind: int = Field(primary_key=True, sa_type=SmallInteger)


class Debt(SQLModel, table=True):
    """What an account owes the programme's reserve after claw-backs; never more than ``cap``.

    Written only under the lock of the account's balance.
    """

    __tablename__ = "debt"
    __table_args__ = (
        PrimaryKeyConstraint("bucket", "account_id", "unit"),
        CheckConstraint("bucket = account_id % 1024", name="debt_bucket"),
        CheckConstraint("owed BETWEEN 0 AND cap", name="debt_capped"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    owed: int = Field(sa_type=BigInteger)
    cap: int = Field(sa_type=BigInteger)
    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)


class ExpiryNotice(SQLModel, table=True):
    """That somebody was told: points of this unit expire on this day, in at most ``days`` days."""

    __tablename__ = "expiry_notice"
    __table_args__ = (
        PrimaryKeyConstraint("bucket", "account_id", "unit", "expires_on", "days"),
        CheckConstraint("days IN (30, 7, 1)", name="expiry_notice_days"),
    )

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    told_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_on: date = Field(primary_key=True)
    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    days: int = Field(primary_key=True, sa_type=SmallInteger)


class LedgerSweep(SQLModel, table=True):
    """How far a daily sweep has come: buckets below ``next_bucket`` are done for ``day``."""

    __tablename__ = "ledger_sweep"

    day: date
    next_bucket: int = Field(sa_type=SmallInteger)
    name: str = Field(primary_key=True, max_length=40)
