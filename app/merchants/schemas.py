"""What is said about stores and tills.

People are in `schemas_people`, what applicants and officers say in `schemas_officer`.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.inputs import Whole
from app.merchants.equip import OVERLAP_MINUTES_MAX, Issued
from app.merchants.keep_store import Place
from app.merchants.staff import StaffView
from app.merchants.stores import NearbyStore, StoreView
from app.merchants.tills import TillView

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
_PLAIN = r"^[^\x00-\x1f\x7f]*$"


def line(chars_max: int) -> StringConstraints:
    """One line of text, not empty, without control characters; spaces around it are dropped."""
    return StringConstraints(
        strip_whitespace=True, min_length=1, max_length=chars_max, pattern=_PLAIN
    )


Text40 = Annotated[str, line(40)]
Text80 = Annotated[str, line(80)]
Text200 = Annotated[str, line(200)]
District = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,19}$")]
Latitude = Annotated[Decimal, Field(ge=-90, le=90, max_digits=8, decimal_places=6)]
Longitude = Annotated[Decimal, Field(ge=-180, le=180, max_digits=9, decimal_places=6)]

NameZh = Field(description="What the sign says, in Chinese.", examples=["西津渡咖啡"])
NameEn = Field(description="What the sign says, in English.", examples=["Xijin Ferry Coffee"])
DistrictField = Field(description="The district, six digits (GB/T 2260).", examples=["321111"])
MerchantId = Field(description="Names the merchant.", examples=[_ID])
StoreId = Field(description="Names the store.", examples=[_ID])
TillId = Field(description="Names the till.", examples=[_ID])
LatitudeField = Field(description="Degrees north, GCJ-02, as text.", examples=["32.209800"])
LongitudeField = Field(description="Degrees east, GCJ-02, as text.", examples=["119.430100"])
StoreState = Literal["open", "closed"]
NextCursor = Field(
    description="Ask for the next page with it; null on the last page.", examples=[None]
)


class StoreIn(BaseModel):
    """What a manager says about a store; all of it, each time."""

    model_config = ConfigDict(extra="forbid")

    code: Code = Field(description="Your own number for the store.", examples=["main"])
    name_zh: Text80 = NameZh
    name_en: Text80 = NameEn
    address: Text200 = Field(description="Street and number.", examples=["润州区西津渡街 12 号"])
    district_code: District = DistrictField
    latitude: Latitude = LatitudeField
    longitude: Longitude = LongitudeField
    opening_hours: Text200 = Field(description="In words.", examples=["每天 09:00-21:00"])
    state: StoreState = Field(
        default="open", description="A closed store is listed nowhere and its tills rest."
    )

    def place(self) -> Place:
        """The same, as the use case takes it."""
        return Place(**self.model_dump())


class StoreOut(BaseModel):
    """A store of yours."""

    store_id: UUID = StoreId
    code: str = Field(description="Your own number for the store.", examples=["main"])
    name_zh: str = NameZh
    name_en: str = NameEn
    address: str = Field(description="Street and number.", examples=["润州区西津渡街 12 号"])
    district_code: str = DistrictField
    latitude: Decimal = LatitudeField
    longitude: Decimal = LongitudeField
    opening_hours: str = Field(description="In words.", examples=["每天 09:00-21:00"])
    state: StoreState = Field(description="Whether it is listed.", examples=["open"])

    @classmethod
    def of(cls, store: StoreView) -> Self:
        """A store as its merchant sees it."""
        return cls.model_validate({"store_id": store.id} | facts(store, "id", "merchant_id"))


class StorePage(BaseModel):
    """Your stores, the first opened first."""

    items: list[StoreOut] = Field(description="At most `limit` stores.")
    next_cursor: str | None = NextCursor


class PublicStore(BaseModel):
    """A store where coupons are taken."""

    store_id: UUID = StoreId
    merchant_id: UUID = MerchantId
    merchant: str = Field(description="Whose, in the reader's language.", examples=["西津渡咖啡"])
    name: str = Field(description="The store, in the reader's language.", examples=["西津渡店"])
    address: str = Field(description="Street and number.", examples=["润州区西津渡街 12 号"])
    district_code: str = DistrictField
    latitude: Decimal = LatitudeField
    longitude: Decimal = LongitudeField
    opening_hours: str = Field(description="In words.", examples=["每天 09:00-21:00"])
    distance_m: int | None = Field(
        description="From the point that was asked about, in metres; null without one.",
        examples=[420],
    )

    @classmethod
    def of(cls, found: NearbyStore, *, english: bool) -> Self:
        """A store as everybody sees it, in one language."""
        store = found.store
        return cls(
            store_id=store.id,
            merchant_id=store.merchant_id,
            merchant=found.merchant_en if english else found.merchant_zh,
            name=store.name_en if english else store.name_zh,
            address=store.address,
            district_code=store.district_code,
            latitude=store.latitude,
            longitude=store.longitude,
            opening_hours=store.opening_hours,
            distance_m=found.distance_m,
        )


class PublicStorePage(BaseModel):
    """Stores in a district, or around a point, the nearest first."""

    items: list[PublicStore] = Field(description="At most `limit` stores.")
    next_cursor: str | None = NextCursor


class TillIn(BaseModel):
    """A new till."""

    model_config = ConfigDict(extra="forbid")

    code: Code = Field(description="Your own number for it in the store.", examples=["till-1"])
    label: Text40 = Field(description="What people call it.", examples=["前台"])


class RotateIn(BaseModel):
    """How a till's key is changed."""

    model_config = ConfigDict(extra="forbid")

    overlap_minutes: Whole = Field(
        default=15,
        ge=0,
        le=OVERLAP_MINUTES_MAX,
        description="How long the old key stays good, in minutes; 0 if it has leaked.",
        examples=[15],
    )


class TillKeyOut(BaseModel):
    """A till's fresh key. It is shown this once."""

    till_id: UUID = TillId
    key: str = Field(
        description="What the till signs in with; keep it there and nowhere else.",
        examples=["till_0N7ZK3V9QX2M4T8B5C6D1F0GHJ1A2B3C4"],
    )
    prefix: str = Field(description="By which people tell keys apart.", examples=["0N7ZK3"])

    @classmethod
    def of(cls, issued: Issued) -> Self:
        """The one answer in which the key stands."""
        return cls(till_id=issued.till_id, key=issued.key, prefix=issued.prefix)


class TillOut(BaseModel):
    """A till of yours."""

    till_id: UUID = TillId
    store_id: UUID = StoreId
    code: str = Field(description="Your own number for it in the store.", examples=["till-1"])
    label: str = Field(description="What people call it.", examples=["前台"])
    state: Literal["active", "revoked"] = Field(description="Whether it works.")
    created_at: datetime = Field(description="Since when (UTC).", examples=[_AT])
    revoked_at: datetime | None = Field(description="Since when not (UTC).", examples=[None])
    key_prefixes: list[str] = Field(
        description="The keys that open it now: two for a while after a change.",
        examples=[["0N7ZK3"]],
    )

    @classmethod
    def of(cls, till: TillView) -> Self:
        """A till as its merchant's people see it."""
        return cls.model_validate({"till_id": till.id} | facts(till, "id"))


class TillPage(BaseModel):
    """Your tills, the first issued first."""

    items: list[TillOut] = Field(description="At most `limit` tills.")
    next_cursor: str | None = NextCursor


def facts(view: StoreView | TillView | StaffView, *but: str) -> dict[str, object]:
    """The members of a view but some, as a schema takes them."""
    return {name: getattr(view, name) for name in view.__dataclass_fields__ if name not in but}
