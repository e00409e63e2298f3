"""Merchants and how they came to be, their stores, tills and people.

All of it is off the hot path and small: foreign keys are left to the queries, as elsewhere.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

# A table is known when its module has been read.
from app.merchants import tables_accounts  # noqa: F401


class MerchantState(StrEnum):
    """What a merchant may do; only an active one publishes, redeems and gets redemptions."""

    approved = "approved"
    active = "active"
    suspended = "suspended"


class ApplicationState(StrEnum):
    """How far an application has come."""

    applied = "applied"
    checked = "checked"
    approved = "approved"
    refused = "refused"


class Merchant(SQLModel, table=True):
    """A shop that takes coupons; without an application, it was known before those were kept."""

    __tablename__ = "merchant"
    __table_args__ = (
        UniqueConstraint("contra", name="merchant_contra"),
        UniqueConstraint("code", name="merchant_code"),
        UniqueConstraint("application_id", name="merchant_application_once"),
        CheckConstraint("state IN ('approved', 'active', 'suspended')", name="merchant_state"),
        CheckConstraint(
            "(state = 'suspended') = (suspended_at IS NOT NULL)", name="merchant_suspended"
        ),
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(max_length=40)
    contra: int = Field(sa_type=BigInteger)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    category: str = Field(max_length=20)
    district_code: str = Field(max_length=6)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    suspended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    state: str = Field(max_length=12)
    activated_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    application_id: UUID | None = None


class MerchantApplication(SQLModel, table=True):
    """A company asks to become a merchant; two officers answer. One live one a company."""

    __tablename__ = "merchant_application"
    __table_args__ = (
        CheckConstraint(
            "state IN ('applied', 'checked', 'approved', 'refused')",
            name="merchant_application_state",
        ),
        CheckConstraint(
            "state NOT IN ('checked', 'approved')"
            " OR (code IS NOT NULL AND checked_by IS NOT NULL AND proposal_id IS NOT NULL)",
            name="merchant_application_checked",
        ),
        CheckConstraint(
            "state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> checked_by)",
            name="merchant_application_two_people",
        ),
        CheckConstraint(
            "(state = 'refused') = (refusal IS NOT NULL)", name="merchant_application_refused"
        ),
        Index(
            "merchant_application_one_a_company",
            "credit_code",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
        ),
        Index("merchant_application_waiting", "state", "id"),
    )

    id: UUID = Field(primary_key=True)
    credit_code: str = Field(max_length=18)
    fingerprint: bytes
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    categories: list[str] = Field(sa_type=ARRAY(String(20)))
    district_code: str = Field(max_length=6)
    agreement_version: int = Field(sa_type=SmallInteger)
    state: str = Field(max_length=12)
    applied_at: datetime = Field(sa_type=DateTime(timezone=True))
    code: str | None = Field(default=None, max_length=40)
    notes: str | None = Field(default=None, max_length=1000)
    checked_by: UUID | None = None
    checked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    proposal_id: UUID | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    refusal: str | None = Field(default=None, max_length=500)


class MerchantContact(SQLModel, table=True):
    """Whom to call and where to pay, sealed; the plain columns are older releases'.

    All that is personal about a merchant is here, and in its later accounts.
    """

    __tablename__ = "merchant_contact"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(contact_name_sealed, phone_sealed, bank_account_sealed) IN (0, 3)"
            " AND num_nonnulls(contact_name, phone, bank_account)"
            " = 3 - num_nonnulls(contact_name_sealed, phone_sealed, bank_account_sealed)",
            name="merchant_contact_sealed",
        ),
        Index(
            "merchant_contact_plain",
            "application_id",
            postgresql_where=text("contact_name IS NOT NULL"),
        ),
    )

    application_id: UUID = Field(primary_key=True)
    contact_name: str | None = Field(default=None, max_length=40)
    phone: str | None = Field(default=None, max_length=20)
    bank_name: str = Field(max_length=80)
    bank_holder: str = Field(max_length=80)
    bank_account: str | None = Field(default=None, max_length=34)
    contact_name_sealed: bytes | None = None
    phone_sealed: bytes | None = None
    bank_account_sealed: bytes | None = None


class MerchantTransition(SQLModel, table=True):
    """One change of an application's or a merchant's state. Append-only by grant and trigger."""

    __tablename__ = "merchant_transition"
    __table_args__ = (Index("merchant_transition_subject", "subject", "id"),)

    id: UUID = Field(primary_key=True)
    subject: UUID
    from_state: str = Field(max_length=12)
    to_state: str = Field(max_length=12)
    actor: str = Field(max_length=80)
    reason: str = Field(max_length=1000)
    at: datetime = Field(sa_type=DateTime(timezone=True))


class Store(SQLModel, table=True):
    """A place where a merchant sells; coordinates are GCJ-02, as phones in China give them."""

    __tablename__ = "store"
    __table_args__ = (
        UniqueConstraint("merchant_id", "code", name="store_code"),
        CheckConstraint("state IN ('open', 'closed')", name="store_state"),
        CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="store_on_earth"
        ),
        Index("store_district", "district_code", "id", postgresql_where=text("state = 'open'")),
        Index("store_place", "latitude", "longitude", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID
    code: str = Field(max_length=20)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=80)
    address: str = Field(max_length=200)
    district_code: str = Field(max_length=6)
    latitude: Decimal = Field(sa_type=Numeric(8, 6))
    longitude: Decimal = Field(sa_type=Numeric(9, 6))
    opening_hours: str = Field(max_length=200)
    state: str = Field(max_length=12)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class Till(SQLModel, table=True):
    """A machine at a store's counter; once revoked, for ever."""

    __tablename__ = "till"
    __table_args__ = (
        UniqueConstraint("store_id", "code", name="till_code"),
        CheckConstraint("state IN ('active', 'revoked')", name="till_state"),
        CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="till_revoked"),
        Index("till_merchant", "merchant_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID
    store_id: UUID
    code: str = Field(max_length=20)
    label: str = Field(max_length=40)
    state: str = Field(max_length=12)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class TillKey(SQLModel, table=True):
    """A till's key, as a digest; at most one of a till has no end."""

    __tablename__ = "till_key"
    __table_args__ = (
        UniqueConstraint("digest", name="till_key_digest"),
        Index(
            "till_key_one_current",
            "till_id",
            unique=True,
            postgresql_where=text("ends_at IS NULL"),
        ),
        Index("till_key_till", "till_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    till_id: UUID
    prefix: str = Field(max_length=12)
    digest: bytes
    issued_at: datetime = Field(sa_type=DateTime(timezone=True))
    ends_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class MerchantStaff(SQLModel, table=True):
    """Somebody who works for a merchant, and the digest of an invitation not yet accepted."""

    __tablename__ = "merchant_staff"
    __table_args__ = (
        UniqueConstraint("code_digest", name="merchant_staff_code"),
        CheckConstraint("role IN ('manager', 'cashier', 'accountant')", name="merchant_staff_role"),
        CheckConstraint("state IN ('invited', 'active', 'removed')", name="merchant_staff_state"),
        CheckConstraint(
            "(code_digest IS NULL) = (code_ends_at IS NULL)", name="merchant_staff_one_time"
        ),
        CheckConstraint(
            "(state = 'removed') = (removed_at IS NOT NULL)", name="merchant_staff_removed"
        ),
        Index("merchant_staff_merchant", "merchant_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    merchant_id: UUID
    name: str = Field(max_length=40)
    role: str = Field(max_length=12)
    state: str = Field(max_length=12)
    invited_by: str = Field(max_length=80)
    invited_at: datetime = Field(sa_type=DateTime(timezone=True))
    code_digest: bytes | None = None
    code_ends_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    accepted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    removed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
