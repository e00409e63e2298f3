"""Merchants' own codes: lists that were sent, and what became of each code."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

_AT = DateTime(timezone=True)


class CodeState(IntEnum):
    """A merchant's code waits in the list, is ready to be picked, or belongs to a redemption."""

    listed = 0
    ready = 1
    taken = 2


class OfferCode(SQLModel, table=True):
    """One code of a merchant's list, sealed; the digest keeps it from being listed twice.

    ``merchant_digest`` keeps it out of the merchant's other offers' lists as well; None in lists
    that are older than this rule. One that was shown stays with its redemption for ever, whatever
    becomes of that.
    """

    __tablename__ = "offer_code"
    __table_args__ = (
        CheckConstraint("(state = 2) = (redemption_id IS NOT NULL)", name="offer_code_taken"),
        CheckConstraint("shown_at IS NULL OR redemption_id IS NOT NULL", name="offer_code_shown"),
        Index(
            "offer_code_once",
            "merchant_digest",
            unique=True,
            postgresql_where=text("merchant_digest IS NOT NULL"),
        ),
        Index("offer_code_older", "offer_id", postgresql_where=text("merchant_digest IS NULL")),
        Index("offer_code_free", "offer_id", "state", postgresql_where=text("state < 2")),
        Index(
            "offer_code_redemption",
            "redemption_id",
            unique=True,
            postgresql_where=text("redemption_id IS NOT NULL"),
        ),
    )

    offer_id: UUID = Field(primary_key=True)
    digest: bytes = Field(primary_key=True)
    sealed: bytes
    state: int = Field(sa_type=SmallInteger)
    redemption_id: UUID | None = None
    shown_at: datetime | None = Field(default=None, sa_type=_AT)
    merchant_digest: bytes | None = None


class CodeImport(SQLModel, table=True):
    """A list of codes that a merchant sent, and how far it has been read."""

    __tablename__ = "code_import"

    id: UUID = Field(primary_key=True)
    offer_id: UUID = Field(index=True)
    lines: int
    done: int
    taken: int
    rejected: int
    made_at: datetime = Field(sa_type=_AT)
    finished_at: datetime | None = Field(default=None, sa_type=_AT)


class CodeLine(SQLModel, table=True):
    """A line of such a list: sealed until it is taken, or why it was refused."""

    __tablename__ = "code_line"

    import_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    digest: bytes | None = None
    merchant_digest: bytes | None = None
    sealed: bytes | None = None
    reason: str | None = Field(default=None, max_length=40)
