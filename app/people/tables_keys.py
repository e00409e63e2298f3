"""Keys of persons, claims of cards that wait for a proof, and guardians of children."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel


class DataKey(SQLModel, table=True):
    """One person's key, wrapped by a master key; without it, what it sealed is noise for ever."""

    __tablename__ = "data_key"
    __table_args__ = (
        CheckConstraint("(wrapped IS NULL) = (shredded_at IS NOT NULL)", name="data_key_shredded"),
        CheckConstraint("(wrapped IS NULL) = (master_id IS NULL)", name="data_key_wrapped"),
        Index("data_key_master", "master_id", "owner"),
    )

    owner: UUID = Field(primary_key=True)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    shredded_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    master_id: int | None = Field(default=None, sa_type=SmallInteger)
    wrapped: bytes | None = Field(default=None, sa_type=LargeBinary)


class LinkClaim(SQLModel, table=True):
    """Somebody says that a card is theirs; the number is sealed, and goes when it is decided."""

    __tablename__ = "link_claim"
    __table_args__ = (
        CheckConstraint(
            "state IN ('pending', 'live', 'refused', 'cancelled', 'expired')",
            name="link_claim_state",
        ),
        CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name="link_claim_decided"),
        CheckConstraint(
            "state = 'pending' OR (card IS NULL AND answer IS NULL)", name="link_claim_forgets"
        ),
        CheckConstraint("tries BETWEEN 0 AND 5", name="link_claim_tries"),
        Index("link_claim_account", "account_id", "made_at"),
        Index("link_claim_subject", "provider_id", "subject", "made_at"),
        Index(
            "link_claim_waiting",
            "provider_id",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    provider_id: int = Field(sa_type=SmallInteger)
    subject: UUID
    scenarios: list[str] = Field(sa_type=ARRAY(String(60)))
    proof: str = Field(max_length=10)
    state: str = Field(max_length=10)
    card: bytes | None = Field(default=None, sa_type=LargeBinary)
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    tries: int = Field(sa_type=SmallInteger)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Guardianship(SQLModel, table=True):
    """A child under 14, and the adult who agrees for it; until then nothing is agreed to."""

    __tablename__ = "guardianship"
    __table_args__ = (
        CheckConstraint("guardian_account_id <> ward_account_id", name="guardianship_two_people"),
        CheckConstraint(
            "(confirmed_at IS NULL) = (guardian_account_id IS NULL)",
            name="guardianship_confirmed",
        ),
        UniqueConstraint("code_digest", name="guardianship_code"),
        Index("guardianship_guardian", "guardian_account_id"),
    )

    ward_account_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    birth_year: int = Field(sa_type=SmallInteger)
    code_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    code_expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    guardian_account_id: int | None = Field(default=None, sa_type=BigInteger)
    declared_at: datetime = Field(sa_type=DateTime(timezone=True))
    confirmed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ranked: bool
    pooled: bool
