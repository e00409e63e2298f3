"""What the till's endpoints accept and return: nothing in it is about a citizen."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.inputs import Whole
from app.rewards.coupons import TYPED_CHARS_MAX
from app.rewards.coupons_found import Goods
from app.rewards.coupons_present import Presented
from app.rewards.coupons_rules import Shown
from app.rewards.refunds import Refunded
from app.rewards.scan import SALES_MAX, Sale, Scanned
from app.rewards.scans import Sold, Totals
from app.rewards.schemas import OfferId, RedemptionId, Title, TitleEn, TitleZh
from app.rewards.undo import Undone

_CODE = "c1.0N7ZK3V9QX2M4T8B5C6D1F0GHJ"
_AT = "2026-03-01T04:00:00Z"
_NUMBER = r"^[!-~]{1,64}$"

Unit = Field(description="Of which points, by their code.", examples=["points"])
UnitZh = Field(description="The name of these points, in Chinese.", examples=["积分"])
UnitEn = Field(description="The name of these points, in English.", examples=["Points"])
Coupon = Field(
    min_length=1,
    max_length=TYPED_CHARS_MAX,
    description="What was scanned or typed; case, spaces and dashes do not matter.",
    examples=[_CODE],
)
OrderNo = Field(
    pattern=_NUMBER,
    description="Your own number of the sale; send it again when you retry.",
    examples=["POS-3-20260301-0042"],
)
NextCursor = Field(
    description="Ask for the next page with it; null on the last page.", examples=[None]
)


class GoodsView(BaseModel):
    """What a coupon is for, and which points are its price; nothing about who shows it."""

    redemption_id: UUID = RedemptionId
    offer_id: UUID = OfferId
    title: str = Title
    title_zh: str = TitleZh
    title_en: str = TitleEn
    unit: str = Unit
    unit_zh: str = UnitZh
    unit_en: str = UnitEn


def _goods(found: Goods, *, english: bool) -> dict[str, Any]:
    facts = {name: getattr(found, name) for name in GoodsView.model_fields if name != "title"}
    return facts | {"title": found.title_en if english else found.title_zh}


class PresentCoupon(BaseModel):
    """Ask what a coupon is."""

    model_config = ConfigDict(extra="forbid")

    coupon: str = Coupon


class PresentedView(GoodsView):
    """What a coupon is; nothing about who shows it."""

    points: int = Field(description="Its price in whole points.", examples=[100])
    face_value_fen: int = Field(description="What it is worth, in fen.", examples=[1500])
    held_until: datetime = Field(description="Until when it can be used (UTC).", examples=[_AT])
    state: Shown = Field(
        description="`presented`: it can be used, at this till; anything else: it cannot.",
        examples=["presented"],
    )
    locked_until: datetime | None = Field(
        description="Until then (UTC) no other till takes it; null: it cannot be used.",
        examples=[_AT],
    )

    @classmethod
    def of(cls, found: Presented, *, english: bool) -> Self:
        """What the till shows before it takes the coupon."""
        return cls(
            **_goods(found, english=english),
            points=found.points,
            face_value_fen=found.face_value_fen,
            held_until=found.held_until,
            state=found.state,
            locked_until=found.locked_until,
        )


class ScanCoupon(BaseModel):
    """Take a coupon at the till."""

    model_config = ConfigDict(extra="forbid")

    coupon: str = Coupon
    order_no: str = OrderNo

    def sale(self) -> Sale:
        """The same for the use case."""
        return Sale(self.order_no, self.coupon)


class ScanCoupons(BaseModel):
    """Take several coupons at the till: all of them, or none."""

    model_config = ConfigDict(extra="forbid")

    sales: list[ScanCoupon] = Field(
        min_length=1, max_length=SALES_MAX, description="Each coupon under a number of its own."
    )


class ScanView(GoodsView):
    """A coupon that was spent in your favour."""

    order_no: str = OrderNo
    points: int = Field(description="Whole points you are owed for it.", examples=[100])
    scanned_at: datetime = Field(description="When it was spent (UTC).", examples=[_AT])

    @classmethod
    def of(cls, scanned: Scanned, *, english: bool) -> Self:
        """The merchant's view: what to hand over, and nothing about who asks for it."""
        return cls(
            order_no=scanned.order_no,
            **_goods(scanned, english=english),
            points=scanned.points,
            scanned_at=scanned.scanned_at,
        )


class ScanViews(BaseModel):
    """Coupons that were spent in one call."""

    sales: list[ScanView] = Field(description="In the order in which they were sent.")


