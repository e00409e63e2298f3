"""What officers write when they draft an offer, and how they see the drafts."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.inputs import Moment, Text, Whole
from app.ledger.units import ORDINARY
from app.rewards import funding_split
from app.rewards.offers import Offered
from app.rewards.offers_terms import Terms
from app.rewards.offers_words import MODES, DeliveryName, Kind, ModeName, Source
from app.rewards.rules import HOLD_S
from app.rewards.tables import Delivery, Mode, OfferKind, OfferState

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"

_CLOSED = ConfigDict(extra="forbid")


class LimitRule(BaseModel):
    """How many units somebody may hold or have spent."""

    model_config = _CLOSED

    by: Literal["citizen", "household", "device"] = Field(
        description="Who is counted; whoever has no household is one alone.", examples=["household"]
    )
    per: Literal["always", "day", "week", "month"] = Field(
        description="In which civil period; weeks begin on Monday.", examples=["month"]
    )
    units: Whole = Field(ge=1, description="At most so many.", examples=[2])


class AudienceRule(BaseModel):
    """Whom the offer is for; every rule that is given must be met."""

    model_config = _CLOSED

    districts: list[Text] | None = Field(
        default=None, description="Citizens of these districts.", examples=[["321102"]]
    )
    new_within_days: Whole | None = Field(
        default=None, description="Citizens known for less than so many days.", examples=[30]
    )
    age_at_least: Whole | None = Field(
        default=None,
        description="Citizens of so many years or more, by the birth year they have told.",
        examples=[70],
    )


class FundingShare(BaseModel):
    """Who pays which part of the face value."""

    model_config = _CLOSED

    source: Source = Field(description="Who pays.", examples=["government"])
    thousandths: Whole = Field(ge=1, le=1000, description="The part, in 1/1000.", examples=[500])
    budget_id: UUID | None = Field(
        default=None, description="The payer's budget; not for the merchant.", examples=[_ID]
    )


class DraftOffer(BaseModel):
    """An offer to be written down; it is published by a proposal `rewards.publish`."""

    model_config = _CLOSED

    merchant_id: UUID = Field(description="Who gives it.", examples=[_ID])
    title_zh: Text = Field(description="What it is, in Chinese.", examples=["一杯咖啡"])
    title_en: Text = Field(description="What it is, in English.", examples=["One coffee"])
    text_zh: Text = Field(default="", description="More about it, in Chinese.", examples=["中杯"])
    text_en: Text = Field(default="", description="The same in English.", examples=["Medium"])
    picture: Text = Field(
        default="",
        description="`path` of a picture that was uploaded; empty: none.",
        examples=[f"/v1/pictures/{'2c26b46b68ffc68f' * 4}"],
    )
    unit: str = Field(
        default=ORDINARY,
        max_length=40,
        description="Of which points the price is: `points`, or a campaign's code.",
        examples=["points"],
    )
    kind: Kind = Field(default="product", description="What a unit is.", examples=["product"])
    mode: ModeName = Field(
        default="first_come", description="Who gets a unit.", examples=["first_come"]
    )
    delivery: DeliveryName = Field(
        default="coupon", description="Our coupon, or a code of the merchant's list.",
        examples=["coupon"],
    )  # fmt: skip
    category: Text = Field(default="", description="Empty: the merchant's.", examples=["food"])
    district_code: Text = Field(
        default="", description="Six digits; empty: the whole city.", examples=["321102"]
    )
    points: Whole | None = Field(
        default=None,
        description="The price; absent: the face value at the rate in force (of `points`).",
        examples=[100],
    )
    face_value_fen: Whole = Field(
        default=0, description="What it is worth, in fen.", examples=[1500]
    )
    stock: Whole = Field(default=0, description="Units that everybody may take.", examples=[100])
    quotas: dict[Text, Whole] = Field(
        default_factory=dict,
        description="Units that only a district's citizens may take.",
        examples=[{"321102": 20}],
    )
    per_citizen: Whole = Field(default=1, description="Units one person may have.", examples=[1])
    limits: list[LimitRule] = Field(default_factory=list, description="Further limits.")
    audience: AudienceRule = Field(
        default_factory=AudienceRule, description="Whom it is for; empty: everybody."
    )
    funding: list[FundingShare] = Field(
        default_factory=list, description="Who pays; empty: the merchant alone."
    )
    opens_at: Moment = Field(description="From when (UTC).", examples=[_AT])
    closes_at: Moment = Field(description="Until when it is given (UTC).", examples=[_AT])
    usable_until: Moment | None = Field(
        default=None,
        description="Until when coupons count; absent: as `closes_at`.",
        examples=[_AT],
    )
    coupon_life_s: Whole = Field(
        default=HOLD_S, description="Seconds an unused coupon waits.", examples=[HOLD_S]
    )
    store_ids: list[UUID] | None = Field(
        default=None, description="Stores that take it; absent: all.", examples=[[_ID]]
    )
    shuffle_s: Whole = Field(
        default=0, description="A line's first seconds, which are shuffled.", examples=[30]
    )
    draws_at: Moment | None = Field(
        default=None, description="When registration for a draw ends (UTC).", examples=[_AT]
    )

    def terms(self) -> Terms:
        """Everything but price, stock and period.

        Raises:
            FundingUnsound: the shares are no split.

        """
        return Terms(
            kind=OfferKind[self.kind],
            mode=Mode[self.mode],
            delivery=Delivery[self.delivery],
            category=self.category,
            district_code=self.district_code,
            text_zh=self.text_zh,
            text_en=self.text_en,
            picture=self.picture,
            unit=self.unit,
            face_value_fen=self.face_value_fen,
            usable_until=self.usable_until,
            coupon_life_s=self.coupon_life_s,
            limits=[limit.model_dump() for limit in self.limits],
            audience=self.audience.model_dump(exclude_none=True),
            store_ids=self.store_ids,
            quotas=self.quotas,
            funding=funding_split.read([share.model_dump() for share in self.funding]),
            shuffle_s=self.shuffle_s,
            draws_at=self.draws_at,
        )


class OfferDrafted(BaseModel):
    """A draft that was written down."""

    offer_id: UUID = Field(description="Propose `rewards.publish` with it.", examples=[_ID])


class OfferRecord(BaseModel):
    """An offer as officers see it."""

    offer_id: UUID = Field(description="Names the offer.", examples=[_ID])
    merchant_id: UUID = Field(description="Who gives it.", examples=[_ID])
    state: Literal["draft", "published", "withdrawn"] = Field(
        description="Where it stands.", examples=["draft"]
    )
    title_zh: str = Field(description="What it is, in Chinese.", examples=["一杯咖啡"])
    title_en: str = Field(description="What it is, in English.", examples=["One coffee"])
    points: int = Field(description="The price of one.", examples=[100])
    unit: str = Field(description="Of which points.", examples=["points"])
    remaining: int = Field(description="Units left.", examples=[37])
    mode: ModeName = Field(description="Who gets a unit.", examples=["first_come"])
    opens_at: datetime = Field(description="From when (UTC).", examples=[_AT])
    closes_at: datetime = Field(description="Until when (UTC).", examples=[_AT])

    @classmethod
    def of(cls, state: OfferState, offer: Offered) -> Self:
        """An officer's line."""
        return cls(
            offer_id=offer.id,
            merchant_id=offer.merchant_id,
            state=_STATES[state],
            title_zh=offer.title_zh,
            title_en=offer.title_en,
            points=offer.points,
            unit=offer.unit,
            remaining=offer.remaining,
            mode=MODES[offer.mode],
            opens_at=offer.opens_at,
            closes_at=offer.closes_at,
        )


class OfferRecordPage(BaseModel):
    """Offers in any state, the newest first."""

    items: list[OfferRecord] = Field(description="At most `limit` offers.")
    next_cursor: str | None = Field(description="Null on the last page.", examples=[None])


_STATES: dict[OfferState, Literal["draft", "published", "withdrawn"]] = {
    OfferState.draft: "draft",
    OfferState.published: "published",
    OfferState.withdrawn: "withdrawn",
}
