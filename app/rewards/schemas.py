"""What the rewards endpoints accept and return."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.rewards.claims import Claim
from app.rewards.coupons import TYPED_CHARS_MAX
from app.rewards.offers import Offered
from app.rewards.redeem import Redeemed
from app.rewards.scan import Scanned
from app.rewards.tables import RedemptionState

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_CODE = "c1.0N7ZK3V9QX2M4T8B5C6D1F0GHJ"
_AT = "2026-03-01T04:00:00Z"

OfferId = Field(description="Names the offer.", examples=[_ID])
RedemptionId = Field(description="Names the redemption in later calls.", examples=[_ID])
MerchantId = Field(description="Names the merchant.", examples=[_ID])
Title = Field(description="What it is, in the reader's language.", examples=["一杯咖啡"])
TitleZh = Field(description="What it is, in Chinese.", examples=["一杯咖啡"])
TitleEn = Field(description="What it is, in English.", examples=["One coffee"])
State = Literal["held", "spent", "cancelled", "expired"]
_STATES: dict[RedemptionState, State] = {
    RedemptionState.held: "held",
    RedemptionState.spent: "spent",
    RedemptionState.cancelled: "cancelled",
    RedemptionState.expired: "expired",
}


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
    points: int = Field(description="The price of one unit, in whole points.", examples=[100])
    per_citizen: int = Field(description="Units one person may have.", examples=[2])
    remaining: int = Field(description="Units left, about a second ago.", examples=[37])
    opens_at: datetime = Field(description="From when it can be claimed (UTC).", examples=[_AT])
    closes_at: datetime = Field(
        description="Until when it can be claimed and used (UTC).", examples=[_AT]
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
            per_citizen=offer.per_citizen,
            remaining=offer.remaining,
            opens_at=offer.opens_at,
            closes_at=offer.closes_at,
        )


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
    held_until: datetime = Field(
        description="Unused by then (UTC), the points come back.", examples=[_AT]
    )
    offer_id: UUID = OfferId
    title: str = Title
    title_zh: str = TitleZh
    title_en: str = TitleEn

    @staticmethod
    def kept(made: Redeemed) -> dict[str, Any]:
        """What may be stored for retries: facts that never change, and no coupon."""
        return {
            "redemption_id": str(made.redemption_id),
            "points": made.points,
            "held_until": made.held_until.isoformat(),
            "offer_id": str(made.offer_id),
            "title_zh": made.title_zh,
            "title_en": made.title_en,
        }

    @classmethod
    def of(cls, kept: dict[str, Any], *, coupon: str, english: bool) -> Self:
        """The answer, from what was kept and the code that is worked out again."""
        title = kept["title_en"] if english else kept["title_zh"]
        return cls(**kept, state="held", coupon=coupon, title=title)


class RedemptionView(BaseModel):
    """A redemption as it stands now."""

    redemption_id: UUID = RedemptionId
    state: State = Field(
        description="`held`: can be used; `expired`: was not used in time.", examples=["held"]
    )
    coupon: str | None = Field(
        description="What the QR code carries; null unless the state is `held`.",
        examples=[_CODE],
    )
    points: int = Field(description="Its price in whole points.", examples=[100])
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
            state=_STATES[claim.state],
            coupon=coupon,
            points=claim.points,
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


class ScanCoupon(BaseModel):
    """Take a coupon at the till."""

    model_config = ConfigDict(extra="forbid")

    coupon: str = Field(
        min_length=1,
        max_length=TYPED_CHARS_MAX,
        description="What was scanned or typed; case, spaces and dashes do not matter.",
        examples=[_CODE],
    )
    order_no: str = Field(
        pattern=r"^[!-~]{1,64}$",
        description="Your own number of the sale; send it again when you retry.",
        examples=["POS-3-20260301-0042"],
    )


class ScanView(BaseModel):
    """A coupon that was spent in your favour."""

    order_no: str = Field(
        description="Your own number of the sale.", examples=["POS-3-20260301-0042"]
    )
    redemption_id: UUID = RedemptionId
    offer_id: UUID = OfferId
    title: str = Title
    title_zh: str = TitleZh
    title_en: str = TitleEn
    points: int = Field(description="Whole points you are owed for it.", examples=[100])
    scanned_at: datetime = Field(description="When it was spent (UTC).", examples=[_AT])

    @classmethod
    def of(cls, scanned: Scanned, *, english: bool) -> Self:
        """The merchant's view: what to hand over, and nothing about who asks for it."""
        return cls(
            order_no=scanned.order_no,
            redemption_id=scanned.redemption_id,
            offer_id=scanned.offer_id,
            title=scanned.title_en if english else scanned.title_zh,
            title_zh=scanned.title_zh,
            title_en=scanned.title_en,
            points=scanned.points,
            scanned_at=scanned.scanned_at,
        )


class ScanPage(BaseModel):
    """What your tills have taken today, the newest first."""

    items: list[ScanView] = Field(description="At most `limit` scans.")
    next_cursor: str | None = Field(
        description="Ask for the next page with it; null on the last page.", examples=[None]
    )