class SoldView(ScanView):
    """A sale as it stands now."""

    undone_at: datetime | None = Field(
        description="When it was undone (UTC); null: it counts.", examples=[None]
    )
    refunded_points: int = Field(description="Whole points given back since.", examples=[0])

    @classmethod
    def of_sold(cls, sold: Sold, *, english: bool) -> Self:
        """The merchant's view of a sale, with what happened to it."""
        return cls(
            **ScanView.of(sold, english=english).model_dump(),
            undone_at=sold.undone_at,
            refunded_points=sold.refunded_points,
        )


class SoldPage(BaseModel):
    """What your tills have taken today, the newest first."""

    items: list[SoldView] = Field(description="At most `limit` sales.")
    next_cursor: str | None = NextCursor


class UnitTotalView(BaseModel):
    """The points of one unit in a day's totals."""

    unit: str = Unit
    unit_zh: str = UnitZh
    unit_en: str = UnitEn
    points: int = Field(description="Whole points of sales that count.", examples=[1200])
    refunded_points: int = Field(description="Whole points given back today.", examples=[0])


class TotalsView(BaseModel):
    """Your day so far; a till sees its own store's."""

    day: date = Field(description="The day in the programme's zone.", examples=["2026-03-01"])
    sales: int = Field(description="Coupons taken, undone ones left out.", examples=[12])
    points: int = Field(
        description="Whole points they are worth, of all units together.", examples=[1200]
    )
    undone: int = Field(description="Sales of today that were undone.", examples=[1])
    refunds: int = Field(description="Refunds made today, of sales of any day.", examples=[0])
    refunded_points: int = Field(description="Whole points these gave back.", examples=[0])
    net_points: int = Field(description="`points` less `refunded_points`.", examples=[1200])
    units: list[UnitTotalView] = Field(description="The same points, unit by unit.")

    @classmethod
    def of(cls, totals: Totals) -> Self:
        """The same with the difference."""
        return cls(
            day=totals.day,
            sales=totals.sales,
            points=totals.points,
            undone=totals.undone,
            refunds=totals.refunds,
            refunded_points=totals.refunded_points,
            net_points=totals.points - totals.refunded_points,
            units=[UnitTotalView(**asdict(each)) for each in totals.units],
        )


class UndoSale(BaseModel):
    """Take a sale back."""

    model_config = ConfigDict(extra="forbid")

    order_no: str = OrderNo


class UndoneView(GoodsView):
    """A sale that was taken back; the customer can use the coupon again."""

    order_no: str = OrderNo
    points: int = Field(description="Whole points you are no longer owed.", examples=[100])
    held_until: datetime = Field(
        description="Until when the customer can use it (UTC).", examples=[_AT]
    )
    undone_at: datetime = Field(description="When it was taken back (UTC).", examples=[_AT])

    @classmethod
    def of(cls, undone: Undone, *, english: bool) -> Self:
        """The merchant's view."""
        return cls(
            order_no=undone.order_no,
            **_goods(undone, english=english),
            points=undone.points,
            held_until=undone.held_until,
            undone_at=undone.undone_at,
        )


class RefundSale(BaseModel):
    """Give points of a sale back, in part or whole."""

    model_config = ConfigDict(extra="forbid")

    order_no: str = OrderNo
    refund_no: str = Field(
        pattern=_NUMBER,
        description="Your own number of this refund; send it again when you retry.",
        examples=["R-0007"],
    )
    points: Whole = Field(ge=1, le=1_000_000, description="Whole points.", examples=[40])


class RefundView(BaseModel):
    """Points that are the customer's again."""

    refund_no: str = Field(description="Your own number of this refund.", examples=["R-0007"])
    order_no: str = OrderNo
    points: int = Field(description="Whole points given back.", examples=[40])
    refunded_points: int = Field(
        description="Whole points of this sale given back so far.", examples=[40]
    )
    made_at: datetime = Field(description="When (UTC).", examples=[_AT])
    unit: str = Unit
    unit_zh: str = UnitZh
    unit_en: str = UnitEn

    @classmethod
    def of(cls, refunded: Refunded) -> Self:
        """The merchant's view."""
        return cls(**asdict(refunded))


class RotatingIn(BaseModel):
    """Say whether codes change every 30 seconds."""

    model_config = ConfigDict(extra="forbid")

    offer_id: UUID | None = Field(
        default=None, description="For this offer; null: for all your offers that say nothing."
    )
    rotating: bool = Field(description="Whether a till needs the live code.", examples=[True])
