"""What the rewards endpoints accept and return."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from app.rewards.claims import Claim
from app.rewards.coupons import spelled
from app.rewards.coupons_rules import Shown
from app.rewards.offers import Offered
from app.rewards.offers_schemas import AudienceRule, LimitRule
from app.rewards.offers_words import (
    DELIVERIES,
    KINDS,
    MODES,
    DeliveryName,
    Kind,
    ModeName,
)
from app.rewards.redeem import Redeemed

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_CODE = "c1.0N7ZK3V9QX2M4T8B5C6D1F0GHJ"
_AT = "2026-03-01T04:00:00Z"

OfferId = Field(description="Names the offer.", examples=[_ID])
RedemptionId = Field(description="Names the redemption in later calls.", examples=[_ID])
MerchantId = Field(description="Names the merchant.", examples=[_ID])
Title = Field(description="What it is, in the reader's language.", examples=["一杯咖啡"])
TitleZh = Field(description="What it is, in Chinese.", examples=["一杯咖啡"])
TitleEn = Field(description="What it is, in English.", examples=["One coffee"])


class OfferView(BaseModel):
    """Something a merchant gives for points."""

    offer_id: UUID = OfferId
    merchant_id: UUID = MerchantId
    merchant: str = Field(
        description="Who gives it, in the reader's language.", examples=["街角咖啡"]
    )
    title: str = Title
    title_zh: str = TitleZh
    title_en: str = TitleEn
    points: int = Field(description="The price of one, in whole points.", examples=[100])
    unit: str = Field(
        description="Of which points: `points`, or a campaign's code as in the wallet.",
        examples=["points"],
    )
    per_citizen: int = Field(description="Units one person may have.", examples=[2])
    remaining: int = Field(description="Units left, about a second ago.", examples=[37])
    kind: Kind = Field(description="What a unit is.", examples=["product"])
    mode: ModeName = Field(
        description="Claim it directly, or take a ticket for a line or a draw.",
        examples=["first_come"],
    )
    delivery: DeliveryName = Field(
        description="A coupon of ours, or a code of the merchant's.", examples=["coupon"]
    )
    category: str = Field(description="What sort of shop it is from.", examples=["food"])
    district_code: str = Field(
        description="Where it can be had; empty: the whole city.", examples=["321102"]
    )
    text: str = Field(description="More about it, in the reader's language.", examples=["中杯"])
    picture: str = Field(description="A picture of this service, or empty.", examples=[""])
    face_value_fen: int = Field(description="What a unit is worth, in fen.", examples=[1500])
    limits: list[LimitRule] = Field(description="Limits beside `per_citizen`.")
    audience: AudienceRule = Field(description="Whom it is for; empty: everybody.")
    distance_m: int | None = Field(
        description="Metres to the nearest store, where `near` was asked; else null.",
        examples=[None],
    )
    opens_at: datetime = Field(description="From when it can be claimed (UTC).", examples=[_AT])
    closes_at: datetime = Field(description="Until when it can be claimed (UTC).", examples=[_AT])
    usable_until: datetime = Field(description="Until when it can be used (UTC).", examples=[_AT])
    coupon_life_s: int = Field(
        description="How long after it was claimed it can be used, never beyond `usable_until`.",
        examples=[86_400],
    )
    draws_at: datetime | None = Field(
        description="When registration for its draw ends (UTC); null without one.",
        examples=[None],
    )

    @classmethod
    def of(cls, offer: Offered, *, english: bool) -> Self:
        """The public face of an offer, in one language and both titles."""
        return cls(
            offer_id=offer.id,
            merchant_id=offer.merchant_id,
            merchant=offer.merchant_en if english else offer.merchant_zh,
            title=offer.title_en if english else offer.title_zh,
            title_zh=offer.title_zh,
            title_en=offer.title_en,
            points=offer.points,
            unit=offer.unit,
            per_citizen=offer.per_citizen,
            remaining=offer.remaining,
            kind=KINDS[offer.kind],
            mode=MODES[offer.mode],
            delivery=DELIVERIES[offer.delivery],
            category=offer.category,
            district_code=offer.district_code,
            text=offer.text_en if english else offer.text_zh,
            picture=offer.picture,
            face_value_fen=offer.face_value_fen,
            limits=[LimitRule(**limit) for limit in offer.limits],
            audience=AudienceRule(**offer.audience),
            distance_m=offer.distance_m,
            opens_at=offer.opens_at,
            closes_at=offer.closes_at,
            usable_until=offer.usable_until,
            coupon_life_s=offer.coupon_life_s,
            draws_at=offer.draws_at,
        )


class MerchantCode(BaseModel):
    """The merchant's own code, for its owner alone; showing it has spent the points."""

    redemption_id: UUID = RedemptionId
    offer_id: UUID = OfferId
    code: str = Field(description="What the merchant wants to see.", examples=["KINO-7431-2290"])


