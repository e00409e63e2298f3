"""Reductions, claims, held activities, and corrections.

A reduction is append-only by grant and trigger. Claims keep two acts of one subject from
overlapping; they are checked under the subject's lock (`claims`) and proved by `verify`.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Index,
    Numeric,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


class Reduction(SQLModel, table=True):
    """What one act was worth, and everything needed to work it out again.

    The id is a digest of the record's own number, so its key is what makes a record unique for
    ever and for all citizens. One index serves a citizen's list, the caps of a window and the
    search for overlaps. ``scope`` and ``duration_s`` say which interval of the citizen's own
    ends with the act (zero: none, or one that stands in `Claim`). ``inputs`` are values alone,
    their names stand in the shape. ``block_no`` and ``line`` say where its evidence lies (zero:
    it had gone before blocks came). Columns stand by size, so that no byte is lost between them.
    """

    __tablename__ = "reduction"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="reduction_bucket"),
        CheckConstraint(
            "least(grams, points, duration_s, scope, block_no, line) >= 0", name="reduction_signs"
        ),
        Index("reduction_days", "account_id", "occurred_on"),
    )

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    occurred_at: datetime = Field(sa_type=DateTime(timezone=True))
    grams: int
    points: int
    points_per_kg: int
    duration_s: int
    shape_id: int
    block_no: int
    occurred_on: date
    version_id: int = Field(sa_type=SmallInteger)
    factor_set_id: int = Field(sa_type=SmallInteger)
    scope: int = Field(sa_type=SmallInteger)
    line: int = Field(sa_type=SmallInteger)
    bucket: int = Field(sa_type=SmallInteger)
    inputs: str = Field(sa_type=Text)


class InputShape(SQLModel, table=True):
    """The names of what reductions of one kind keep, in the order of their values.

    The id is a digest of the names, tab between them; append-only.
    """

    __tablename__ = "input_shape"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    names: str = Field(sa_type=Text)


class Claim(SQLModel, table=True):
    """One subject did one thing during one half-open interval.

    Short ones of the citizen's own stand in the reduction.
    """

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint("bucket = subject % 1024", name="claim_bucket"),
        CheckConstraint("ends_at > starts_at", name="claim_order"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    scope: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: int = Field(primary_key=True, sa_type=BigInteger)
    starts_at: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    reduction_id: UUID


class ClaimSubject(SQLModel, table=True):
    """The row that acts of a subject who is not a citizen wait for, one after another."""

    __tablename__ = "claim_subject"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    scope: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: int = Field(primary_key=True, sa_type=BigInteger)


class CapUse(SQLModel, table=True):
    """How much of a cap a vehicle or a natural key has used in a window: locked, then added to."""

    __tablename__ = "cap_use"
    __table_args__ = (CheckConstraint("used >= 0", name="cap_use_sign"),)

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    subject: int = Field(primary_key=True, sa_type=BigInteger)
    methodology: str = Field(primary_key=True, max_length=60)
    counted: str = Field(primary_key=True, max_length=60)
    window_from: date = Field(primary_key=True)
    used: Decimal = Field(sa_type=Numeric)


class HeldActivity(SQLModel, table=True):
    """An activity that waits for a person: believed by nobody yet, paid by nobody.

    Its id is what its reduction's will be.
    """

    __tablename__ = "held_activity"

    id: UUID = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger, index=True)
    bucket: int = Field(sa_type=SmallInteger)
    version_id: int = Field(sa_type=SmallInteger)
    reason_code: str = Field(max_length=40)
    held_at: datetime = Field(sa_type=DateTime(timezone=True))
    block_no: int
    line: int = Field(sa_type=SmallInteger)


class HeldReview(SQLModel, table=True):
    """What an officer decided of a held act, the ``nth`` time; append-only, the newest counts.

    ``reason_code`` is why it was held. ``grams`` and ``points`` are what a release credited.
    """

    __tablename__ = "held_review"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="held_review_bucket"),
        CheckConstraint(
            "nth >= 1 AND decision IN (1, 2) AND least(grams, points) >= 0"
            " AND (decision = 1 OR grams + points = 0)",
            name="held_review_worth",
        ),
        Index("held_review_account", "bucket", "account_id"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    id: UUID = Field(primary_key=True)
    nth: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(sa_type=BigInteger)
    decision: int = Field(sa_type=SmallInteger)
    reason_code: str = Field(max_length=40)
    reason_zh: str = Field(max_length=300)
    reason_en: str = Field(max_length=300)
    grams: int
    points: int
    officer_id: UUID
    decided_at: datetime = Field(sa_type=DateTime(timezone=True))


class CorrectionState(IntEnum):
    """How far a correction is."""

    previewed = 1
    correcting = 2
    telling = 3
    finished = 4


class Correction(SQLModel, table=True):
    """A run of a version that corrects an error: what it is for, and how far it has come.

    Its own row is its progress, written in the transaction of each chunk, so a run that was
    killed goes on where it was. ``at_*`` is the last row looked at.
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("until_on > from_on", name="correction_order"),
        CheckConstraint("points = booked_up - booked_down - shortfall", name="correction_sums"),
        Index(
            "correction_one_at_a_time",
            "methodology",
            unique=True,
            postgresql_where=text("state IN (2, 3)"),
        ),
    )

    id: UUID = Field(primary_key=True)
    methodology: str = Field(max_length=60)
    old_version_ids: list[int] = Field(sa_type=ARRAY(SmallInteger))
    new_version_id: int = Field(sa_type=SmallInteger)
    from_on: date
    until_on: date
    reason_zh: str = Field(max_length=300)
    reason_en: str = Field(max_length=300)
    preview: dict[str, Any] = Field(sa_type=JSONB)
    made_by: UUID
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: int = Field(sa_type=SmallInteger)
    approved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    at_bucket: int = Field(sa_type=SmallInteger)
    at_account: int = Field(sa_type=BigInteger)
    at_day: date
    at_id: UUID
    pass_changed: int = Field(sa_type=BigInteger)
    looked_at: int = Field(sa_type=BigInteger)
    changed: int = Field(sa_type=BigInteger)
    people: int = Field(sa_type=BigInteger)
    grams: int = Field(sa_type=BigInteger)
    points: int = Field(sa_type=BigInteger)
    booked_up: int = Field(sa_type=BigInteger)
    booked_down: int = Field(sa_type=BigInteger)
    shortfall: int = Field(sa_type=BigInteger)


