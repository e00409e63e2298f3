"""Citizens, officers, consents and links.

Off the hot path but for one query: `links.holders`. A card is kept as a keyed digest, so the
number on it is nowhere in the database.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, SmallInteger, UniqueConstraint
from sqlmodel import Field, SQLModel


class Citizen(SQLModel, table=True):
    """A person, and the account number under which all else knows them."""

    __tablename__ = "citizen"
    __table_args__ = (
        UniqueConstraint("account_id", name="citizen_account"),
        UniqueConstraint("nickname", name="citizen_nickname"),
    )

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    nickname: str = Field(max_length=40)
    district_code: str = Field(max_length=6)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class Officer(SQLModel, table=True):
    """Somebody who works for the programme."""

    __tablename__ = "officer"
    __table_args__ = (UniqueConstraint("name", name="officer_name"),)

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=40)
    role: str = Field(max_length=20)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class Consent(SQLModel, table=True):
    """A citizen lets one provider's records of one scenario be used, until they do not."""

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="consent_bucket"),
        CheckConstraint("withdrawn_at >= given_at", name="consent_order"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    provider_id: int = Field(primary_key=True, sa_type=SmallInteger)
    scenario: str = Field(primary_key=True, max_length=60)
    given_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    notice_version: int = Field(sa_type=SmallInteger)
    withdrawn_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Link(SQLModel, table=True):
    """A card, plate or meter belongs to one citizen, from one moment to another.

    Two links of one card may not overlap: the migration adds an exclusion constraint.
    """

    __tablename__ = "link"
    __table_args__ = (CheckConstraint("valid_until > valid_from", name="link_order"),)

    provider_id: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: UUID = Field(primary_key=True)
    valid_from: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    valid_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    account_id: int = Field(sa_type=BigInteger, index=True)