class OfferPage(BaseModel):
    """Offers that can be claimed now, the newest first."""

    items: list[OfferView] = Field(description="At most `limit` offers.")
    next_cursor: str | None = Field(
        description="Ask for the next page with it; null on the last page.", examples=[None]
    )


class RedeemOffer(BaseModel):
    """Ask for one unit of an offer."""

    model_config = ConfigDict(extra="forbid")

    offer_id: UUID = Field(description="An open offer.", examples=[_ID])


class ClaimView(BaseModel):
    """A coupon the citizen can show at the till; a retry is answered with the very same."""

    redemption_id: UUID = RedemptionId
    state: Literal["held"] = Field(description="Points are set aside.", examples=["held"])
    coupon: str = Field(description="What the QR code carries.", examples=[_CODE])
    points: int = Field(description="Whole points now on hold.", examples=[100])
    unit: str = Field(description="Of which points.", examples=["points"])
    held_until: datetime = Field(
        description="Unused by then (UTC), the points come back.", examples=[_AT]
    )
    offer_id: UUID = OfferId
    title: str = Title
    title_zh: str = TitleZh
    title_en: str = TitleEn


def claim_json(made: Redeemed, *, english: bool) -> bytes:
    """A `ClaimView` of a claim, without making one.

    A test reads it back through the schema.
    """
    return to_json(
        {
            "redemption_id": made.redemption_id,
            "state": "held",
            "coupon": made.coupon,
            "points": made.points,
            "unit": made.unit,
            "held_until": made.held_until,
            "offer_id": made.offer_id,
            "title": made.title_en if english else made.title_zh,
            "title_zh": made.title_zh,
            "title_en": made.title_en,
        }
    )


class RedemptionView(BaseModel):
    """A redemption as it stands now."""

    redemption_id: UUID = RedemptionId
    state: Shown = Field(
        description="`held` and `presented` (a till has it in hand): can be used; `expired`: was"
        " not used in time; `void`: the offer was withdrawn; `settled`: spent, and paid out.",
        examples=["held"],
    )
    coupon: str | None = Field(
        description="What the QR code carries; null once it cannot be used, and where the"
        " merchant's own code is used.",
        examples=[_CODE],
    )
    coupon_spelled: str | None = Field(
        description="The same to read aloud or type, its last symbol checks the others.",
        examples=["c1. 0N7Z K3V9 QX2M 4T8B 5C6D 1F0G HJZ"],
    )
    delivery: DeliveryName = Field(
        description="A coupon of ours, or a code of the merchant's: ask `code` for it.",
        examples=["coupon"],
    )
    rotating: bool = Field(
        description="Whether tills want the code that changes: ask `live-codes`.", examples=[False]
    )
    points: int = Field(description="Its price in whole points.", examples=[100])
    unit: str = Field(description="Of which points.", examples=["points"])
    refunded_points: int = Field(
        description="Whole points that came back after it was spent.", examples=[0]
    )
    created_at: datetime = Field(description="When it was claimed (UTC).", examples=[_AT])
    held_until: datetime = Field(
        description="Unused by then (UTC), the points come back.", examples=[_AT]
    )
    resolved_at: datetime | None = Field(
        description="When it was spent, cancelled or swept (UTC); null before.", examples=[None]
    )
    offer_id: UUID = OfferId
    merchant_id: UUID = MerchantId
    title: str = Title
    title_zh: str = TitleZh
    title_en: str = TitleEn

    @classmethod
    def of(cls, claim: Claim, *, coupon: str | None, english: bool) -> Self:
        """The owner's view of a redemption."""
        return cls(
            redemption_id=claim.id,
            state=claim.shown,
            coupon=coupon,
            coupon_spelled=None if coupon is None else spelled(coupon),
            delivery="merchant_code" if claim.merchant_code else "coupon",
            rotating=claim.rotating,
            points=claim.points,
            unit=claim.unit,
            refunded_points=claim.refunded_points,
            created_at=claim.created_at,
            held_until=claim.held_until,
            resolved_at=claim.resolved_at,
            offer_id=claim.offer_id,
            merchant_id=claim.merchant_id,
            title=claim.title_en if english else claim.title_zh,
            title_zh=claim.title_zh,
            title_en=claim.title_en,
        )


class RedemptionPage(BaseModel):
    """The citizen's redemptions, the newest first."""

    items: list[RedemptionView] = Field(description="At most `limit` redemptions.")
    next_cursor: str | None = Field(
        description="Ask for the next page with it; null on the last page.", examples=[None]
    )