class ReductionCorrection(SQLModel, table=True):
    """What one correction made of one reduction; append-only, the newest (``nth``) counts.

    ``booked`` is what the citizen's account got (or lost), ``shortfall`` what the programme's
    correction reserve bears instead; together they are the change of the points.
    """

    __tablename__ = "reduction_correction"
    __table_args__ = (
        CheckConstraint("bucket = account_id % 1024", name="reduction_correction_bucket"),
        CheckConstraint(
            "least(grams_before, grams_after, points_before, points_after) >= 0 AND nth >= 1",
            name="reduction_correction_signs",
        ),
        CheckConstraint(
            "points_after - points_before = booked - shortfall", name="reduction_correction_sums"
        ),
        Index("reduction_correction_run", "correction_id", "bucket", "account_id"),
    )

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    account_id: int = Field(primary_key=True, sa_type=BigInteger)
    reduction_id: UUID = Field(primary_key=True)
    correction_id: UUID = Field(primary_key=True)
    occurred_on: date
    nth: int = Field(sa_type=SmallInteger)
    old_version_id: int = Field(sa_type=SmallInteger)
    new_version_id: int = Field(sa_type=SmallInteger)
    grams_before: int = Field(sa_type=BigInteger)
    grams_after: int = Field(sa_type=BigInteger)
    points_before: int = Field(sa_type=BigInteger)
    points_after: int = Field(sa_type=BigInteger)
    booked: int = Field(sa_type=BigInteger)
    shortfall: int = Field(sa_type=BigInteger)
    corrected_at: datetime = Field(sa_type=DateTime(timezone=True))


class DryRunReport(SQLModel, table=True):
    """What a version would have made of a sample of history; append-only, moves nothing."""

    __tablename__ = "dry_run_report"

    id: UUID = Field(primary_key=True)
    version_id: int = Field(sa_type=SmallInteger, index=True)
    made_by: str = Field(max_length=80)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    report: dict[str, Any] = Field(sa_type=JSONB)


class ShadowResult(SQLModel, table=True):
    """What a version in the shadow said of a live act beside what counted; append-only.

    ``reduction_id`` is the act's id, held acts included; grams are zero unless credited.
    """

    __tablename__ = "shadow_result"

    bucket: int = Field(primary_key=True, sa_type=SmallInteger)
    reduction_id: UUID = Field(primary_key=True)
    version_id: int = Field(primary_key=True, sa_type=SmallInteger, index=True)
    occurred_on: date
    points_per_kg: int
    old_status: str = Field(max_length=16)
    old_grams: int = Field(sa_type=BigInteger)
    new_status: str = Field(max_length=16)
    new_grams: int = Field(sa_type=BigInteger)
    reason_code: str | None = Field(default=None, max_length=60)
    seen_at: datetime = Field(sa_type=DateTime(timezone=True))
