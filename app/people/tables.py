"""Citizens, officers, consents, links and households.

Off the hot path but for one query: `links.holders`. A card is kept as a keyed digest, so the
number on it is nowhere in the database.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class Citizen(SQLModel, table=True):
    """A person, and the account number under which all else knows them.

    ``birth_year`` is the citizen's own word, said once; ``moved_at`` is when they last changed the
    district.
    """

    __tablename__ = "citizen"
    __table_args__ = (
        CheckConstraint("birth_year BETWEEN 1900 AND 2200", name="citizen_born"),
        CheckConstraint("language IN ('zh-CN', 'en')", name="citizen_language"),
        UniqueConstraint("account_id", name="citizen_account"),
        UniqueConstraint("nickname", name="citizen_nickname"),
        Index("citizen_nickname_alike", text("lower(nickname)")),
    )

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    nickname: str = Field(max_length=40)
    district_code: str = Field(max_length=6)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    birth_year: int | None = Field(default=None, sa_type=SmallInteger)
    language: str = Field(default="zh-CN", max_length=5)
    moved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


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


class Household(SQLModel, table=True):
    """People who share limits of offers.

    ``id`` is a random number above every account's, so that the two can stand in one column.
    The code is kept as a keyed digest; whoever has it may join until ``code_until``.
    """

    __tablename__ = "household"
    __table_args__ = (
        CheckConstraint("members BETWEEN 0 AND 8", name="household_size"),
        CheckConstraint("id >= 4611686018427387904", name="household_number"),
        CheckConstraint(
            "(code_digest IS NULL) = (code_until IS NULL)", name="household_code_whole"
        ),
        Index(
            "household_code",
            "code_digest",
            unique=True,
            postgresql_where=text("code_digest IS NOT NULL"),
        ),
    )

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    members: int = Field(sa_type=SmallInteger)
    code_digest: bytes | None = None
    code_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))


class HouseholdMember(SQLModel, table=True):
    """A citizen belonged to a household from one moment to another; to one at a time."""

    __tablename__ = "household_member"
    __table_args__ = (
        CheckConstraint("left_at > joined_at", name="household_member_order"),
        Index(
            "household_member_one",
            "account_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("household_member_home", "household_id", postgresql_where=text("left_at IS NULL")),
    )

    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    joined_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    household_id: int = Field(sa_type=BigInteger)
    left_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
