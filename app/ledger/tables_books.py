"""What follows the book: cursors, roll-ups, and the seals over entries.

None of it is on the credit path; the worker writes it behind the entries. Roll-ups can be made
again from them. Seals, rounds, days and epochs are append-only.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

_HASHES = "length(root) = 32 AND length(chain) = 32"


class LedgerEpoch(SQLModel, table=True):
    """One life of the book in one PostgreSQL cluster; transactions are counted anew in each.

    An entry's ``xid`` is ``epoch * 2**48`` and the cluster's own number of the transaction.
    """

    __tablename__ = "ledger_epoch"

    cluster: int = Field(sa_type=BigInteger)
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    epoch: int = Field(
        primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False}
    )


class LedgerCursor(SQLModel, table=True):
    """How far a consumer has come: every transaction up to ``xid`` has been handled."""

    __tablename__ = "ledger_cursor"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    xid: int = Field(sa_type=BigInteger)
    moved_at: datetime = Field(sa_type=DateTime(timezone=True))
    consumer: str = Field(primary_key=True, max_length=40)


class Rollup(SQLModel, table=True):
    """A counter-account's entries of one unit and kind on one day of booking, summed up.

    ``points`` is as the accounts see it; the counter-account's balance is its negative.
    """

    __tablename__ = "rollup"
    __table_args__ = (
        PrimaryKeyConstraint("contra", "unit", "kind", "day"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    n: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    contra: int = Field(primary_key=True)
    day: date = Field(primary_key=True)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)
    kind: int = Field(primary_key=True, sa_type=SmallInteger)


class Breakage(SQLModel, table=True):
    """Points of one unit that nobody spent, by the day on which they expired."""

    __tablename__ = "breakage"
    __table_args__ = (
        PrimaryKeyConstraint("unit", "day"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    n: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    day: date = Field(primary_key=True)
    unit: int = Field(primary_key=True, sa_type=SmallInteger)


class Seal(SQLModel, table=True):
    """The ``nth`` link of a bucket's chain: its entries of the transactions in a range."""

    __tablename__ = "seal"
    __table_args__ = (
        PrimaryKeyConstraint("bucket", "nth"),
        CheckConstraint("entries > 0 AND nth > 0 AND after_xid < upto_xid", name="seal_range"),
        CheckConstraint(_HASHES, name="seal_hashes"),
        Index(
            "seal_order",
            "upto_xid",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
        ),
    )

    nth: int = Field(primary_key=True, sa_type=BigInteger)
    after_xid: int = Field(sa_type=BigInteger)
    upto_xid: int = Field(sa_type=BigInteger)
    sealed_at: datetime = Field(sa_type=DateTime(timezone=True))
    entries: int
    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    root: bytes
    chain: bytes


class SealRound(SQLModel, table=True):
    """One sealing of all buckets with news: a chain over the chains, without a gap."""

    __tablename__ = "seal_round"
    __table_args__ = (
        UniqueConstraint("upto_xid", name="seal_round_upto"),
        CheckConstraint("seals > 0 AND nth > 0 AND after_xid < upto_xid", name="seal_round_range"),
        CheckConstraint(_HASHES, name="seal_round_hashes"),
    )

    nth: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    after_xid: int = Field(sa_type=BigInteger)
    upto_xid: int = Field(sa_type=BigInteger)
    entries: int = Field(sa_type=BigInteger)
    sealed_at: datetime = Field(sa_type=DateTime(timezone=True))
    seals: int
    root: bytes
    chain: bytes


class SealDay(SQLModel, table=True):
    """One root over the heads of all buckets' chains when a day was over: what is published."""

    __tablename__ = "seal_day"
    __table_args__ = (CheckConstraint(_HASHES, name="seal_day_hashes"),)

    entries: int = Field(sa_type=BigInteger)
    round: int = Field(sa_type=BigInteger)
    sealed_at: datetime = Field(sa_type=DateTime(timezone=True))
    day: date = Field(primary_key=True)
    buckets: int
    root: bytes
    chain: bytes
