"""What the endpoints of profiles and households accept and return."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.inputs import Whole
from app.people.households import HouseholdView, JoinCode, MemberView
from app.people.profile import Profile, Wish

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
_CLOSED = ConfigDict(extra="forbid")

Language = Literal["zh-CN", "en"]


class ProfileOut(BaseModel):
    """What you have said about yourself; nothing of it was checked against a document."""

    citizen_id: UUID = Field(description="Names you to officers.", examples=[_ID])
    nickname: str = Field(description="How others see you.", examples=["小禾"])
    district_code: str = Field(description="Where you live: six digits.", examples=["321102"])
    birth_year: int | None = Field(
        description="By your own word, said once; null: not said.", examples=[1958]
    )
    language: Language = Field(description="In which messages are written.", examples=["zh-CN"])
    created_at: datetime = Field(description="Since when you are known (UTC).", examples=[_AT])

    @classmethod
    def of(cls, found: Profile) -> Self:
        """The owner's view."""
        return cls(
            citizen_id=found.id,
            nickname=found.nickname,
            district_code=found.district_code,
            birth_year=found.birth_year,
            language="en" if found.language == "en" else "zh-CN",
            created_at=found.created_at,
        )


class ProfileIn(BaseModel):
    """What is to change; what is absent or null stays."""

    model_config = _CLOSED

    nickname: str | None = Field(
        default=None,
        max_length=80,
        description="2 to 20 letters and digits of any script; nobody else has it.",
        examples=["小禾"],
    )
    district_code: str | None = Field(
        default=None,
        pattern=r"^[0-9]{6}$",
        description="Six digits; once in thirty days.",
        examples=["321102"],
    )
    birth_year: Whole | None = Field(
        default=None,
        ge=1900,
        le=2200,
        description="By your own word, and once: later only an officer corrects it.",
        examples=[1958],
    )
    language: Language | None = Field(
        default=None, description="In which messages are written.", examples=["en"]
    )

    def wish(self) -> Wish:
        """The same, for the use case."""
        return Wish(self.nickname, self.district_code, self.birth_year, self.language)


class SeenBirthYearIn(BaseModel):
    """A year of birth that an officer has seen on a document."""

    model_config = _CLOSED

    birth_year: Whole = Field(ge=1900, le=2200, description="Year.", examples=[1958])
    reason: str = Field(
        min_length=1, max_length=300, description="Why, for the audit log.", examples=["身份证核验"]
    )


class BirthYearOut(BaseModel):
    """A year of birth as it is kept now."""

    citizen_id: UUID = Field(description="Whose.", examples=[_ID])
    birth_year: int | None = Field(description="The year.", examples=[1958])


class JoinCodeOut(BaseModel):
    """A code with which others join your household; shown this once."""

    join_code: str = Field(description="Tell it to your family.", examples=["7K3V-9QX2-M4T8"])
    valid_until: datetime = Field(description="Until when it opens (UTC).", examples=[_AT])

    @classmethod
    def of(cls, code: JoinCode) -> Self:
        """A fresh code."""
        return cls(join_code=code.text, valid_until=code.until)


class HouseholdJoinIn(BaseModel):
    """A code that somebody of the household was shown."""

    model_config = _CLOSED

    join_code: str = Field(
        min_length=1, max_length=80, description="As typed.", examples=["7K3V-9QX2-M4T8"]
    )


class MemberOut(BaseModel):
    """Somebody of the household."""

    nickname: str = Field(description="How they are seen.", examples=["小禾"])
    joined_at: datetime = Field(description="Since when (UTC).", examples=[_AT])
    is_you: bool = Field(description="Whether it is you.", examples=[True])

    @classmethod
    def of(cls, member: MemberView) -> Self:
        """One line."""
        return cls(nickname=member.nickname, joined_at=member.joined_at, is_you=member.is_you)


class HouseholdOut(BaseModel):
    """Your household: limits of offers that count households count you together."""

    members: list[MemberOut] = Field(description="At most eight, the longest there first.")
    code_until: datetime | None = Field(
        description="Until when an open code lets others join (UTC); null: none is open.",
        examples=[_AT],
    )

    @classmethod
    def of(cls, found: HouseholdView) -> Self:
        """A household as its people see it."""
        return cls(
            members=[MemberOut.of(each) for each in found.members], code_until=found.code_until
        )
