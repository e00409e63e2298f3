"""Codes, budgets, sessions, names and credentials of signing in.

Phones, devices and addresses stand here as keyed digests; what must be read back is sealed.
Rows of codes, budgets and counts are short-lived: `forget.forget` removes them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel


class SignInName(SQLModel, table=True):
    """A name under which a citizen signs in: a phone, a WeChat or an Alipay id."""

    __tablename__ = "sign_in_name"
    __table_args__ = (
        CheckConstraint("kind IN ('phone', 'wechat', 'alipay')", name="sign_in_name_kind"),
        Index("sign_in_name_citizen", "citizen_id"),
    )

    kind: str = Field(primary_key=True, max_length=12)
    digest: bytes = Field(primary_key=True)
    citizen_id: UUID
    sealed: bytes
    bound_at: datetime = Field(sa_type=DateTime(timezone=True))


class OneTimeCode(SQLModel, table=True):
    """The one code that is good for a number on a device; only its keyed digest is kept."""

    __tablename__ = "one_time_code"
    __table_args__ = (
        CheckConstraint("tries BETWEEN 0 AND 3", name="one_time_code_tries"),
        CheckConstraint(
            "ends_at > made_at AND ends_at <= made_at + interval '5 minutes'",
            name="one_time_code_life",
        ),
        Index("one_time_code_end", "ends_at"),
    )

    phone: bytes = Field(primary_key=True)
    device: bytes = Field(primary_key=True)
    digest: bytes
    tries: int = Field(sa_type=SmallInteger)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class SignInBudget(SQLModel, table=True):
    """When somebody last did what is counted, newest first: an exact sliding window."""

    __tablename__ = "sign_in_budget"
    __table_args__ = (Index("sign_in_budget_last", "last_at"),)

    kind: str = Field(primary_key=True, max_length=20)
    who: bytes = Field(primary_key=True)
    last_at: datetime = Field(sa_type=DateTime(timezone=True))
    times: list[datetime] = Field(sa_column=Column(ARRAY(DateTime(timezone=True)), nullable=False))


class SignInCount(SQLModel, table=True):
    """How often something happened in an hour to everybody together, spread over slots."""

    __tablename__ = "sign_in_count"
    __table_args__ = (CheckConstraint("slot BETWEEN 0 AND 15", name="sign_in_count_slot"),)

    kind: str = Field(primary_key=True, max_length=20)
    hour_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    slot: int = Field(primary_key=True, sa_type=SmallInteger)
    used: int


class SignInSession(SQLModel, table=True):
    """Somebody signed in on a device; also a family of refresh tokens, of which one is good.

    What the device is called is sealed; ``device_name`` is empty but for older releases' rows.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (
        CheckConstraint(
            "audience IN ('citizen', 'officer', 'merchant')", name="sign_in_session_audience"
        ),
        CheckConstraint(
            "(audience = 'citizen') = (account_id > 0)", name="sign_in_session_account"
        ),
        CheckConstraint(
            "(ended_at IS NULL) = (ended_why IS NULL)", name="sign_in_session_ended_whole"
        ),
        Index(
            "sign_in_session_person", "person_id", "id", postgresql_where=text("ended_at IS NULL")
        ),
        Index(
            "sign_in_session_account",
            "account_id",
            "id",
            postgresql_where=text("ended_at IS NULL AND account_id > 0"),
        ),
        Index("sign_in_session_device", "person_id", "device"),
        Index("sign_in_session_end", "ends_at"),
        Index("sign_in_session_plain", "id", postgresql_where=text("device_name <> ''")),
    )

    id: UUID = Field(primary_key=True)
    audience: str = Field(max_length=12)
    person_id: UUID
    account_id: int = Field(sa_type=BigInteger)
    device: bytes
    device_name: str = Field(max_length=60)
    platform: str = Field(max_length=20)
    began_at: datetime = Field(sa_type=DateTime(timezone=True))
    renewed_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    refresh_digest: bytes
    refresh_ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    previous_digest: bytes | None = None
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_why: str | None = Field(default=None, max_length=20)
    device_sealed: bytes | None = None
    push_sealed: bytes | None = None


class Credential(SQLModel, table=True):
    """A password's hash and a second factor, of an officer or of one of a merchant's people."""

    __tablename__ = "credential"

    person_id: UUID = Field(primary_key=True)
    password_hash: str = Field(max_length=200)
    totp_sealed: bytes
    totp_step: int = Field(sa_type=BigInteger)
    set_at: datetime = Field(sa_type=DateTime(timezone=True))


class Enrolment(SQLModel, table=True):
    """A one-time code with which an officer sets password and second factor."""

    __tablename__ = "enrolment"
    __table_args__ = (UniqueConstraint("digest", name="enrolment_digest"),)

    officer_id: UUID = Field(primary_key=True)
    digest: bytes
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class SigningKey(SQLModel, table=True):
    """A key that signs, or signed, tokens; the private half is sealed."""

    __tablename__ = "signing_key"

    kid: str = Field(primary_key=True, max_length=43)
    public_key: bytes
    sealed: bytes
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    signs_from: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
