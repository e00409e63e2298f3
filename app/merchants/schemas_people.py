"""What is said about a merchant's people, its profile, and signing in."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.merchants.invite import Invited
from app.merchants.schemas import (
    DistrictField,
    MerchantId,
    NameEn,
    NameZh,
    NextCursor,
    Text40,
    facts,
)
from app.merchants.secret_codes import TYPED_CHARS_MAX
from app.merchants.staff import StaffView
from app.people.seats import Role
from app.sign_in.schemas import DeviceIn
from app.sign_in.schemas_login import (
    FactorOut,
    NewPassword,
    Password,
    PasswordField,
    Totp,
    TotpField,
)

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
StaffId = Field(description="Names the person.", examples=[_ID])


class StaffIn(BaseModel):
    """Whom to invite."""

    model_config = ConfigDict(extra="forbid")

    name: Text40 = Field(description="What colleagues call them.", examples=["小陈"])
    role: Role = Field(description="What they may do.", examples=["cashier"])


class InvitationOut(BaseModel):
    """An invitation. The code is shown this once; hand it over in person."""

    staff_id: UUID = StaffId
    code: str = Field(
        description="Lets one person in, once.",
        examples=["staff_0N7ZK3V9QX2M4T8B5C6D1F0GHJ1A2B3C4"],
    )
    ends_at: datetime = Field(description="Until when it is good (UTC).", examples=[_AT])

    @classmethod
    def of(cls, invited: Invited) -> Self:
        """The one answer in which the code stands."""
        return cls(staff_id=invited.staff_id, code=invited.code, ends_at=invited.ends_at)


class StaffOut(BaseModel):
    """Somebody who works for you."""

    staff_id: UUID = StaffId
    name: str = Field(description="What colleagues call them.", examples=["小陈"])
    role: Role = Field(description="What they may do.", examples=["cashier"])
    state: Literal["invited", "active", "removed"] = Field(description="Whether they may act.")
    invited_at: datetime = Field(description="When (UTC).", examples=[_AT])
    accepted_at: datetime | None = Field(description="When they came (UTC).", examples=[_AT])

    @classmethod
    def of(cls, person: StaffView) -> Self:
        """A person as the manager sees them."""
        return cls.model_validate({"staff_id": person.id} | facts(person, "id"))


class StaffPage(BaseModel):
    """Your people, the first invited first."""

    items: list[StaffOut] = Field(description="At most `limit` people.")
    next_cursor: str | None = NextCursor


class MerchantProfileOut(BaseModel):
    """Who you are, and how you stand."""

    merchant_id: UUID = MerchantId
    code: str = Field(description="The programme's short name.", examples=["xijin-coffee"])
    name_zh: str = NameZh
    name_en: str = NameEn
    category: str = Field(description="What you sell.", examples=["cafe"])
    district_code: str = DistrictField
    state: Literal["approved", "active", "suspended"] = Field(
        description="Only an active merchant publishes and redeems."
    )
    payout_account: str | None = Field(
        description="Where you are paid, the last four digits.", examples=["**** 1234"]
    )
    role: Role = Field(description="What your token may do.", examples=["manager"])
    store_id: UUID | None = Field(description="The store of the till; null for people.")
    till_id: UUID | None = Field(description="The till that asks; null for people.")


class SecretIn(BaseModel):
    """A till's key, as it was shown once."""

    model_config = ConfigDict(extra="forbid")

    secret: str = Field(
        min_length=1,
        max_length=TYPED_CHARS_MAX,
        description="The key of a till.",
        examples=["till_0N7ZK3V9QX2M4T8B5C6D1F0GHJ1A2B3C4"],
    )


class StaffJoinIn(BaseModel):
    """The code of an invitation, and the password you choose."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: str = Field(
        min_length=1,
        max_length=TYPED_CHARS_MAX,
        description="The code of the invitation.",
        examples=["staff_0N7ZK3V9QX2M4T8B5C6D1F0GHJ1A2B3C4"],
    )
    password: NewPassword = PasswordField


class JoinedOut(FactorOut):
    """Who you are, and your second factor's secret, which is shown this once."""

    staff_id: UUID = Field(description="With this you sign in; keep it.", examples=[_ID])
    merchant_id: UUID = MerchantId
    role: Role = Field(description="What you may do.", examples=["cashier"])


class StaffSignInIn(BaseModel):
    """Your id, password and second factor."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    staff_id: UUID = Field(description="As the invitation's answer said it.", examples=[_ID])
    password: Password = PasswordField
    totp: Totp = TotpField
    device: DeviceIn = Field(description="The device on which you sign in.")


class TokenOut(BaseModel):
    """A token for the `Authorization` header."""

    access_token: str = Field(description="Send it as `Bearer`.", examples=["eyJhbGciOi..."])
    token_type: Literal["Bearer"] = Field(description="How to send it.", examples=["Bearer"])
    expires_in_s: int = Field(description="For how many seconds it is good.", examples=[600])
    merchant_id: UUID = MerchantId
    role: Role = Field(description="What it may do.", examples=["cashier"])
