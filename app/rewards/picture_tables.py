"""Pictures of offers: kept for ever, and named by their content."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, text
from sqlmodel import Field, SQLModel


class Picture(SQLModel, table=True):
    """One picture; who sends the same bytes again sends the same picture."""

    __tablename__ = "picture"
    __table_args__ = (
        CheckConstraint("digest = sha256(content)", name="picture_digest"),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 524288", name="picture_size"),
        CheckConstraint(
            "width BETWEEN 1 AND 4096 AND height BETWEEN 1 AND 4096", name="picture_sides"
        ),
        Index(
            "picture_merchant",
            "merchant_id",
            "made_at",
            postgresql_where=text("merchant_id IS NOT NULL"),
        ),
    )

    digest: bytes = Field(primary_key=True)
    media_type: str = Field(max_length=20)
    width: int
    height: int
    content: bytes
    made_by: str = Field(max_length=80)
    merchant_id: UUID | None = None
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
