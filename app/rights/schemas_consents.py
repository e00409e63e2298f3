"""What the endpoints about notices, consents and guardians accept and return."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.inputs import Whole
from app.people.consents import ConsentView as Kept
from app.people.guardians import Ward
from app.people.standing import Standing
from app.rights.notices_told import Notice

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class NoticeView(BaseModel):
    """What is read before somebody agrees to a scenario."""

    scenario: str = Field(description="The methodology's id.", examples=["bike_ride"])
    version: int = Field(description="The edition; send it when you agree.", examples=[1])
    sensitive: bool = Field(
        description="Whether it has to be agreed to by itself: where you were, or your home."
    )
    title_zh: str = Field(description="The scenario in Chinese.", examples=["骑行"])
    title_en: str = Field(description="The scenario in English.", examples=["Bicycle ride"])
    text_zh: str = Field(description="The notice in Chinese.")
    text_en: str = Field(description="The notice in English.")

    @classmethod
    def of(cls, notice: Notice) -> Self:
        """The public face of a notice."""
        return cls(
            scenario=notice.scenario,
            version=notice.version,
            sensitive=notice.sensitive,
            title_zh=notice.title_zh,
            title_en=notice.title_en,
            text_zh=notice.text_zh,
            text_en=notice.text_en,
        )


class NoticeList(BaseModel):
    """Notices."""

    items: Sequence[NoticeView] = Field(description="By scenario.")


class ConsentIn(BaseModel):
    """Agree to scenarios of a provider, having read the notice."""

    model_config = ConfigDict(extra="forbid")

    provider: Code = Field(description="The provider's code.", examples=["zhenjiang-bike"])
    scenarios: list[Name] = Field(
        description="Methodology ids.", min_length=1, max_length=20, examples=[["bike_ride"]]
    )
    notice_version: Whole = Field(
        description="The edition that was read.", ge=1, le=32_767, examples=[1]
    )


class ConsentOut(BaseModel):
    """What you agreed to, and until when."""

    provider: str = Field(description="The provider's code.", examples=["zhenjiang-bike"])
    scenario: str = Field(description="The methodology's id.", examples=["bike_ride"])
    notice_version: int = Field(description="The edition you read.", examples=[1])
    given_at: datetime = Field(description="When you agreed.")
    withdrawn_at: datetime | None = Field(description="When you took it back; null while it holds.")

    @classmethod
    def of(cls, kept: Kept, codes: dict[int, str]) -> Self:
        """The public face of a consent."""
        return cls(
            provider=codes.get(kept.provider_id, ""),
            scenario=kept.scenario,
            notice_version=kept.notice_version,
            given_at=kept.given_at,
            withdrawn_at=kept.withdrawn_at,
        )


class ConsentList(BaseModel):
    """Everything you ever agreed to."""

    items: Sequence[ConsentOut] = Field(description="Newest first.")


class BirthYearIn(BaseModel):
    """In which year you were born."""

    model_config = ConfigDict(extra="forbid")

    birth_year: Whole = Field(
        description="By your own word, and once, here or in your profile.",
        ge=1900,
        le=2100,
        examples=[2015],
    )


class GuardianCodeView(BaseModel):
    """What a child shows to its guardian."""

    needed: bool = Field(description="False: you are old enough to agree for yourself.")
    code: str | None = Field(
        description="The guardian types it within a day; null when none is needed.",
        examples=["K7M2QX9PRT"],
    )


class ChildStandingView(BaseModel):
    """How you stand: children need a guardian, who says whether they are ranked and pooled."""

    is_child: bool = Field(
        description="Under 14 by the year you told; until the year after, to be sure.",
        examples=[False],
    )
    confirmed: bool = Field(
        description="Whether a guardian has confirmed, and not ended it.", examples=[False]
    )
    ranked: bool = Field(description="Whether you may stand in rankings.", examples=[True])
    pooled: bool = Field(
        description="Whether your grams may be pooled, if you agree.", examples=[True]
    )
    birth_year: int | None = Field(
        description="By your own word, here or in your profile; null: not said.", examples=[2015]
    )
    confirmed_at: datetime | None = Field(
        description="When your guardian confirmed (UTC); null: nobody has, or it was ended.",
        examples=["2026-03-01T04:00:00Z"],
    )
    code_until: datetime | None = Field(
        description="Until when the code you got lets a guardian confirm (UTC); null: there is"
        " none. A new one ends it.",
        examples=["2026-03-02T04:00:00Z"],
    )

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """The public face of how somebody stands."""
        return cls(
            is_child=standing.is_child,
            confirmed=standing.confirmed,
            ranked=standing.ranked,
            pooled=standing.pooled,
            birth_year=standing.birth_year,
            confirmed_at=standing.confirmed_at,
            code_until=standing.code_until,
        )


class WardIn(BaseModel):
    """Take responsibility for a child."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(
        description="What the child's app shows.",
        pattern=r"^[2-9A-Za-z]{10}$",
        examples=["K7M2QX9PRT"],
    )


class WardSettings(BaseModel):
    """What is done with a child's acts; neither unless you say so."""

    model_config = ConfigDict(extra="forbid")

    ranked: bool = Field(description="Whether it stands in rankings.", examples=[False])
    pooled: bool = Field(description="Whether its grams may be pooled.", examples=[False])


class WardView(BaseModel):
    """A child you are responsible for."""

    account_id: int = Field(description="A number that names nobody.", examples=[1025])
    birth_year: int = Field(description="As the child said.", examples=[2015])
    confirmed_at: datetime = Field(description="When you confirmed.")
    ranked: bool = Field(description="Whether it stands in rankings.", examples=[False])
    pooled: bool = Field(description="Whether its grams may be pooled.", examples=[False])

    @classmethod
    def of(cls, ward: Ward) -> Self:
        """The public face of a ward."""
        return cls(
            account_id=ward.account_id,
            birth_year=ward.birth_year,
            confirmed_at=ward.confirmed_at,
            ranked=ward.ranked,
            pooled=ward.pooled,
        )


class WardList(BaseModel):
    """The children you are responsible for."""

    items: Sequence[WardView] = Field(description="Oldest confirmation first.")
